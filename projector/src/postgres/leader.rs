//! Which projector writes: a lease by the clock of the database, and an epoch that every batch asserts.

use sqlx::PgConnection;

use super::failure::store_error;
use crate::{StoreError, stored::natural};

/// Extends the lead that was taken with `epoch` to `lease_ms` from now; gives whether this projector still had it.
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

/// Takes the lead if nobody has it; gives the new epoch, which nobody else had or gets.
///
/// If the row is locked, a leader is in the middle of a batch. It is alive, even if its lease is over, and this
/// does not wait for it.
pub(super) async fn take(db: &mut PgConnection, lease_ms: i64) -> Result<Option<i64>, StoreError> {
    const TAKE: &str = "UPDATE leader \
        SET epoch = epoch + 1, until = clock_timestamp() + $1 * interval '1 ms' \
        WHERE one = (SELECT one FROM leader WHERE until < clock_timestamp() FOR UPDATE SKIP LOCKED) \
        RETURNING epoch";
    sqlx::query_scalar(TAKE).bind(lease_ms).fetch_optional(db).await.map_err(store_error)
}

/// Ends the connection of a leader whose lease is long over, that still has the row locked, and that the server
/// has been waiting for just as long. Its process is asleep in the middle of a message, where no timeout of the
/// server applies. A leader that the server works for is in a long batch, and is left alone.
pub(super) async fn end_stuck(db: &mut PgConnection, stuck_ms: i64) -> Result<u64, StoreError> {
    // After a resignation the lease is '-infinity': then whoever has the row locked is just taking the lead.
    const END: &str = "SELECT count(pg_terminate_backend(l.pid)) \
        FROM leader, pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid \
        WHERE leader.until < clock_timestamp() - $1 * interval '1 ms' \
        AND leader.until > '-infinity' \
        AND l.locktype = 'relation' AND l.relation = 'leader'::regclass \
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
        AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND l.granted \
        AND l.pid <> pg_backend_pid() \
        AND a.wait_event_type = 'Client' \
        AND a.state_change < clock_timestamp() - $1 * interval '1 ms'";
    let ended: i64 =
        sqlx::query_scalar(END).bind(stuck_ms).fetch_one(db).await.map_err(store_error)?;
    natural(ended)
}

/// Gives up the lead that was taken with `epoch`.
pub(super) async fn resign(db: &mut PgConnection, epoch: i64) -> Result<(), StoreError> {
    const RESIGN: &str = "UPDATE leader SET until = '-infinity' WHERE one = 1 AND epoch = $1";
    sqlx::query(RESIGN).bind(epoch).execute(db).await.map(drop).map_err(store_error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proving_ground::Database;
    use sqlx::Connection;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::{
        port::{Place, ReadModels},
        postgres::{PostgresReadModels, PostgresReadModelsOptions},
    };

    /// How long a client may keep the server waiting here.
    const STUCK_MS: i64 = 20;

    const HOLD: &str = "SELECT epoch FROM leader FOR UPDATE";

    /// A database with a generation whose lease ran out at `until`, and two connections to it.
    async fn ground(until: &str) -> (Database, PgConnection, PgConnection) {
        let database = Database::new().await;
        let read_models = PostgresReadModels::at(PostgresReadModelsOptions::at(database.url()));
        let model = read_models.unwrap().open(Place::Generation(1)).await.unwrap();
        model.close().await;
        let mut connections = Vec::new();
        for _ in 0..2 {
            let mut db = database.connect().await;
            let path = "SET search_path = cinelog_read_model_1";
            sqlx::query(path).execute(&mut db).await.unwrap();
            connections.push(db);
        }
        let (mut db, holder) = (connections.pop().unwrap(), connections.pop().unwrap());
        let set = sqlx::query("UPDATE leader SET until = $1::timestamptz").bind(until);
        set.execute(&mut db).await.unwrap();
        (database, db, holder)
    }

    async fn pid(db: &mut PgConnection) -> i32 {
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(db).await.unwrap()
    }

    /// Waits until a connection has been in this state for longer than anybody may be.
    async fn has_been(db: &mut PgConnection, pid: i32, state: &str) {
        const HAS: &str = "SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = $1 AND state = $2 \
            AND state_change < clock_timestamp() - $3 * interval '2 ms' \
            AND wait_event_type = CASE state WHEN 'active' THEN 'Timeout' ELSE 'Client' END";
        until_true(async || {
            let query = sqlx::query_scalar(HAS).bind(pid).bind(state).bind(STUCK_MS);
            query.fetch_one(&mut *db).await.unwrap()
        })
        .await;
    }

    /// Waits until a connection has come to its end, and holds nothing any more.
    async fn is_gone(db: &mut PgConnection, pid: i32) {
        const GONE: &str = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $1";
        until_true(async || sqlx::query_scalar(GONE).bind(pid).fetch_one(&mut *db).await.unwrap())
            .await;
    }

    async fn until_true(mut is_so: impl AsyncFnMut() -> bool) {
        let wait = async {
            while !is_so().await {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(Duration::from_secs(60), wait).await.expect("it is so in time");
    }

    #[tokio::test]
    async fn a_leader_that_keeps_the_server_waiting_is_ended() {
        let (_database, mut db, mut holder) = ground("2000-01-01").await;
        let pid = pid(&mut holder).await;
        let mut transaction = holder.begin().await.unwrap();
        sqlx::query(HOLD).execute(&mut *transaction).await.unwrap();
        has_been(&mut db, pid, "idle in transaction").await;
        assert_eq!(take(&mut db, 1000).await.unwrap(), None);
        assert!(end_stuck(&mut db, STUCK_MS).await.unwrap() > 0);
        assert!(sqlx::query(HOLD).execute(&mut *transaction).await.is_err());
        // Its client is told of the end before the lock is let go of.
        is_gone(&mut db, pid).await;
        assert!(take(&mut db, 1000).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_leader_that_the_server_works_for_is_left_alone_however_long_it_takes() {
        let (_database, mut db, mut holder) = ground("2000-01-01").await;
        let pid = pid(&mut holder).await;
        let working = tokio::spawn(async move {
            let mut transaction = holder.begin().await.unwrap();
            sqlx::query(HOLD).execute(&mut *transaction).await.unwrap();
            let long = sqlx::query("SELECT pg_sleep(600)").execute(&mut *transaction).await;
            let cancelled = long.unwrap_err().into_database_error().unwrap();
            assert_eq!(cancelled.code().as_deref(), Some("57014"));
            transaction.rollback().await.unwrap();
        });
        has_been(&mut db, pid, "active").await;
        assert_eq!(end_stuck(&mut db, STUCK_MS).await.unwrap(), 0);
        let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(pid);
        cancel.execute(&mut db).await.unwrap();
        working.await.unwrap();
    }

    #[tokio::test]
    async fn whoever_takes_what_was_given_up_is_left_alone() {
        let (_database, mut db, mut holder) = ground("-infinity").await;
        let pid = pid(&mut holder).await;
        let mut transaction = holder.begin().await.unwrap();
        sqlx::query(HOLD).execute(&mut *transaction).await.unwrap();
        has_been(&mut db, pid, "idle in transaction").await;
        assert_eq!(end_stuck(&mut db, STUCK_MS).await.unwrap(), 0);
        transaction.rollback().await.unwrap();
    }
}
