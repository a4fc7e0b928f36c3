//! Catching up after a start: what the log held then must be in the read model before the server
//! calls itself ready.

use std::time::Duration;

use events::Position;
use futures::StreamExt;
use query_api::LiveStore;
use read_model::ChangeFeed;
use tokio::time::{Instant, timeout_at};

/// How long a start waits. A read model that is made anew may take longer; the server then answers
/// with what there is, and `/readyz` says that it is not ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits until the read model has reached `target`; gives whether it has.
pub(crate) async fn catch_up(store: &LiveStore, feed: &dyn ChangeFeed, target: Position) -> bool {
    let deadline = Instant::now() + PATIENCE;
    // Subscribed before the look, so that no change can come between the two.
    let mut changes = feed.subscribe();
    loop {
        if has_reached(store, target).await {
            return true;
        }
        if !matches!(timeout_at(deadline, changes.next()).await, Ok(Some(_))) {
            return has_reached(store, target).await;
        }
    }
}

async fn has_reached(store: &LiveStore, target: Position) -> bool {
    store.current().checkpoint().await.is_ok_and(|checkpoint| checkpoint.position >= target)
}
