//! The log in Postgres keeps what the port promises.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use event_log::{
    CopyableLog, EventLog,
    postgres::{PostgresLog, PostgresLogOptions},
    suite::{CopyableFixture, Fixture},
};
use proving_ground::Database;

struct PostgresFixture {
    database: Database,
    log: Arc<PostgresLog>,
}

async fn open(database: &Database) -> Arc<PostgresLog> {
    let options = PostgresLogOptions {
        // Subscriptions are woken by appends: a test that polling has to help is to hang.
        poll_interval: Duration::from_secs(24 * 60 * 60),
        ..PostgresLogOptions::at(database.url())
    };
    Arc::new(PostgresLog::open(options).await.unwrap())
}

async fn fresh() -> PostgresFixture {
    let database = Database::new().await;
    let log = open(&database).await;
    PostgresFixture { database, log }
}

#[async_trait]
impl Fixture for PostgresFixture {
    fn log(&self) -> Arc<dyn EventLog> {
        self.log.clone()
    }

    async fn reopen(&mut self) {
        self.log.close().await;
        self.log = open(&self.database).await;
    }
}

impl CopyableFixture for PostgresFixture {
    fn copyable(&self) -> Arc<dyn CopyableLog> {
        self.log.clone()
    }
}

event_log::behaviour_suite!(fresh);
event_log::behaviour_suite!(copying fresh);
