//! The content of an object, as it comes from the store: piece by piece. No piece may be late, and if not all of them
//! come, there is an error.

use std::{fmt, time::Duration};

use bytes::Bytes;
use futures::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use tokio::time::timeout;

use crate::ObjectsError;

/// The content of an object. Ends with an error if it is not complete.
pub struct Body(BoxStream<'static, Result<Bytes, ObjectsError>>);

impl Body {
    /// The content that `pieces` give: `bytes` in all, each piece within `limit`.
    pub(crate) fn new(
        pieces: BoxStream<'static, object_store::Result<Bytes>>,
        bytes: u64,
        limit: Duration,
    ) -> Self {
        let next = move |(mut pieces, left): (BoxStream<'static, _>, u64)| async move {
            let piece: Option<object_store::Result<Bytes>> = timeout(limit, pieces.next())
                .await
                .map_err(|_| ObjectsError::TimedOut { limit })?;
            match piece.transpose()? {
                // A file that became shorter meanwhile gives empty pieces without end.
                Some(piece) if piece.is_empty() => Err(missing(left)),
                Some(piece) => match left.checked_sub(piece.len() as u64) {
                    Some(left) => Ok(Some((piece, (pieces, left)))),
                    None => Err(ObjectsError::Unavailable("it sent too many bytes".to_owned())),
                },
                None if left == 0 => Ok(None),
                None => Err(missing(left)),
            }
        };
        Self(stream::try_unfold((pieces, bytes), next).boxed())
    }

    /// Reads all of it into memory.
    ///
    /// # Errors
    /// If it is not complete, or larger than `max` bytes.
    pub async fn read(mut self, max: u64) -> Result<Bytes, ObjectsError> {
        let mut pieces: Vec<Bytes> = Vec::new();
        let mut size = 0;
        while let Some(piece) = self.0.try_next().await? {
            size += piece.len() as u64;
            if size > max {
                return Err(ObjectsError::TooLarge { max });
            }
            pieces.push(piece);
        }
        Ok(match <[Bytes; 1]>::try_from(pieces) {
            Ok([one]) => one,
            Err(several) => several.concat().into(),
        })
    }
}

fn missing(left: u64) -> ObjectsError {
    ObjectsError::Unavailable(format!("{left} bytes are missing"))
}

impl Stream for Body {
    type Item = Result<Bytes, ObjectsError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(pieces: &[&'static str], bytes: u64) -> Body {
        let pieces: Vec<_> =
            pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        Body::new(stream::iter(pieces).boxed(), bytes, Duration::from_secs(60))
    }

    #[tokio::test]
    async fn a_body_is_all_of_the_object_or_an_error() {
        assert_eq!(body(&["ab", "c"], 3).read(3).await.unwrap(), "abc");
        assert_eq!(body(&[], 0).read(0).await.unwrap(), "");
        for (given, bytes) in [(&["ab"][..], 3), (&["ab", ""], 3), (&["ab", "cd"], 3)] {
            let read = body(given, bytes).read(100).await;
            assert!(matches!(read, Err(ObjectsError::Unavailable(_))), "{read:?}");
        }
        assert_eq!(body(&["ab", "c"], 3).read(2).await, Err(ObjectsError::TooLarge { max: 2 }));
    }
}
