//! The change feed over Redis' `PUBLISH` and `SUBSCRIBE`.
//!
//! Two tasks, as over Postgres: one sends what is published, over the link that all share; one hears what
//! anybody has sent, this process too, over a connection of its own. Redis keeps the order of one sender, and
//! keeps nothing for a listener that is away or too slow: it closes that one's connection. So news are lost
//! in the same four ways as over Postgres, each of which ends in [`FeedItem::Missed`]; and a Redis that was
//! restarted or failed over has lost what it was just told, which the connections that broke tell of.
//!
//! [`FeedItem::Missed`]: read_model::FeedItem::Missed

mod publisher;
mod wire;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::stream::BoxStream;
use read_model::{ChangeFeed, FeedItem, InProcessChangeFeed, ReadModelChanged};
use redis_link::{Keys, RedisLink};
use tokio::{
    sync::{Notify, mpsc},
    task::AbortHandle,
};

use self::{publisher::Publisher, wire::RedisWire};
use crate::{hearing::Listener, measure, payload};

/// The version of the messages: other versions have other channels.
const VERSION: u32 = 1;

/// The longest message. What many thousand films changed at once is not worth more.
const BYTES_MAX: usize = 256 << 10;

/// How much the feed holds, and how long it waits.
#[derive(Debug, Clone)]
pub struct RedisChangeFeedOptions {
    /// Whose feed it is: feeds of one deployment on one Redis hear each other.
    pub deployment: String,
    /// Changes held for a slow subscriber before it misses some, at least 1.
    pub capacity: usize,
    /// Changes that wait to be sent, at least 1. What does not fit is said to be missed.
    pub queue_length: usize,
    /// How long a connection may be silent before it is asked whether it still lives, and how long it
    /// may take to answer before changes count as missed. So twice this is how long what a subscriber
    /// remembers may be out of date without its being told.
    pub silence_max: Duration,
    /// How long sending or an answer may take before it is given up.
    pub patience: Duration,
}

impl RedisChangeFeedOptions {
    /// The defaults, for a deployment.
    #[must_use]
    pub fn of(deployment: impl Into<String>) -> Self {
        Self {
            deployment: deployment.into(),
            capacity: 1024,
            queue_length: 1024,
            silence_max: Duration::from_millis(500),
            patience: Duration::from_secs(5),
        }
    }
}

/// A [`ChangeFeed`] among all processes of a deployment that have one on the same Redis.
///
/// Publishing never waits: what is published goes into a bounded queue. The tasks end when this is
/// dropped, and what waits to be sent then is lost.
pub struct RedisChangeFeed {
    here: Arc<InProcessChangeFeed>,
    queue: mpsc::Sender<String>,
    owed: Arc<Notify>,
    tasks: [AbortHandle; 2],
}

impl RedisChangeFeed {
    /// Begins to listen. When this returns, every change is heard that is published afterwards; where
    /// Redis could not be reached, that is tried again without end, and the subscribers are told
    /// `Missed`. To be called within a Tokio runtime.
    pub async fn connect(link: RedisLink, options: RedisChangeFeedOptions) -> Self {
        measure::describe();
        let channel = Keys::of(&options.deployment, "changes", VERSION).to_string();
        let here = Arc::new(InProcessChangeFeed::new(options.capacity));
        let (queue, waiting) = mpsc::channel(options.queue_length.max(1));
        let owed = Arc::new(Notify::new());
        let publisher = Publisher {
            link: link.clone(),
            channel: channel.clone(),
            patience: options.patience,
            waiting,
            owed: Arc::clone(&owed),
        };
        let listener = Listener {
            wire: RedisWire { link, channel },
            here: Arc::clone(&here),
            silence_max: options.silence_max,
            patience: options.patience,
        };
        let first = listener.try_connect().await;
        let listening = tokio::spawn(listener.run(first)).abort_handle();
        let publishing = tokio::spawn(publisher.run()).abort_handle();
        Self { here, queue, owed, tasks: [listening, publishing] }
    }
}

#[async_trait]
impl ChangeFeed for RedisChangeFeed {
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

impl Drop for RedisChangeFeed {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl fmt::Debug for RedisChangeFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisChangeFeed").finish_non_exhaustive()
    }
}
