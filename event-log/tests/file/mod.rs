//! A log in a file of its own.

// Each test binary uses its part of this.
#![allow(dead_code, clippy::allow_attributes, reason = "shared by several test binaries")]

use event_log::sqlite::{SqliteLog, SqliteLogOptions};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

pub(crate) fn folder() -> (TempDir, SqliteLogOptions) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteLogOptions::at(folder.path().join("log.db"));
    (folder, options)
}

pub(crate) async fn open(options: &SqliteLogOptions) -> SqliteLog {
    SqliteLog::open(options.clone()).await.unwrap()
}

/// A connection beside the log's own.
pub(crate) async fn connect(options: &SqliteLogOptions) -> SqliteConnection {
    let connection = SqliteConnectOptions::new().filename(&options.path);
    SqliteConnection::connect_with(&connection).await.unwrap()
}
