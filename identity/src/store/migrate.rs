//! Brings the tables up to date. What a release has shipped is never changed.

use sqlx::{
    PgConnection, SqlSafeStr, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
};

use super::StoreError;

/// Every migration, oldest first: number, name, SQL.
type Migrations = &'static [(i64, &'static str, &'static str)];

const SQLITE: Migrations = &[
    (1, "accounts", include_str!("../../../migrations/sqlite/identity/0001_accounts.sql")),
    (2, "sessions", include_str!("../../../migrations/sqlite/identity/0002_sessions.sql")),
    (3, "oidc", include_str!("../../../migrations/sqlite/identity/0003_oidc.sql")),
    (4, "audit", include_str!("../../../migrations/sqlite/identity/0004_audit.sql")),
];

const POSTGRES: Migrations = &[
    (1, "accounts", include_str!("../../../migrations/postgres/identity/0001_accounts.sql")),
    (2, "sessions", include_str!("../../../migrations/postgres/identity/0002_sessions.sql")),
    (3, "oidc", include_str!("../../../migrations/postgres/identity/0003_oidc.sql")),
    (4, "audit", include_str!("../../../migrations/postgres/identity/0004_audit.sql")),
];

/// Where it is kept on Postgres which of them were run.
const POSTGRES_TABLE: &str = "cinelog_identity._sqlx_migrations";

/// Runs the migrations that the file has not had yet.
///
/// # Errors
/// [`StoreError::Newer`] where the file has had one that is not known here.
pub(super) async fn sqlite(writer: &mut SqliteConnection) -> Result<(), StoreError> {
    // Not `run`: a future that waits for that one is not `Send`.
    Ok(migrator(SQLITE).run_direct(None, writer, false).await?)
}

/// Runs the migrations that the database has not had yet. Several processes may do so at once: they wait for
/// each other. Where there is nothing to run, nothing is written, and no right to is needed.
///
/// # Errors
/// As [`sqlite`].
pub(super) async fn postgres(connection: &mut PgConnection) -> Result<(), StoreError> {
    if is_up_to_date(connection).await? {
        return Ok(());
    }
    let mut migrator = migrator(POSTGRES);
    migrator.dangerous_set_table_name(POSTGRES_TABLE);
    migrator.create_schema("cinelog_identity");
    Ok(migrator.run_direct(None, connection, false).await?)
}

fn migrator(migrations: Migrations) -> Migrator {
    let migrations = migrations.iter().map(|&(version, description, sql)| {
        let once = MigrationType::Simple;
        Migration::new(version, description.into(), once, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

async fn is_up_to_date(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(POSTGRES_TABLE)
        .fetch_one(&mut *connection)
        .await?;
    if !is_there {
        return Ok(false);
    }
    let sql =
        "SELECT version FROM cinelog_identity._sqlx_migrations WHERE success ORDER BY version";
    let had: Vec<i64> = sqlx::query_scalar(sql).fetch_all(connection).await?;
    let known: Vec<i64> = POSTGRES.iter().map(|(version, ..)| *version).collect();
    if had.iter().any(|version| !known.contains(version)) {
        return Err(StoreError::Newer);
    }
    Ok(had == known)
}
