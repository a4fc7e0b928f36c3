//! Brings the tables of the log up to date.

use sqlx::{
    SqlSafeStr, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::LogError;

/// Every migration, oldest first. What a release has shipped is never changed.
const MIGRATIONS: &[(i64, &str, &str)] =
    &[(1, "log", include_str!("../../../migrations/sqlite/log/0001_log.sql"))];

/// Runs the migrations that the file has not had yet.
///
/// # Errors
/// [`LogError::Unavailable`] where one fails, or where the file has had one that is not known here.
pub(super) async fn run(writer: &mut SqliteConnection) -> Result<(), LogError> {
    let migrations = MIGRATIONS.iter().map(|&(version, description, sql)| {
        let once = MigrationType::Simple;
        Migration::new(version, description.into(), once, sql.into_sql_str(), false)
    });
    // `run` would do the same, but makes futures that the compiler cannot prove to be `Send`.
    let migrator = Migrator::with_migrations(migrations.collect());
    migrator.run_direct(None, writer, false).await.map_err(|error| {
        LogError::Unavailable(format!("cannot bring the event log's tables up to date: {error}"))
    })
}
