//! Writing: small objects at once, large ones in parts.

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, pin_mut};
use object_store::{
    Attribute, Attributes, MultipartUpload, PutMode, PutMultipartOptions, PutOptions, PutPayload,
};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::{
    ObjectName, Objects, ObjectsError, Stored, limits::PART_BYTES, measured::Measured, store::path,
    upload::Upload,
};

impl Objects {
    /// Stores an object, in place of one that may be there.
    ///
    /// # Errors
    /// [`ObjectsError::TooLarge`], or if the store cannot do it.
    pub async fn put(&self, name: &ObjectName, content: Bytes) -> Result<Stored, ObjectsError> {
        let measured = Measured::start("put");
        measured.end(self.put_whole(name, content, PutMode::Overwrite).await)
    }

    /// Stores an object if there is none of that name. If there is one with the same content, that counts as
    /// success, so that this may be tried again after any error.
    ///
    /// # Errors
    /// [`ObjectsError::Exists`] if there is one with other content; otherwise as [`Objects::put`].
    pub async fn create(&self, name: &ObjectName, content: Bytes) -> Result<Stored, ObjectsError> {
        let measured = Measured::start("create");
        let created = match self.put_whole(name, content.clone(), PutMode::Create).await {
            Err(ObjectsError::Exists) => self.is_there(name, &content).await,
            created => created,
        };
        measured.end(created)
    }

    /// Stores content that comes piece by piece, in place of an object that may be there. Nobody sees any of it
    /// before all of it has come; if this is dropped before, nobody ever does.
    ///
    /// # Errors
    /// As [`Objects::put`]; [`ObjectsError::Content`] if the content fails, and [`ObjectsError::TimedOut`] if its
    /// next piece does not come.
    pub async fn put_stream<E: std::fmt::Display>(
        &self,
        name: &ObjectName,
        content: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Stored, ObjectsError> {
        let measured = Measured::start("put");
        measured.end(self.put_pieces(name, content).await)
    }

    async fn put_whole(
        &self,
        name: &ObjectName,
        content: Bytes,
        mode: PutMode,
    ) -> Result<Stored, ObjectsError> {
        let size = content.len() as u64;
        let max = self.limits.object_bytes_max;
        if size > max {
            return Err(ObjectsError::TooLarge { max });
        }
        let sha256 = Sha256::digest(&content).into();
        let options =
            PutOptions { mode, attributes: self.attributes(name), ..PutOptions::default() };
        let payload = PutPayload::from_bytes(content);
        self.in_time(async {
            self.store.put_opts(&path(name), payload, options).await?;
            Ok(Stored { size, sha256, is_new: true })
        })
        .await
    }

    /// Succeeds if the object that exists already has the content that was to be stored.
    async fn is_there(&self, name: &ObjectName, content: &Bytes) -> Result<Stored, ObjectsError> {
        let size = content.len() as u64;
        let is_same = match self.get(name).await? {
            Some(object) if object.meta.size == size => object.body.read(size).await? == *content,
            _ => false,
        };
        match is_same {
            true => Ok(Stored { size, sha256: Sha256::digest(content).into(), is_new: false }),
            false => Err(ObjectsError::Exists),
        }
    }

    async fn put_pieces<E: std::fmt::Display>(
        &self,
        name: &ObjectName,
        content: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Stored, ObjectsError> {
        pin_mut!(content);
        let (max, limit) = (self.limits.object_bytes_max, self.limits.timeout);
        let (mut size, mut sha256, mut part) = (0, Sha256::new(), BytesMut::new());
        let mut upload: Option<Upload> = None;
        loop {
            let piece = timeout(limit, content.next()).await;
            let piece = match piece.map_err(|_| ObjectsError::TimedOut { limit })? {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Err(ObjectsError::Content(error.to_string())),
                None => break,
            };
            size += piece.len() as u64;
            if size > max {
                return Err(ObjectsError::TooLarge { max });
            }
            sha256.update(&piece);
            part.extend_from_slice(&piece);
            while part.len() >= PART_BYTES {
                let begun = match &mut upload {
                    Some(upload) => upload,
                    None => upload.insert(Upload::new(self.begin(name).await?, limit)),
                };
                let full = part.split_to(PART_BYTES).freeze();
                self.in_time(begun.part(full)).await?;
            }
        }
        let Some(mut upload) = upload else {
            return self.put_whole(name, part.freeze(), PutMode::Overwrite).await;
        };
        if !part.is_empty() {
            self.in_time(upload.part(part.freeze())).await?;
        }
        self.in_time(upload.complete()).await?;
        Ok(Stored { size, sha256: sha256.finalize().into(), is_new: true })
    }

    async fn begin(&self, name: &ObjectName) -> Result<Box<dyn MultipartUpload>, ObjectsError> {
        let options =
            PutMultipartOptions { attributes: self.attributes(name), ..Default::default() };
        self.in_time(async { Ok(self.store.put_multipart_opts(&path(name), options).await?) }).await
    }

    /// What the store notes for clients that fetch the object without us.
    fn attributes(&self, name: &ObjectName) -> Attributes {
        let mut attributes = Attributes::new();
        if self.place.notes_types() {
            attributes.insert(Attribute::ContentType, name.content_type().into());
        }
        attributes
    }
}
