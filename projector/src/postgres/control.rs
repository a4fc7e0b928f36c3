//! Which generations there are and which one is live: a row in a schema of its own.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Postgres, Transaction};

use super::{
    failure::store_error,
    locks,
    schema::{CONTROL, Schema},
};
use crate::{
    GenerationError, StoreError,
    port::{Generation, Place},
    stored::{integer, natural},
};

/// Makes the row where it is missing. `live` is null until somebody has made a generation live.
const MAKE: &str = "CREATE SCHEMA IF NOT EXISTS cinelog_read_model; \
    CREATE TABLE IF NOT EXISTS cinelog_read_model.pointer ( \
        one smallint PRIMARY KEY CHECK (one = 1), \
        live bigint CHECK (live >= 1), \
        highest bigint NOT NULL CHECK (highest >= 1)); \
    INSERT INTO cinelog_read_model.pointer (one, highest) VALUES (1, 1) ON CONFLICT DO NOTHING";

/// Which generation is live. `None`: nobody has made one live yet.
pub(super) async fn live(db: &mut PgConnection) -> Result<Option<u64>, StoreError> {
    const IS_MADE: &str = "SELECT to_regclass('cinelog_read_model.pointer') IS NOT NULL";
    const LIVE: &str = "SELECT live FROM cinelog_read_model.pointer WHERE one = 1";
    let is_made: bool =
        sqlx::query_scalar(IS_MADE).fetch_one(&mut *db).await.map_err(store_error)?;
    if !is_made {
        return Ok(None);
    }
    let live: Option<Option<i64>> =
        sqlx::query_scalar(LIVE).fetch_optional(db).await.map_err(store_error)?;
    live.flatten().map(natural).transpose()
}

/// Whether there is such a generation, with tables in it.
pub(super) async fn exists<'e>(
    db: impl Executor<'e, Database = Postgres>,
    number: u64,
) -> Result<bool, StoreError> {
    let table = format!("{}.checkpoint", Schema::of(Place::Generation(number)).quoted());
    let query = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(table);
    query.fetch_one(db).await.map_err(store_error)
}

/// All schemas of ours, with their sizes in bytes.
async fn schemas<'e>(
    db: impl Executor<'e, Database = Postgres>,
) -> Result<Vec<(Schema, u64)>, StoreError> {
    const LIST: &str = "SELECT n.nspname::text, coalesce(( \
            SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c \
            WHERE c.relnamespace = n.oid AND c.relkind = 'r'), 0)::bigint \
        FROM pg_namespace n WHERE starts_with(n.nspname::text, $1)";
    let query = sqlx::query_as::<_, (String, i64)>(LIST).bind(CONTROL);
    let rows = query.fetch_all(db).await.map_err(store_error)?;
    let ours = rows.into_iter().filter_map(|(name, bytes)| Some((Schema::parse(&name)?, bytes)));
    ours.map(|(schema, bytes)| Ok((schema, natural(bytes)?))).collect()
}

/// All complete generations, by number.
pub(super) async fn list(db: &mut PgConnection) -> Result<Vec<Generation>, StoreError> {
    let mut found = Vec::new();
    for (schema, bytes) in schemas(db).await? {
        if let Place::Generation(number) = schema.place() {
            found.push(Generation { number, place: schema.to_string(), bytes });
        }
    }
    found.sort_by_key(|generation| generation.number);
    Ok(found)
}

/// Begins to change which generations there are, once nobody else does.
async fn begin(db: &mut PgConnection) -> Result<Transaction<'_, Postgres>, StoreError> {
    let mut transaction = db.begin().await.map_err(store_error)?;
    locks::wait_to_change_in(&mut transaction).await?;
    transaction.execute(MAKE).await.map_err(store_error)?;
    Ok(transaction)
}

async fn commit(transaction: Transaction<'_, Postgres>) -> Result<(), StoreError> {
    transaction.commit().await.map_err(store_error)
}

/// A number that was never used before.
pub(super) async fn reserve(db: &mut PgConnection) -> Result<u64, StoreError> {
    const RESERVE: &str = "UPDATE cinelog_read_model.pointer \
        SET highest = greatest(highest, $1) + 1, live = coalesce(live, 1) RETURNING highest";
    let mut db = begin(db).await?;
    let mut newest = 1;
    for (schema, _) in schemas(&mut *db).await? {
        if let Place::Generation(number) | Place::Building(number) = schema.place() {
            newest = newest.max(number);
        }
    }
    let query = sqlx::query_scalar(RESERVE).bind(integer(newest)?);
    let reserved: i64 = query.fetch_one(&mut *db).await.map_err(store_error)?;
    commit(db).await?;
    natural(reserved)
}

/// Makes a generation live.
pub(super) async fn switch(db: &mut PgConnection, number: u64) -> Result<(), GenerationError> {
    const SWITCH: &str = "UPDATE cinelog_read_model.pointer \
        SET live = $1, highest = greatest(highest, $1)";
    let mut db = begin(db).await?;
    if !exists(&mut *db, number).await? {
        return Err(GenerationError::Missing(number));
    }
    let query = sqlx::query(SWITCH).bind(integer(number)?);
    query.execute(&mut *db).await.map_err(store_error)?;
    Ok(commit(db).await?)
}

/// Removes a generation that is not live and that nobody holds.
pub(super) async fn remove(db: &mut PgConnection, number: u64) -> Result<(), GenerationError> {
    const REMEMBER: &str = "UPDATE cinelog_read_model.pointer \
        SET highest = greatest(highest, $1) RETURNING coalesce(live, 1)";
    let mut db = begin(db).await?;
    let query = sqlx::query_scalar(REMEMBER).bind(integer(number)?);
    let live: i64 = query.fetch_one(&mut *db).await.map_err(store_error)?;
    if natural(live)? == number {
        return Err(GenerationError::Live(number));
    }
    if !exists(&mut *db, number).await? {
        return Err(GenerationError::Missing(number));
    }
    if !locks::is_free(&mut db, number).await? {
        return Err(GenerationError::InUse(number));
    }
    drop_schema(&mut db, &Schema::of(Place::Generation(number))).await?;
    Ok(commit(db).await?)
}

/// Removes what interrupted builds have left.
pub(super) async fn remove_unfinished(db: &mut PgConnection) -> Result<(), StoreError> {
    for (schema, _) in schemas(&mut *db).await? {
        if matches!(schema.place(), Place::Building(_)) {
            drop_schema(db, &schema).await?;
        }
    }
    Ok(())
}

/// Removes a schema with everything in it, if it exists.
pub(super) async fn drop_schema(db: &mut PgConnection, schema: &Schema) -> Result<(), StoreError> {
    let drop_it = format!("DROP SCHEMA IF EXISTS {} CASCADE", schema.quoted());
    db.execute(AssertSqlSafe(drop_it)).await.map(drop).map_err(store_error)
}

/// Turns a generation that has been built into a complete one, by giving its schema the final name.
pub(super) async fn finish(db: &mut PgConnection, number: u64) -> Result<(), StoreError> {
    let (building, whole) = (Place::Building(number), Place::Generation(number));
    let (building, whole) = (Schema::of(building).quoted(), Schema::of(whole).quoted());
    let mut db = begin(db).await?;
    let rename = format!("ALTER SCHEMA {building} RENAME TO {whole}");
    db.execute(AssertSqlSafe(rename)).await.map_err(store_error)?;
    commit(db).await
}
