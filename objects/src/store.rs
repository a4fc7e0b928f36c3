//! A store of objects: what it promises, and how one is opened.

use std::{fmt, fs, future::Future, path::Path, sync::Arc};

use jiff::Timestamp;
use object_store::{ObjectStore, local::LocalFileSystem};
use tokio::time::timeout;

use crate::{Body, Limits, ObjectName, ObjectsError, measured::Measured, place::Place};

/// Where objects are kept. Cheap to clone.
///
/// - **Whole or not at all**: an object is visible with all its bytes, or as it was before. A write that
///   failed, was given up, or whose process died leaves the object of that name as it was.
/// - **On disk**: what was acknowledged is synced, file and folder, where the store is a folder; what a
///   bucket has acknowledged, it has promised to keep. Only a deletion in a folder may come undone when
///   the power fails.
/// - **Bounded**: no object is larger than [`Limits::object_bytes_max`]; nothing takes longer than
///   [`Limits::timeout`] a step; no more than two parts of an upload (16 MiB) are in memory.
/// - **Typed by name**: what an object is, the ending of its name says ([`ObjectName::content_type`]).
/// - The last of two writes at the same time stays; of two that [`create`](Self::create), the first.
#[derive(Clone)]
pub struct Objects {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) place: Place,
    pub(crate) limits: Limits,
}

/// What is known of an object without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// What it is called.
    pub name: ObjectName,
    /// Its bytes.
    pub size: u64,
    /// When it was stored, by the clock of the store.
    pub modified: Timestamp,
    /// Changes when the content does. Means nothing else, and is another for the same content elsewhere.
    pub e_tag: Option<String>,
}

/// An object that is being read.
#[derive(Debug)]
pub struct Object {
    /// What is known of it.
    pub meta: Meta,
    /// Which of its bytes `body` has.
    pub range: std::ops::Range<u64>,
    /// They.
    pub body: Body,
}

/// An object that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes.
    pub size: u64,
    /// The SHA-256 of its content.
    pub sha256: [u8; 32],
    /// Whether it was not there before with that content. True wherever that was not looked at.
    pub is_new: bool,
}

impl Objects {
    /// Those below a folder, which is made where it is not there. Others may use it at the same time.
    ///
    /// # Errors
    /// [`ObjectsError::NoPlace`] where it cannot be made or is no folder.
    pub fn in_folder(folder: &Path, limits: Limits) -> Result<Self, ObjectsError> {
        let unusable = |reason: &dyn fmt::Display| {
            ObjectsError::NoPlace(format!("{}: {reason}", folder.display()))
        };
        fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| unusable(&error))?;
        let place = Place::Folder(folder.to_path_buf());
        Ok(Self { store: Arc::new(store.with_fsync(true)), place, limits })
    }

    /// Its bounds.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether it can be read now.
    ///
    /// # Errors
    /// Why not.
    pub async fn health(&self) -> Result<(), ObjectsError> {
        let measured = Measured::start("health");
        let looked = async {
            match &self.place {
                // An empty folder and none look alike to who lists them.
                Place::Folder(path) => match tokio::fs::read_dir(path).await {
                    Ok(_) => Ok(()),
                    Err(error) => Err(ObjectsError::NoPlace(error.to_string())),
                },
                Place::Bucket(_) => self.list(None, None, 1).await.map(drop),
            }
        };
        measured.end(self.in_time(looked).await)
    }

    /// No longer than one step may take.
    pub(crate) async fn in_time<T>(
        &self,
        step: impl Future<Output = Result<T, ObjectsError>>,
    ) -> Result<T, ObjectsError> {
        let limit = self.limits.timeout;
        timeout(limit, step).await.unwrap_or(Err(ObjectsError::TimedOut { limit }))
    }
}

/// Where it is, as people write it. Keys are not in it.
impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

/// As [`fmt::Display`]: what is below may show keys.
impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({})", self.place)
    }
}

pub(crate) fn path(name: &ObjectName) -> object_store::path::Path {
    object_store::path::Path::from(name.as_str())
}

/// `None` for what others have put there under a name that is none.
pub(crate) fn meta(found: &object_store::ObjectMeta) -> Option<Meta> {
    let name = ObjectName::new(found.location.as_ref()).ok()?;
    let modified = Timestamp::from_millisecond(found.last_modified.timestamp_millis()).ok()?;
    Some(Meta { name, size: found.size, modified, e_tag: found.e_tag.clone() })
}
