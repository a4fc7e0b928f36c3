//! Brings the tables of the log up to date.

use sqlx::{
    PgConnection, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{
    PostgresLog, PostgresLogOptions, connect,
    failure::{cannot_migrate, damaged, log_error},
};
use crate::LogError;

/// Every migration, oldest first, numbered from 1 without gaps. What a release has shipped is never changed.
const MIGRATIONS: &[(i64, &str, &str)] =
    &[(1, "log", include_str!("../../../migrations/postgres/log/0001_log.sql"))];

/// Where it is kept which of them were run.
const TABLE: &str = "cinelog_log._sqlx_migrations";

impl PostgresLog {
    /// Whether the database has a log, of this version or another. Changes nothing.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] where the server cannot be reached.
    pub async fn exists(options: &PostgresLogOptions) -> Result<bool, LogError> {
        let (_, mut connection) = connect(options).await?;
        Ok(had(&mut connection).await? > 0)
    }
}

/// Sees whether the database has had exactly the migrations that are known here; changes nothing.
///
/// # Errors
/// [`LogError::Unavailable`] where it waits for some, [`LogError::Damaged`] where it has had others.
pub(super) async fn check(connection: &mut PgConnection) -> Result<(), LogError> {
    match had(connection).await? {
        had if had == MIGRATIONS.len() => Ok(()),
        had if had > MIGRATIONS.len() => Err(newer()),
        _ => Err(LogError::Unavailable(
            "the event log's tables are not there, or are those of an older version; start the server \
             once, which brings them up to date"
                .to_owned(),
        )),
    }
}

/// Runs the migrations that the database has not had yet. Several processes may do so at once: they wait
/// for each other. Where there is nothing to run, nothing is written, and no right to is needed.
///
/// # Errors
/// [`LogError::Damaged`] where one fails, or where the database has had one that is not known here;
/// [`LogError::Unavailable`] where the server cannot be written.
pub(super) async fn run(connection: &mut PgConnection) -> Result<(), LogError> {
    is_fit(connection).await?;
    match had(connection).await? {
        had if had == MIGRATIONS.len() => return Ok(()),
        had if had > MIGRATIONS.len() => return Err(newer()),
        _ => {}
    }
    let migrations = MIGRATIONS.iter().map(|&(version, description, sql)| {
        let once = MigrationType::Simple;
        Migration::new(version, description.into(), once, sql.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // Under sqlx's own lock, which is one for the whole database.
    migrator.dangerous_set_table_name(TABLE);
    migrator.create_schema("cinelog_log");
    // Not `run`: a future that waits for that one is not `Send`, since it is generic over what it
    // acquires its connection from.
    migrator.run_direct(None, connection, false).await.map_err(cannot_migrate)
}

fn newer() -> LogError {
    damaged("the event log was written by a newer version".to_owned())
}

/// How many migrations the database has had, by the number of the last.
async fn had(connection: &mut PgConnection) -> Result<usize, LogError> {
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(TABLE)
        .fetch_one(&mut *connection)
        .await
        .map_err(log_error)?;
    if !is_there {
        return Ok(0);
    }
    let last: i64 = sqlx::query_scalar(
        "SELECT coalesce(max(version), 0) FROM cinelog_log._sqlx_migrations WHERE success",
    )
    .fetch_one(connection)
    .await
    .map_err(log_error)?;
    usize::try_from(last).map_err(|_| newer())
}

/// Texts are hashed as UTF-8, so that is what the database must hold them in.
async fn is_fit(connection: &mut PgConnection) -> Result<(), LogError> {
    let encoding: String = sqlx::query_scalar("SELECT current_setting('server_encoding')")
        .fetch_one(connection)
        .await
        .map_err(log_error)?;
    match encoding.as_str() {
        "UTF8" => Ok(()),
        other => Err(damaged(format!("the database's encoding must be UTF8, and is {other}"))),
    }
}
