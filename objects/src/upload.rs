//! An upload in parts. Unless it is completed it is aborted, also if it is dropped in the middle.

use std::time::Duration;

use bytes::Bytes;
use object_store::MultipartUpload;
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};

use crate::ObjectsError;

/// How often an upload is aborted again, and after how long.
const MORE_ABORTS: u32 = 3;
const ABORT_AGAIN: Duration = Duration::from_secs(1);

/// An upload under way.
pub(crate) struct Upload {
    /// `None` once it was completed.
    parts: Option<Box<dyn MultipartUpload>>,
    /// How long aborting it may take.
    limit: Duration,
}

impl Upload {
    pub(crate) fn new(parts: Box<dyn MultipartUpload>, limit: Duration) -> Self {
        Self { parts: Some(parts), limit }
    }

    /// Uploads the next part.
    pub(crate) async fn part(&mut self, content: Bytes) -> Result<(), ObjectsError> {
        match &mut self.parts {
            Some(parts) => Ok(parts.put_part(content.into()).await?),
            None => Ok(()),
        }
    }

    /// Makes the object of all parts visible.
    pub(crate) async fn complete(mut self) -> Result<(), ObjectsError> {
        if let Some(parts) = &mut self.parts {
            parts.complete().await?;
        }
        self.parts = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (Some(mut parts), Ok(runtime)) = (self.parts.take(), Handle::try_current()) else {
            return;
        };
        let limit = self.limit;
        runtime.spawn(async move {
            let mut aborted = timeout(limit, parts.abort()).await;
            // A part that was still on its way may arrive after that.
            for _ in 0..MORE_ABORTS {
                if !matches!(aborted, Ok(Ok(()))) {
                    break;
                }
                sleep(ABORT_AGAIN).await;
                match timeout(limit, parts.abort()).await {
                    // The upload does not exist any more.
                    Ok(Err(_)) => return,
                    again => aborted = again,
                }
            }
            // The parts are no object, but they take room: docs/objects.md says what to do.
            if let Ok(Err(error)) = aborted {
                let error = ObjectsError::from(error);
                tracing::warn!(%error, "parts of an upload that was given up stay in the store");
            }
        });
    }
}
