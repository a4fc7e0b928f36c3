//! The feed over Redis keeps what the port promises.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::{sync::Arc, time::Duration};

use change_feed::redis::{RedisChangeFeed, RedisChangeFeedOptions};
use proving_ground::RedisServer;
use read_model::suite::Fixture;
use redis_link::{RedisLink, RedisLinkOptions};

const CAPACITY: usize = 8;

/// A deadline that a busy machine cannot miss.
const LONG: Duration = Duration::from_secs(10);

async fn fresh() -> Fixture {
    let (server, deployment) = (RedisServer::running(), RedisServer::new_prefix());
    let connect = async || {
        let options = RedisLinkOptions {
            timeout: LONG,
            connect_timeout: LONG,
            ..RedisLinkOptions::at(server.url())
        };
        let options_of_feed = RedisChangeFeedOptions {
            capacity: CAPACITY,
            ..RedisChangeFeedOptions::of(&deployment)
        };
        let link = RedisLink::new(options).unwrap();
        Arc::new(RedisChangeFeed::connect(link, options_of_feed).await)
    };
    let (publisher, subscriber) = (connect().await, connect().await);
    Fixture { publisher, subscriber, capacity: CAPACITY, held: Box::new(()) }
}

read_model::change_feed_suite!(fresh);
