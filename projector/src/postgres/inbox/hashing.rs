//! Hashes events without blocking a thread of the runtime for long.

use event_log::LogError;
use events::{Digest, RecordedEvent};

/// The most events that are hashed on a thread of the runtime. More are hashed on a thread of their own.
const INLINE_EVENTS_MAX: usize = 64;

/// The digest extended by some events, and the events.
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
