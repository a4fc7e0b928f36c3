//! The change feed over `LISTEN` and `NOTIFY`.
//!
//! Two tasks: one sends what is published, one hears what anybody has sent, this process too, and hands
//! it to the subscribers here. Postgres keeps the order of one sender, and keeps nothing for a listener
//! that is away. So news can be lost in four ways, and each ends in [`FeedItem::Missed`]:
//!
//! - a change that does not fit a notification: it is sent as `missed`;
//! - the listener's connection is lost: `Missed` when that is noticed, again while it lasts, and when it
//!   is back. It is noticed within twice [`PostgresChangeFeedOptions::silence_max`], however silently it
//!   died;
//! - the sender cannot send: it owes a `missed`, and sends that as soon as it can;
//! - the sender dies between the commit and the sending: the next change does not lead on from the one
//!   before. Until there is one, only whoever looks at the read model can know.
//!
//! [`FeedItem::Missed`]: read_model::FeedItem::Missed

mod options;
mod publisher;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use read_model::{ChangeFeed, FeedItem, InProcessChangeFeed, ReadModelChanged};
use tokio::{sync::mpsc, task::AbortHandle};

use crate::{hearing::Listener, measure, payload};
use publisher::{Owed, Publisher};

pub use options::PostgresChangeFeedOptions;
use wire::PostgresWire;

/// The channel of a database. A database holds one read model, in whatever generations.
const CHANNEL: &str = "cinelog_read_model_changed";

/// The longest notification that Postgres takes is shorter than 8,000 bytes
/// (<https://www.postgresql.org/docs/current/sql-notify.html>).
const BYTES_MAX: usize = 7_999;

/// Why there can be no feed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ChangeFeedError {
    /// The URL is none of a Postgres database. The message may not be shown with the URL.
    #[error("the change feed's URL is not one of a Postgres database: {0}")]
    InvalidUrl(String),
}

/// A [`ChangeFeed`] among all processes that have one on the same Postgres database.
///
/// Publishing never waits: what is published goes into a bounded queue. The tasks end when this is
/// dropped, and what waits to be sent then is lost.
#[derive(Debug)]
pub struct PostgresChangeFeed {
    here: Arc<InProcessChangeFeed>,
    queue: mpsc::Sender<String>,
    owed: Owed,
    tasks: [AbortHandle; 2],
}

impl PostgresChangeFeed {
    /// Begins to listen. When this returns, every change is heard that is published afterwards; where
    /// Postgres could not be reached, that is tried again without end, and the subscribers are told
    /// `Missed`. To be called within a Tokio runtime.
    ///
    /// # Errors
    /// Where the URL is not one of a Postgres database.
    pub async fn connect(options: PostgresChangeFeedOptions) -> Result<Self, ChangeFeedError> {
        measure::describe();
        let connection = options.connection()?;
        let here = Arc::new(InProcessChangeFeed::new(options.capacity));
        let (queue, waiting) = mpsc::channel(options.queue_length.max(1));
        let owed = Owed::default();
        let publisher = Publisher::new(connection.clone(), options.patience, waiting, owed.clone());
        let listener = Listener {
            wire: PostgresWire { options: connection, patience: options.patience },
            here: Arc::clone(&here),
            silence_max: options.silence_max,
            patience: options.patience,
        };
        let first = listener.try_connect().await;
        let listening = tokio::spawn(listener.run(first)).abort_handle();
        let publishing = tokio::spawn(publisher.run()).abort_handle();
        Ok(Self { here, queue, owed, tasks: [listening, publishing] })
    }
}

#[async_trait]
impl ChangeFeed for PostgresChangeFeed {
    async fn publish(&self, change: ReadModelChanged) {
        if self.queue.try_send(payload::encode(&change, BYTES_MAX)).is_err() {
            measure::unsent(1);
            self.owed.notify_one();
        }
    }

    fn subscribe(&self) -> BoxStream<'static, FeedItem> {
        self.here.subscribe()
    }
}

impl Drop for PostgresChangeFeed {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}
