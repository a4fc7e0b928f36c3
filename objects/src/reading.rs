//! Reading: an object or a range of it, what is known of one, and deleting.

use std::ops::Range;

use bytes::Bytes;
use object_store::{GetOptions, GetRange, ObjectStoreExt};

use crate::{
    Body, Meta, Object, ObjectName, Objects, ObjectsError,
    measured::Measured,
    store::{meta, path},
};

impl Objects {
    /// Begins to read an object. `None`: there is none.
    ///
    /// # Errors
    /// If the store cannot be asked.
    pub async fn get(&self, name: &ObjectName) -> Result<Option<Object>, ObjectsError> {
        let measured = Measured::start("get");
        measured.end(self.open(name, None).await)
    }

    /// Begins to read a range of an object. A range that goes beyond the end is cut off there. `None`: there is
    /// no such object.
    ///
    /// # Errors
    /// [`ObjectsError::Range`] if the object has nothing of the range; otherwise as [`Objects::get`].
    pub async fn get_range(
        &self,
        name: &ObjectName,
        range: Range<u64>,
    ) -> Result<Option<Object>, ObjectsError> {
        let measured = Measured::start("get_range");
        let opened = match range.is_empty() {
            true => Err(ObjectsError::Unavailable("the range is empty".to_owned())),
            false => self.open(name, Some(range.clone())).await,
        };
        // Each store has its own error for a range beyond the end.
        let opened = match opened {
            Err(error @ ObjectsError::Unavailable(_)) => match self.look(name).await? {
                Some(found) if range.is_empty() || range.start >= found.size => {
                    Err(ObjectsError::Range { size: found.size })
                }
                Some(_) => Err(error),
                None => Ok(None),
            },
            opened => opened,
        };
        measured.end(opened)
    }

    /// Reads all of an object, at most [`Limits::object_bytes_max`](crate::Limits).
    ///
    /// # Errors
    /// As [`Objects::get`], and [`ObjectsError::TooLarge`].
    pub async fn read(&self, name: &ObjectName) -> Result<Option<Bytes>, ObjectsError> {
        match self.get(name).await? {
            Some(object) => object.body.read(self.limits.object_bytes_max).await.map(Some),
            None => Ok(None),
        }
    }

    /// What is known of an object. `None`: there is none.
    ///
    /// # Errors
    /// Where the store cannot be asked.
    pub async fn head(&self, name: &ObjectName) -> Result<Option<Meta>, ObjectsError> {
        let measured = Measured::start("head");
        measured.end(self.look(name).await)
    }

    /// Deletes an object. Succeeds too if there is none.
    ///
    /// # Errors
    /// If the store cannot do it.
    pub async fn delete(&self, name: &ObjectName) -> Result<(), ObjectsError> {
        let measured = Measured::start("delete");
        let deleted = self.in_time(async {
            match self.store.delete(&path(name)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            }
        });
        measured.end(deleted.await)
    }

    pub(crate) async fn look(&self, name: &ObjectName) -> Result<Option<Meta>, ObjectsError> {
        self.in_time(async {
            match self.store.head(&path(name)).await {
                Ok(found) => Ok(meta(&found)),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn open(
        &self,
        name: &ObjectName,
        range: Option<Range<u64>>,
    ) -> Result<Option<Object>, ObjectsError> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let opened = self.in_time(async {
            match self.store.get_opts(&path(name), options).await {
                Ok(opened) => Ok(Some(opened)),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        });
        let Some(opened) = opened.await? else { return Ok(None) };
        let Some(meta) = meta(&opened.meta) else { return Ok(None) };
        let range = opened.range.clone();
        let body = Body::new(opened.into_stream(), range.end - range.start, self.limits.timeout);
        Ok(Some(Object { meta, range, body }))
    }
}
