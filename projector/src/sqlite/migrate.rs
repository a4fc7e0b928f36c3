//! Brings the tables of the read model up to date.

use sqlx::{
    SqlSafeStr, SqliteConnection,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

/// Every migration, oldest first. What a release has shipped is never changed.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "read model", include_str!("../../../migrations/sqlite/read-model/0001_read_model.sql")),
    (
        2,
        "completeness",
        include_str!("../../../migrations/sqlite/read-model/0002_completeness.sql"),
    ),
];

/// Runs the migrations that the file has not had yet.
pub(super) async fn run(writer: &mut SqliteConnection) -> Result<(), MigrateError> {
    let migrations = MIGRATIONS.iter().map(|&(version, description, sql)| {
        let once = MigrationType::Simple;
        Migration::new(version, description.into(), once, sql.into_sql_str(), false)
    });
    // Not `run`: a future that waits for that one is not `Send`, since it is generic over what it
    // acquires its connection from.
    let migrator = Migrator::with_migrations(migrations.collect());
    migrator.run_direct(None, writer, false).await
}
