//! The checkpoint's row: read, compared and set in the transaction of its batch.

use events::Digest;
use read_model::Checkpoint;
use sqlx::SqliteConnection;

use super::failure::{expect_rows, store_error};
use crate::{
    StoreError,
    stored::{self, integer},
};

/// How far the log has been folded in, and the digest of the events up to there.
pub(super) async fn read(
    connection: &mut SqliteConnection,
) -> Result<(Checkpoint, Digest), StoreError> {
    const READ: &str = "SELECT generation, position, digest_count, digest_hash FROM checkpoint";
    stored::checkpoint(sqlx::query_as(READ).fetch_one(connection).await.map_err(store_error)?)
}

/// Makes sure that nobody else has moved the checkpoint; gives its digest.
pub(super) async fn expect(
    connection: &mut SqliteConnection,
    expected: Checkpoint,
) -> Result<Digest, StoreError> {
    let (stored, digest) = read(connection).await?;
    if stored == expected { Ok(digest) } else { Err(StoreError::Fenced { expected, stored }) }
}

pub(super) async fn advance(
    connection: &mut SqliteConnection,
    from: Checkpoint,
    to: Checkpoint,
    digest: Digest,
) -> Result<(), StoreError> {
    const ADVANCE: &str = "UPDATE checkpoint SET position = ?, digest_count = ?, digest_hash = ? \
        WHERE one = 1 AND generation = ? AND position = ?";
    let query = sqlx::query(ADVANCE)
        .bind(integer(to.position.0)?)
        .bind(integer(digest.count)?)
        .bind(&digest.hash[..])
        .bind(integer(from.generation)?)
        .bind(integer(from.position.0)?);
    expect_rows("moving the checkpoint", &query.execute(connection).await.map_err(store_error)?, 1)
}

/// Writes into an empty read model which generation it is.
pub(super) async fn set_generation(
    connection: &mut SqliteConnection,
    generation: u64,
) -> Result<(), StoreError> {
    const SET: &str = "UPDATE checkpoint SET generation = ? WHERE one = 1 AND position = 0";
    let query = sqlx::query(SET).bind(integer(generation)?);
    expect_rows("naming the generation", &query.execute(connection).await.map_err(store_error)?, 1)
}
