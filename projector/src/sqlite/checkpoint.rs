//! The checkpoint's row: read, compared and set in the transaction of its batch.

use events::Position;
use read_model::Checkpoint;
use sqlx::SqliteConnection;

use super::failure::{expect_rows, store_error};
use crate::StoreError;

pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Checkpoint, StoreError> {
    let (generation, position): (u64, u64) =
        sqlx::query_as("SELECT generation, position FROM checkpoint WHERE one = 1")
            .fetch_one(connection)
            .await
            .map_err(store_error)?;
    Ok(Checkpoint { generation, position: Position(position) })
}

/// Makes sure that nobody else has moved the checkpoint.
pub(super) async fn expect(
    connection: &mut SqliteConnection,
    expected: Checkpoint,
) -> Result<(), StoreError> {
    let stored = read(connection).await?;
    if stored == expected { Ok(()) } else { Err(StoreError::Fenced { expected, stored }) }
}

pub(super) async fn advance(
    connection: &mut SqliteConnection,
    from: Checkpoint,
    to: Checkpoint,
) -> Result<(), StoreError> {
    const ADVANCE: &str = "UPDATE checkpoint SET position = ? \
        WHERE one = 1 AND generation = ? AND position = ?";
    let [to, generation, from] = [to.position.0, from.generation, from.position.0].map(|number| {
        i64::try_from(number)
            .map_err(|_| StoreError::Damaged(format!("{number} is beyond any position")))
    });
    let query = sqlx::query(ADVANCE).bind(to?).bind(generation?).bind(from?);
    expect_rows("moving the checkpoint", &query.execute(connection).await.map_err(store_error)?, 1)
}
