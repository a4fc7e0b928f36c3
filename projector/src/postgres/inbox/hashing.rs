//! Hashes events without holding up what goes on beside it.

use event_log::LogError;
use events::{Digest, RecordedEvent};

/// The most events that are hashed beside other work; more have a thread for it.
const INLINE_EVENTS_MAX: usize = 64;

/// The digest with some events more, and the events.
pub(super) async fn digest_with(
    digest: Digest,
    events: Vec<RecordedEvent>,
) -> Result<(Digest, Vec<RecordedEvent>), LogError> {
    if events.len() <= INLINE_EVENTS_MAX {
        return Ok((events.iter().fold(digest, Digest::extend), events));
    }
    let hash = move || (events.iter().fold(digest, Digest::extend), events);
    let hashed = tokio::task::spawn_blocking(hash).await;
    hashed.map_err(|error| LogError::Unavailable(format!("hashing events: {error}")))
}
