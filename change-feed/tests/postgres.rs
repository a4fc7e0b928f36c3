//! The feed over Postgres keeps what the port promises.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::sync::Arc;

use change_feed::postgres::{PostgresChangeFeed, PostgresChangeFeedOptions};
use proving_ground::Database;
use read_model::suite::Fixture;

const CAPACITY: usize = 8;

async fn fresh() -> Fixture {
    let database = Database::new().await;
    let connect = async || {
        let options = PostgresChangeFeedOptions {
            capacity: CAPACITY,
            ..PostgresChangeFeedOptions::at(database.url())
        };
        Arc::new(PostgresChangeFeed::connect(options).await.unwrap())
    };
    let (publisher, subscriber) = (connect().await, connect().await);
    Fixture { publisher, subscriber, capacity: CAPACITY, held: Box::new(database) }
}

read_model::change_feed_suite!(fresh);
