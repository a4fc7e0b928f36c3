//! Brings the tables of the log up to date.

use sqlx::{
    SqlSafeStr, SqliteConnection, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
};

use super::failure::{cannot_migrate, log_error};
use crate::LogError;

/// Every migration, oldest first, numbered from 1 without gaps. What a release has shipped is never changed.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "log", include_str!("../../../migrations/sqlite/log/0001_log.sql")),
    (2, "digest", include_str!("../../../migrations/sqlite/log/0002_digest.sql")),
];

/// Sees whether a file that is only read has had exactly the migrations that are known here.
///
/// # Errors
/// [`LogError::Unavailable`] where it waits for some, [`LogError::Damaged`] where it has had others.
pub(super) async fn check(readers: &SqlitePool) -> Result<(), LogError> {
    let known = MIGRATIONS.len();
    let had: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(readers)
        .await
        .map_err(log_error)?;
    match usize::try_from(had) {
        Ok(had) if had == known => Ok(()),
        Ok(had) if had < known => Err(LogError::Unavailable(
            "the event log's tables are those of an older version; start the server once, which \
             brings them up to date"
                .to_owned(),
        )),
        _ => Err(LogError::Damaged {
            position: None,
            reason: "the event log was written by a newer version".to_owned(),
        }),
    }
}

/// Runs the migrations that the file has not had yet.
///
/// # Errors
/// [`LogError::Damaged`] where one fails, or where the file has had one that is not known here;
/// [`LogError::Unavailable`] where the file is locked or full.
pub(super) async fn run(writer: &mut SqliteConnection) -> Result<(), LogError> {
    let migrations = MIGRATIONS.iter().map(|&(version, description, sql)| {
        let once = MigrationType::Simple;
        Migration::new(version, description.into(), once, sql.into_sql_str(), false)
    });
    // Not `run`: a future that waits for that one is not `Send`, since it is generic over what it
    // acquires its connection from.
    let migrator = Migrator::with_migrations(migrations.collect());
    migrator.run_direct(None, writer, false).await.map_err(cannot_migrate)
}
