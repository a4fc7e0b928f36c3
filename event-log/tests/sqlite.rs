//! The log in SQLite keeps what the port promises.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use event_log::{
    CopyableLog, EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
    suite::{CopyableFixture, Fixture},
};
use tempfile::TempDir;

struct SqliteFixture {
    folder: TempDir,
    log: Arc<SqliteLog>,
}

async fn open(folder: &TempDir) -> Arc<SqliteLog> {
    let options = SqliteLogOptions {
        // Subscriptions are woken by appends: a test that polling has to help is to hang.
        poll_interval: Duration::from_secs(24 * 60 * 60),
        ..SqliteLogOptions::at(folder.path().join("log.db"))
    };
    Arc::new(SqliteLog::open(options).await.unwrap())
}

async fn fresh() -> SqliteFixture {
    let folder = tempfile::tempdir().unwrap();
    let log = open(&folder).await;
    SqliteFixture { folder, log }
}

#[async_trait]
impl Fixture for SqliteFixture {
    fn log(&self) -> Arc<dyn EventLog> {
        self.log.clone()
    }

    async fn reopen(&mut self) {
        self.log.close().await;
        self.log = open(&self.folder).await;
    }
}

impl CopyableFixture for SqliteFixture {
    fn copyable(&self) -> Arc<dyn CopyableLog> {
        self.log.clone()
    }
}

event_log::behaviour_suite!(fresh);
event_log::behaviour_suite!(copying fresh);
