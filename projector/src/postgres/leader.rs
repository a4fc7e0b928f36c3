//! Which projector writes: a lease by the clock of the database, and an epoch that every batch asserts.

use sqlx::PgConnection;

use super::failure::store_error;
use crate::StoreError;

/// Keeps the lead that was taken with `epoch`, for `lease_ms` from now on; gives whether it was had still.
pub(super) async fn keep(
    db: &mut PgConnection,
    epoch: i64,
    lease_ms: i64,
) -> Result<bool, StoreError> {
    const KEEP: &str = "UPDATE leader SET until = clock_timestamp() + $2 * interval '1 ms' \
        WHERE one = 1 AND epoch = $1";
    let kept = sqlx::query(KEEP).bind(epoch).bind(lease_ms).execute(db).await;
    Ok(kept.map_err(store_error)?.rows_affected() == 1)
}

/// Takes the lead where nobody has it; gives the new epoch, which is nobody else's.
///
/// Whoever is at a batch has the row locked: it lives, however late it is, and is not waited for.
pub(super) async fn take(db: &mut PgConnection, lease_ms: i64) -> Result<Option<i64>, StoreError> {
    const TAKE: &str = "UPDATE leader \
        SET epoch = epoch + 1, until = clock_timestamp() + $1 * interval '1 ms' \
        WHERE one = (SELECT one FROM leader WHERE until < clock_timestamp() FOR UPDATE SKIP LOCKED) \
        RETURNING epoch";
    sqlx::query_scalar(TAKE).bind(lease_ms).fetch_optional(db).await.map_err(store_error)
}

/// Ends the connection of a leader that is long past its lease and has the row locked all the same: its
/// process is asleep in the middle of a message, where no timeout of the server reaches it.
pub(super) async fn end_stuck(db: &mut PgConnection, stuck_ms: i64) -> Result<u64, StoreError> {
    const END: &str = "SELECT count(pg_terminate_backend(l.pid)) FROM leader, pg_locks AS l \
        WHERE leader.until < clock_timestamp() - $1 * interval '1 ms' \
        AND l.locktype = 'relation' AND l.relation = 'leader'::regclass \
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
        AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND l.granted \
        AND l.pid <> pg_backend_pid()";
    let ended: i64 =
        sqlx::query_scalar(END).bind(stuck_ms).fetch_one(db).await.map_err(store_error)?;
    super::failure::natural(ended)
}

/// Gives the lead up that was taken with `epoch`.
pub(super) async fn resign(db: &mut PgConnection, epoch: i64) -> Result<(), StoreError> {
    const RESIGN: &str = "UPDATE leader SET until = '-infinity' WHERE one = 1 AND epoch = $1";
    sqlx::query(RESIGN).bind(epoch).execute(db).await.map(drop).map_err(store_error)
}
