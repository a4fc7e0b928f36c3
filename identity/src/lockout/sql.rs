//! Tries to log in, in either database.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Blocked, Count, Counted, LoginAttempts};
use crate::store::{Row, SqlStore, StoreError, forget, micros, query, timestamp};

#[async_trait]
impl<S: SqlStore> LoginAttempts for S {
    async fn count_try(
        &self,
        counted: &Counted,
        now: Timestamp,
    ) -> Result<Result<(), Blocked>, StoreError> {
        let mut transaction = self.begin_hasty().await?;
        // There is a row from here on, and it is ours until the commit.
        let before = query(
            "INSERT INTO login_attempt (name, device, failures, blocked_until, forget_at)
             VALUES ($1, $2, 0, $3, $3)
             ON CONFLICT (name, device) DO UPDATE SET failures = login_attempt.failures
             RETURNING failures, blocked_until, forget_at",
        )
        .bind(&counted.name[..])
        .bind(counted.device())
        .bind(micros(now))
        .fetch_one(&mut *transaction)
        .await?;
        let next = match Count::next(Some(count_of(&before)?), now) {
            Ok(next) => next,
            Err(blocked) => return Ok(Err(blocked)),
        };
        query(
            "UPDATE login_attempt SET failures = $3, blocked_until = $4, forget_at = $5
             WHERE name = $1 AND device = $2",
        )
        .bind(&counted.name[..])
        .bind(counted.device())
        .bind(i64::from(next.failures))
        .bind(micros(next.blocked_until))
        .bind(micros(next.forget_at))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    async fn forget_tries(&self, counted: &Counted) -> Result<(), StoreError> {
        let mut transaction = self.begin_hasty().await?;
        query("DELETE FROM login_attempt WHERE name = $1 AND device = $2")
            .bind(&counted.name[..])
            .bind(counted.device())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn forget_old_tries(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let old = "DELETE FROM login_attempt WHERE (name, device) IN
                (SELECT name, device FROM login_attempt WHERE forget_at <= $1 LIMIT $2)";
        forget(self, old, now, limit).await
    }
}

fn count_of(row: &Row) -> Result<Count, StoreError> {
    Ok(Count {
        failures: u32::try_from(row.get::<i64>("failures")?).unwrap_or(u32::MAX),
        blocked_until: timestamp(row.get("blocked_until")?)?,
        forget_at: timestamp(row.get("forget_at")?)?,
    })
}
