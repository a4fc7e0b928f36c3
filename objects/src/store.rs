//! A store of objects: what it promises, and how one is opened.

use std::{fmt, fs, future::Future, path::Path, sync::Arc};

use jiff::Timestamp;
use object_store::{ObjectStore, local::LocalFileSystem};
use tokio::time::timeout;

use crate::{Body, Limits, ObjectName, ObjectsError, measured::Measured, place::Place};

/// Where objects are kept. Cheap to clone.
///
/// - **Whole or not at all**: an object is visible with all its bytes, or as it was before. A write that fails, is
///   given up, or whose process dies leaves the object of that name as it was.
/// - **On disk**: in a folder, an acknowledged write is synced, file and folder; a bucket keeps what it has
///   acknowledged. Only a deletion in a folder may be undone by a power failure.
/// - **Bounded**: no object is larger than [`Limits::object_bytes_max`]; no step takes longer than
///   [`Limits::timeout`]; at most two parts of an upload (16 MiB) are in memory.
/// - **Typed by name**: the ending of its name says what an object is ([`ObjectName::content_type`]).
/// - **Concurrent writes**: of two writes at the same time the last one wins; of two
///   [`create`](Self::create), the first.
#[derive(Clone)]
pub struct Objects {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) place: Place,
    pub(crate) limits: Limits,
}

/// What is known of an object without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Its name.
    pub name: ObjectName,
    /// Its size, in bytes.
    pub size: u64,
    /// When it was stored, by the clock of the store.
    pub modified: Timestamp,
    /// Changes when the content does. It means nothing else: the same content may have another one elsewhere.
    pub e_tag: Option<String>,
}

/// An object that is being read.
#[derive(Debug)]
pub struct Object {
    /// What is known of it.
    pub meta: Meta,
    /// Which of its bytes `body` gives.
    pub range: std::ops::Range<u64>,
    /// Those bytes.
    pub body: Body,
}

/// An object that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its size, in bytes.
    pub size: u64,
    /// The SHA-256 of its content.
    pub sha256: [u8; 32],
    /// Whether it is new. False only if [`Objects::create`] found it there already, with the same content.
    pub is_new: bool,
}

impl Objects {
    /// The objects below a folder, which is made if it does not exist. Several processes may use it at the same time.
    ///
    /// # Errors
    /// [`ObjectsError::NoPlace`] if it cannot be made or is no folder.
    pub fn in_folder(folder: &Path, limits: Limits) -> Result<Self, ObjectsError> {
        let unusable = |reason: &dyn fmt::Display| {
            ObjectsError::NoPlace(format!("{}: {reason}", folder.display()))
        };
        fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| unusable(&error))?;
        let place = Place::Folder(folder.to_path_buf());
        Ok(Self { store: Arc::new(store.with_fsync(true)), place, limits })
    }

    /// The bounds of this store.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether the store can be read now.
    ///
    /// # Errors
    /// The reason if not.
    pub async fn health(&self) -> Result<(), ObjectsError> {
        let measured = Measured::start("health");
        let looked = async {
            match &self.place {
                // Not by listing objects: an empty folder and a missing one look the same there.
                Place::Folder(path) => match tokio::fs::read_dir(path).await {
                    Ok(_) => Ok(()),
                    Err(error) => Err(ObjectsError::NoPlace(error.to_string())),
                },
                Place::Bucket(_) => self.list(None, None, 1).await.map(drop),
            }
        };
        measured.end(self.in_time(looked).await)
    }

    /// Gives up a step that takes longer than it may.
    pub(crate) async fn in_time<T>(
        &self,
        step: impl Future<Output = Result<T, ObjectsError>>,
    ) -> Result<T, ObjectsError> {
        let limit = self.limits.timeout;
        timeout(limit, step).await.unwrap_or(Err(ObjectsError::TimedOut { limit }))
    }
}

/// Where the store is, for people. Without keys.
impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

/// The same as [`fmt::Display`]: the library's own might show keys.
impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({})", self.place)
    }
}

pub(crate) fn path(name: &ObjectName) -> object_store::path::Path {
    object_store::path::Path::from(name.as_str())
}

/// `None`: its name is none of ours, so somebody else has put it there.
pub(crate) fn meta(found: &object_store::ObjectMeta) -> Option<Meta> {
    let name = ObjectName::new(found.location.as_ref()).ok()?;
    let modified = Timestamp::from_millisecond(found.last_modified.timestamp_millis()).ok()?;
    Some(Meta { name, size: found.size, modified, e_tag: found.e_tag.clone() })
}
