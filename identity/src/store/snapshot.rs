//! A copy of a store that is in use, for a backup.

use std::{fs::OpenOptions, path::Path};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::{SqliteIdentity, StoreError};

/// What has an end, and would come back with a restored copy: who was signed out since would be signed in
/// again, and a link in an old mail would be good a second time. What a table of ours leaves out here is in
/// the copy.
const PASSING: [&str; 6] = [
    "used_refresh_token",
    "session",
    "one_time_token",
    "login_attempt",
    "provider_login",
    "sign_in_code",
];

impl SqliteIdentity {
    /// Copies the store at `path` into the new file `into`: all that is committed when the copy begins, and
    /// nothing of what comes later, or of what was erased. Sessions, one-time tokens and counts of failed
    /// sign-ins are left out. Writers go on meanwhile. When this returns, the copy is on the disk.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where a file cannot be read or written, [`StoreError::Damaged`] where the
    /// store is none.
    pub async fn snapshot(path: &Path, into: &Path) -> Result<(), StoreError> {
        let name = into.to_str().ok_or_else(|| StoreError::damaged("a name that is not UTF-8"))?;
        let store = SqliteConnectOptions::new().filename(path).pragma("query_only", "OFF");
        // It takes as long as it takes: that is no news.
        let mut reader = store.disable_statement_logging().connect().await?;
        let copied = sqlx::query("VACUUM INTO ?").bind(name.to_owned()).execute(&mut reader).await;
        reader.close().await?;
        copied?;
        let copy = SqliteConnectOptions::new()
            .filename(into)
            .journal_mode(SqliteJournalMode::Delete)
            .pragma("secure_delete", "ON")
            .foreign_keys(true);
        let mut copy = copy.connect().await?;
        let emptied = empty(&mut copy).await;
        copy.close().await?;
        emptied?;
        let synced = OpenOptions::new().write(true).open(into).and_then(|file| file.sync_all());
        synced.map_err(|error| StoreError::Unavailable(Box::new(error)))
    }

    /// Looks whether a file that nobody uses is a sound store. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it is not.
    pub async fn check(path: &Path) -> Result<(), StoreError> {
        let copy = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
        let findings = async {
            let mut copy = copy.disable_statement_logging().connect().await?;
            let findings: Vec<String> =
                sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_all(&mut copy).await?;
            let _: i64 =
                sqlx::query_scalar("SELECT count(*) FROM account").fetch_one(&mut copy).await?;
            copy.close().await?;
            Ok::<_, sqlx::Error>(findings)
        };
        match findings.await.map_err(StoreError::damaged)?.as_slice() {
            [ok] if ok == "ok" => Ok(()),
            findings => Err(StoreError::damaged(findings.join("; "))),
        }
    }
}

async fn empty(copy: &mut SqliteConnection) -> Result<(), StoreError> {
    let is_there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?";
    for table in PASSING {
        // A store of an older Cinelog may not have it yet.
        let count: i64 = sqlx::query_scalar(is_there).bind(table).fetch_one(&mut *copy).await?;
        if count == 1 {
            let delete = sqlx::AssertSqlSafe(format!("DELETE FROM {table}"));
            sqlx::query(delete).execute(&mut *copy).await?;
        }
    }
    sqlx::query("VACUUM").execute(copy).await?;
    Ok(())
}
