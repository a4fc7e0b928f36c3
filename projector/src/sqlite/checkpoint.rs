//! The checkpoint's row: read, compared and set in the transaction of its batch.

use events::{Digest, Position};
use read_model::Checkpoint;
use sqlx::SqliteConnection;

use super::failure::{expect_rows, store_error};
use crate::StoreError;

/// How far the log has been folded in, and what was folded in or parked until there.
pub(super) async fn read(
    connection: &mut SqliteConnection,
) -> Result<(Checkpoint, Digest), StoreError> {
    const READ: &str = "SELECT generation, position, digest_count, digest_hash FROM checkpoint";
    let (generation, position, count, hash): (u64, u64, u64, Vec<u8>) =
        sqlx::query_as(READ).fetch_one(connection).await.map_err(store_error)?;
    let hash = hash.try_into().map_err(|_| StoreError::Damaged("a hash is cut off".to_owned()))?;
    Ok((Checkpoint { generation, position: Position(position) }, Digest { count, hash }))
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

/// Says of an empty read model which generation it is going to be.
pub(super) async fn set_generation(
    connection: &mut SqliteConnection,
    generation: u64,
) -> Result<(), StoreError> {
    const SET: &str = "UPDATE checkpoint SET generation = ? WHERE one = 1 AND position = 0";
    let query = sqlx::query(SET).bind(integer(generation)?);
    expect_rows("naming the generation", &query.execute(connection).await.map_err(store_error)?, 1)
}

fn integer(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number)
        .map_err(|_| StoreError::Damaged(format!("{number} is beyond any position")))
}
