//! Whether a store does everything that is demanded of it, tried with an object that is made and deleted.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};

use crate::{Folder, NameError, ObjectName, Objects, ObjectsError};

/// The folder of the objects that stores are tried with.
const FOLDER: &str = "check";

/// Larger than a part, so that it is uploaded in several.
const LARGE_BYTES: usize = (9 << 20) + 1;

/// A step that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was tried, in words.
    pub what: &'static str,
    /// How long it took.
    pub took: Duration,
}

/// What a store does not do as demanded.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A step failed.
    #[error("{what}: {error}")]
    Failed {
        /// What was tried, in words.
        what: &'static str,
        /// Why.
        error: ObjectsError,
    },
    /// A step succeeded with a wrong result.
    #[error("{what}: the store gives something else than it was given")]
    Wrong {
        /// What was tried, in words.
        what: &'static str,
    },
    /// The name that was given for the object is none.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Objects {
    /// Tries everything that is demanded of a store, with an object that is named after `id`. Nobody else may
    /// use that id. The object is deleted in the end, if possible.
    ///
    /// # Errors
    /// [`ProbeError`] at the first step that fails.
    pub async fn probe(&self, id: &str) -> Result<Vec<Step>, ProbeError> {
        let name = ObjectName::new(format!("{FOLDER}/{id}.bin"))?;
        let tried = self.try_out(&name).await;
        if tried.is_err() {
            // The error of the probe says already that something is wrong.
            let _ = self.delete(&name).await;
        }
        tried
    }

    async fn try_out(&self, name: &ObjectName) -> Result<Vec<Step>, ProbeError> {
        let small = Bytes::from(format!("cinelog tries out {name}"));
        let mut steps = Steps::default();
        let created = steps.done("create", self.create(name, small.clone()).await)?;
        steps.is_right(created.is_new)?;
        let again = self.create(name, Bytes::from_static(b"other")).await;
        let refused = again == Err(ObjectsError::Exists);
        steps.done("refuse to create it again", if refused { Ok(()) } else { again.map(drop) })?;
        steps.is_right(refused)?;
        let read = steps.done("read", self.read(name).await)?;
        steps.is_right(read.as_ref() == Some(&small))?;
        let ranged = match self.get_range(name, 8..13).await {
            Ok(Some(object)) => object.body.read(5).await.map(Some),
            other => other.map(|_| None),
        };
        let ranged = steps.done("read a range", ranged)?;
        steps.is_right(ranged.as_deref() == small.get(8..13))?;
        let folder = Folder::new(FOLDER)?;
        let listed = steps.done("list", self.list(Some(&folder), None, 1_000).await)?;
        steps.is_right(listed.len() == 1_000 || listed.iter().any(|meta| meta.name == *name))?;
        if self.limits.object_bytes_max >= LARGE_BYTES as u64 {
            self.try_large(name, &mut steps).await?;
        }
        steps.done("delete", self.delete(name).await)?;
        let gone = steps.done("find it gone", self.head(name).await)?;
        steps.is_right(gone.is_none())?;
        steps.done("delete what is gone", self.delete(name).await)?;
        Ok(steps.done)
    }

    async fn try_large(&self, name: &ObjectName, steps: &mut Steps) -> Result<(), ProbeError> {
        let mebibyte = Bytes::from(vec![0x5a; 1 << 20]);
        let pieces = stream::repeat(mebibyte).take(LARGE_BYTES >> 20);
        let pieces = pieces.chain(stream::iter([Bytes::from_static(b"!")]));
        let stored = self.put_stream(name, pieces.map(Ok::<_, ObjectsError>)).await;
        let stored = steps.done("replace it by 9 MiB in parts", stored)?;
        let found = steps.done("find it replaced", self.head(name).await)?;
        let size = LARGE_BYTES as u64;
        steps.is_right(stored.size == size && found.is_some_and(|found| found.size == size))
    }
}

struct Steps {
    done: Vec<Step>,
    since: Instant,
}

impl Default for Steps {
    fn default() -> Self {
        Self { done: Vec::new(), since: Instant::now() }
    }
}

impl Steps {
    fn done<T>(
        &mut self,
        what: &'static str,
        result: Result<T, ObjectsError>,
    ) -> Result<T, ProbeError> {
        let now = Instant::now();
        self.done.push(Step { what, took: now - self.since });
        self.since = now;
        result.map_err(|error| ProbeError::Failed { what, error })
    }

    /// Whether the last step was right.
    fn is_right(&self, right: bool) -> Result<(), ProbeError> {
        let what = self.done.last().map_or("", |step| step.what);
        if right { Ok(()) } else { Err(ProbeError::Wrong { what }) }
    }
}
