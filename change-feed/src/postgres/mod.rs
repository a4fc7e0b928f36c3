//! The change feed over `LISTEN` and `NOTIFY`.
//!
//! Two tasks: one sends what is published; the other hears what any process has sent, this one too, and hands it to
//! the subscribers here. Postgres keeps the order of one sender, and keeps nothing for a listener that is away.
//! So news can be lost in four ways. Subscribers notice each of them:
//!
//! - A change does not fit into a notification. `missed` is sent in its place.
//! - The listener's connection is lost. Subscribers get [`FeedItem::Missed`] when that is noticed, again and again
//!   while it lasts, and when the connection is back. It is noticed within twice
//!   [`PostgresChangeFeedOptions::silence_max`], however silently the connection died.
//! - The sender cannot send. It sends `missed` as soon as it can.
//! - The sender dies between the commit and the sending. Then the next change does not continue the one before.
//!   Until there is a next one, only a look at the read model can tell.
//!
//! [`FeedItem::Missed`]: read_model::FeedItem::Missed

mod options;
mod publisher;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use read_model::{ChangeFeed, FeedItem, ReadModelChanged};

use self::{publisher::Publisher, wire::PostgresWire};
use crate::{hearing::Listener, local_end::LocalEnd, measure};

pub use options::PostgresChangeFeedOptions;

/// The channel. A database holds one read model, perhaps in several generations, so one name is enough.
const CHANNEL: &str = "cinelog_read_model_changed";

/// The longest notification that Postgres takes is shorter than 8,000 bytes
/// (<https://www.postgresql.org/docs/current/sql-notify.html>).
const BYTES_MAX: usize = 7_999;

/// Why there can be no feed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ChangeFeedError {
    /// The URL is not one of a Postgres database. The message does not repeat it.
    #[error("the change feed's URL is not one of a Postgres database: {0}")]
    InvalidUrl(String),
}

/// A [`ChangeFeed`] among all processes that have one on the same Postgres database.
///
/// Publishing never waits: changes go into a bounded queue. The tasks end when this is dropped, and what is
/// still queued is lost.
#[derive(Debug)]
pub struct PostgresChangeFeed(LocalEnd);

impl PostgresChangeFeed {
    /// Begins to listen. When this returns, every change is heard that is published afterwards. If Postgres cannot be
    /// reached, connecting is tried again without end, and subscribers are told `Missed`. To be called within
    /// a Tokio runtime.
    ///
    /// # Errors
    /// If the URL is not one of a Postgres database.
    pub async fn connect(options: PostgresChangeFeedOptions) -> Result<Self, ChangeFeedError> {
        measure::describe();
        let connection = options.connection()?;
        let (mut end, outgoing) = LocalEnd::new(options.capacity, options.queue_length, BYTES_MAX);
        let publisher = Publisher::new(connection.clone(), options.patience, outgoing);
        let listener = Listener {
            wire: PostgresWire { options: connection, patience: options.patience },
            here: Arc::clone(&end.here),
            silence_max: options.silence_max,
            patience: options.patience,
        };
        let first = listener.try_connect().await;
        end.spawn(listener.run(first));
        end.spawn(publisher.run());
        Ok(Self(end))
    }
}

#[async_trait]
impl ChangeFeed for PostgresChangeFeed {
    async fn publish(&self, change: ReadModelChanged) {
        self.0.publish(&change);
    }

    fn subscribe(&self) -> BoxStream<'static, FeedItem> {
        self.0.subscribe()
    }
}
