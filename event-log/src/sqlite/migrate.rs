//! Brings the tables of the log up to date.

use sqlx::{
    SqlSafeStr, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
};

use super::failure::cannot_migrate;
use crate::LogError;

/// Every migration, oldest first. What a release has shipped is never changed.
const MIGRATIONS: &[(i64, &str, &str)] =
    &[(1, "log", include_str!("../../../migrations/sqlite/log/0001_log.sql"))];

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
