//! Waiting until something is so, and never without end.

use std::time::Duration;

use events::Position;
use futures::{StreamExt, stream::BoxStream};
use read_model::FeedItem;
use tokio::time::timeout;

use super::{PATIENCE, Running};

/// Waits until the feed tells that `position` is reached; gives what it told.
pub(crate) async fn reached(
    items: &mut BoxStream<'static, FeedItem>,
    position: Position,
) -> Vec<FeedItem> {
    let mut told = Vec::new();
    let wait = async {
        while let Some(item) = items.next().await {
            let there = matches!(&item, FeedItem::Changed(change) if change.checkpoint.position >= position);
            told.push(item);
            if there {
                return;
            }
        }
        panic!("the feed ended");
    };
    timeout(PATIENCE, wait).await.expect("the position is reached in time");
    told
}

/// Waits until something is so.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it is so in time");
}

/// Waits until a projector has found out anew how it is, and gone on from that, a few times.
pub(crate) async fn has_looked_again(running: &Running) {
    for _ in 0..3 {
        let before = running.status.report().progressed;
        eventually(async || running.status.report().progressed != before).await;
    }
}
