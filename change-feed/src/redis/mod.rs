//! The change feed over Redis' `PUBLISH` and `SUBSCRIBE`.
//!
//! Two tasks, as over Postgres: one sends what is published, over the link that all share; the other hears what any
//! process has sent, this one too, over a connection of its own. Redis keeps the order of one sender. It keeps
//! nothing for a listener that is away; it closes the connection of one that is too slow. So news can be lost in
//! the same four ways as [over Postgres](crate::postgres), and subscribers notice each. A Redis that restarts or
//! fails over also loses news; but then connections break, so subscribers notice that too.

mod publisher;
mod wire;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::stream::BoxStream;
use read_model::{ChangeFeed, FeedItem, ReadModelChanged};
use redis_link::{Keys, RedisLink};

use self::{publisher::Publisher, wire::RedisWire};
use crate::{hearing::Listener, local_end::LocalEnd, measure};

/// The version of the messages: other versions have other channels.
const VERSION: u32 = 1;

/// The longest message, in bytes. It has room for many thousand films.
const BYTES_MAX: usize = 256 << 10;

/// How much the feed holds, and how long it waits.
#[derive(Debug, Clone)]
pub struct RedisChangeFeedOptions {
    /// The name of the deployment. Feeds of one deployment on one Redis hear each other.
    pub deployment: String,
    /// Changes held for a slow subscriber before it misses some, at least 1.
    pub capacity: usize,
    /// Changes that wait to be sent, at least 1. Others are told that they missed those that do not fit.
    pub queue_length: usize,
    /// How long a connection may be silent before it is asked whether it still lives, and how long the answer
    /// may take before changes count as missed. So a subscriber may be out of date, without being told, for
    /// twice this.
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
/// Publishing never waits: changes go into a bounded queue. The tasks end when this is dropped, and what is
/// still queued is lost.
#[derive(Debug)]
pub struct RedisChangeFeed(LocalEnd);

impl RedisChangeFeed {
    /// Begins to listen. When this returns, every change is heard that is published afterwards. If Redis cannot be
    /// reached, connecting is tried again without end, and subscribers are told `Missed`. To be called within
    /// a Tokio runtime.
    pub async fn connect(link: RedisLink, options: RedisChangeFeedOptions) -> Self {
        measure::describe();
        let channel = Keys::of(&options.deployment, "changes", VERSION).to_string();
        let (mut end, outgoing) = LocalEnd::new(options.capacity, options.queue_length, BYTES_MAX);
        let publisher = Publisher {
            link: link.clone(),
            channel: channel.clone(),
            patience: options.patience,
            outgoing,
        };
        let listener = Listener {
            wire: RedisWire { link, channel },
            here: Arc::clone(&end.here),
            silence_max: options.silence_max,
            patience: options.patience,
        };
        let first = listener.try_connect().await;
        end.spawn(listener.run(first));
        end.spawn(publisher.run());
        Self(end)
    }
}

#[async_trait]
impl ChangeFeed for RedisChangeFeed {
    async fn publish(&self, change: ReadModelChanged) {
        self.0.publish(&change);
    }

    fn subscribe(&self) -> BoxStream<'static, FeedItem> {
        self.0.subscribe()
    }
}
