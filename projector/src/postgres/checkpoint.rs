//! The checkpoint's row: read, and set in the transaction of its batch.

use events::Digest;
use read_model::Checkpoint;
use sqlx::PgConnection;

use super::{
    failure::{expect_rows, store_error},
    schema::Schema,
};
use crate::{
    StoreError,
    stored::{self, integer},
};

/// How far the log has been folded in, and the digest of the events up to there.
pub(super) async fn read(db: &mut PgConnection) -> Result<(Checkpoint, Digest), StoreError> {
    const READ: &str = "SELECT generation, position, digest_count, digest_hash FROM checkpoint";
    stored::checkpoint(sqlx::query_as(READ).fetch_one(db).await.map_err(store_error)?)
}

/// Why the checkpoint cannot be read. Its table may be invisible, since a role without the privilege to use a
/// schema sees nothing in it. If that is not the reason, it is `error`.
pub(super) async fn unseen(
    db: &mut PgConnection,
    schema: &Schema,
    error: StoreError,
) -> StoreError {
    const SEE: &str = "SELECT to_regclass('checkpoint') IS NOT NULL";
    const USE: &str =
        "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1";
    let sees = sqlx::query_scalar(SEE).fetch_one(&mut *db).await;
    if !matches!(sees, Ok(false)) {
        return error;
    }
    let may_use = sqlx::query_scalar(USE).bind(schema.to_string()).fetch_optional(db).await;
    match may_use {
        Ok(Some(false)) => StoreError::Unavailable(
            format!("permission denied: USAGE on the schema {schema} is needed").into(),
        ),
        Ok(Some(true)) => StoreError::Damaged(format!("{schema} has no checkpoint")),
        Ok(None) => StoreError::Damaged(format!("the schema {schema} is gone")),
        Err(_) => error,
    }
}

/// Moves the checkpoint; if it stays where it is, counts that something changed. Extends the lead to `lease_ms`
/// from now, and removes from the inbox what is folded in.
pub(super) async fn advance(
    db: &mut PgConnection,
    from: Checkpoint,
    to: Checkpoint,
    digest: Digest,
    lease_ms: i64,
) -> Result<(), StoreError> {
    // This projector has the lead: its row is locked.
    const ADVANCE: &str = "WITH kept AS ( \
            UPDATE leader SET until = clock_timestamp() + $6 * interval '1 ms' WHERE one = 1), \
        folded AS (DELETE FROM inbox WHERE position <= $1) \
        UPDATE checkpoint SET position = $1, digest_count = $2, digest_hash = $3, \
            amended = amended + CASE WHEN position = $1 THEN 1 ELSE 0 END \
        WHERE one = 1 AND generation = $4 AND position = $5";
    let query = sqlx::query(ADVANCE)
        .bind(integer(to.position.0)?)
        .bind(integer(digest.count)?)
        .bind(&digest.hash[..])
        .bind(integer(from.generation)?)
        .bind(integer(from.position.0)?)
        .bind(lease_ms);
    expect_rows("moving the checkpoint", &query.execute(db).await.map_err(store_error)?, 1)
}

/// Says of an empty read model which generation it is going to be.
pub(super) async fn set_generation(
    db: &mut PgConnection,
    generation: u64,
) -> Result<(), StoreError> {
    const SET: &str = "UPDATE checkpoint SET generation = $1 WHERE one = 1 AND position = 0";
    let query = sqlx::query(SET).bind(integer(generation)?);
    expect_rows("naming the generation", &query.execute(db).await.map_err(store_error)?, 1)
}
