//! Reads a copy of a log to its end: is the file sound, and which history does it hold?

use std::path::Path;

use event_log::{
    EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Digest, Position};
use futures::StreamExt;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use super::{error::BackupError, progress};

/// Which history a log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct History {
    /// The position of the last event.
    pub(super) position: Position,
    /// Count and hash of all events.
    pub(super) digest: Digest,
}

/// Reads every event of the copy `path`, which nobody else uses. Memory stays flat. A copy of an older
/// Cinelog's log is brought up to date first.
///
/// # Errors
/// [`BackupError::Damaged`] where SQLite finds the file unsound; otherwise what the log fails with.
pub(super) async fn history(path: &Path) -> Result<History, BackupError> {
    integrity(path).await.map_err(BackupError::Damaged)?;
    let log = SqliteLog::open(SqliteLogOptions::at(path)).await?;
    let position = log.head().await?;
    let progress = progress::of_events("Checking the events of the copy", position.0);
    let (mut digest, mut reached) = (Digest::EMPTY, Position::START);
    let mut batches = log.subscribe_all(Position::START);
    while reached < position
        && let Some(batch) = batches.next().await
    {
        for event in batch? {
            digest = digest.extend(&event);
            reached = event.position;
        }
        progress.set_position(reached.0);
    }
    progress.finish_and_clear();
    drop(batches);
    log.close().await;
    Ok(History { position: reached, digest })
}

/// What SQLite itself finds wrong with the file, if anything. The file must be at rest.
async fn integrity(path: &Path) -> Result<(), String> {
    let progress = progress::of_unknown_length("Checking the file of the copy");
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    // It takes as long as it takes: that is no news.
    let options = options.disable_statement_logging();
    let findings: Result<Vec<String>, sqlx::Error> = async {
        let mut copy = options.connect().await?;
        // The first finding is enough.
        let query = sqlx::query_scalar("PRAGMA integrity_check(1)");
        let findings = query.fetch_all(&mut copy).await?;
        copy.close().await?;
        Ok(findings)
    }
    .await;
    progress.finish_and_clear();
    match findings.map_err(|error| format!("its log cannot be read: {error}"))?.as_slice() {
        [ok] if ok == "ok" => Ok(()),
        findings => Err(format!("its log is no sound SQLite file: {}", findings.join("; "))),
    }
}
