//! Brings the tables of a generation up to date, in its schema.

use sqlx::{
    AssertSqlSafe, Executor, PgConnection, SqlSafeStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::{BatchWaits, failure::store_error, line::within, locks, schema::Schema};
use crate::StoreError;

/// Every migration, oldest first. What a release has shipped is never changed.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "read model", include_str!("../../../migrations/postgres/read-model/0001_read_model.sql")),
    (2, "indexes", include_str!("../../../migrations/postgres/read-model/0002_indexes.sql")),
    (3, "words", include_str!("../../../migrations/postgres/read-model/0003_words.sql")),
    (4, "inbox", include_str!("../../../migrations/postgres/read-model/0004_inbox.sql")),
    (5, "amended", include_str!("../../../migrations/postgres/read-model/0005_amended.sql")),
];

/// How many statements of the migrations may take long: each makes an index over all rows.
const MIGRATION_STATEMENTS: u32 = 20;

/// Makes the tables unlogged: a crash of the server empties them, and writing them costs half.
const UNLOGGED: &str = "DO $$ DECLARE t regclass; BEGIN \
    FOR t IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relpersistence = 'p' LOOP \
        EXECUTE format('ALTER TABLE %s SET UNLOGGED', t); END LOOP; END $$";

/// Makes the schema if there is none, and runs the migrations that it has not had yet. The connection's search
/// path begins with the schema.
pub(super) async fn run(
    db: &mut PgConnection,
    schema: &Schema,
    waits: BatchWaits,
) -> Result<(), StoreError> {
    // Of several processes that start together, one makes the tables. If anything fails, the connection is not
    // used again, and the lock ends with it.
    within(waits.short, locks::wait_to_change(db)).await?;
    let most = waits.long.saturating_mul(MIGRATION_STATEMENTS);
    within(most, make(db, schema)).await?;
    within(waits.short, locks::release_change(db)).await
}

async fn make(db: &mut PgConnection, schema: &Schema) -> Result<(), StoreError> {
    let create = format!("CREATE SCHEMA IF NOT EXISTS {}", schema.quoted());
    db.execute(AssertSqlSafe(create)).await.map_err(store_error)?;
    let migrated = migrator().run_direct(None, db, false).await;
    migrated.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            store_error(error)
        }
        error => StoreError::Open { place: schema.to_string(), reason: error.to_string() },
    })?;
    if schema.is_scratch() {
        db.execute(UNLOGGED).await.map_err(store_error)?;
    }
    Ok(())
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, description, sql)| {
        let once = MigrationType::Simple;
        Migration::new(version, description.into(), once, sql.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // The caller holds our own lock.
    migrator.set_locking(false);
    migrator
}
