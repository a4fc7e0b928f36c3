//! Reads the event log's file from outside, as far as the history checker needs it.

use std::path::Path;

use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::history::Fact;

const FACTS: &str = "SELECT position, stream, revision, lower(hex(id)), type, idempotency_key, data
     FROM event ORDER BY position";

/// The whole log of a data folder, also while a server runs on it.
pub async fn facts(data: &Path) -> Vec<Fact> {
    let mut file = open(data).await;
    let rows = sqlx::query(FACTS).fetch_all(&mut file).await.expect("the log can be read");
    file.close().await.expect("the log can be closed");
    let number = |value: i64| u64::try_from(value).expect("no negative numbers");
    rows.iter()
        .map(|row| Fact {
            position: number(row.get(0)),
            stream: row.get(1),
            revision: number(row.get(2)),
            id: row.get(3),
            event_type: row.get(4),
            key: row.get(5),
            data: row.get(6),
        })
        .collect()
}

async fn open(data: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data.join("log.db")).read_only(true);
    options.connect().await.expect("the log can be opened")
}
