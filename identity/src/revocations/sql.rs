//! Revocations in either database.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Revocation, Revocations, Subject};
use crate::{
    Role,
    store::{Connection, Row, SqlStore, StoreError, forget, micros, query, timestamp},
};

/// Revokes within whatever transaction is open on the connection. Every node knows it a second or two after
/// the commit.
pub(crate) async fn revoke(
    connection: &mut dyn Connection,
    subject: Subject,
    now: Timestamp,
) -> Result<(), StoreError> {
    let clock = query("UPDATE revocation_clock SET seq = seq + 1 WHERE one = 1 RETURNING seq");
    let seq: i64 = clock.fetch_one(connection).await?.get("seq")?;
    let (kind, id) = subject.parts();
    query(
        "INSERT INTO revocation (seq, kind, subject, revoked_at, forget_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (kind, subject) DO UPDATE
         SET seq = excluded.seq,
             revoked_at = CASE WHEN $6 AND revocation.revoked_at > excluded.revoked_at
                               THEN revocation.revoked_at ELSE excluded.revoked_at END,
             forget_at = CASE WHEN $6 AND revocation.forget_at > excluded.forget_at
                              THEN revocation.forget_at ELSE excluded.forget_at END",
    )
    .bind(seq)
    .bind(kind)
    .bind(id)
    .bind(micros(now))
    .bind(micros(subject.forget_at(now)))
    .bind(subject.is_never_set_back())
    .execute(connection)
    .await?;
    Ok(())
}

#[async_trait]
impl<S: SqlStore> Revocations for S {
    async fn revoked_after(&self, after: u64, limit: u32) -> Result<Vec<Revocation>, StoreError> {
        let rows = query(
            "SELECT seq, kind, subject, revoked_at, forget_at FROM revocation
             WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(after.cast_signed())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reader().await?)
        .await?;
        rows.iter().map(revocation).collect()
    }

    async fn last_revocation(&self) -> Result<u64, StoreError> {
        let clock = query("SELECT seq FROM revocation_clock WHERE one = 1");
        let last: i64 = clock.fetch_one(&mut *self.reader().await?).await?.get("seq")?;
        Ok(last.unsigned_abs())
    }

    async fn forget_revocations(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let old = "DELETE FROM revocation WHERE seq IN
                (SELECT seq FROM revocation WHERE forget_at <= $1 ORDER BY forget_at LIMIT $2)";
        forget(self, old, now, limit).await
    }
}

fn revocation(row: &Row) -> Result<Revocation, StoreError> {
    let (seq, subject): (i64, _) = (row.get("seq")?, row.get("subject")?);
    Ok(Revocation {
        seq: seq.unsigned_abs(),
        subject: match row.get::<String>("kind")?.as_str() {
            "session" => Subject::Session(subject),
            "account" => Subject::Account(subject),
            "was_viewer" => Subject::Role(subject, Role::Viewer),
            "was_member" => Subject::Role(subject, Role::Member),
            "was_editor" => Subject::Role(subject, Role::Editor),
            "was_admin" => Subject::Role(subject, Role::Admin),
            "api_key" => Subject::ApiKey(subject),
            _ => return Err(StoreError::damaged("a revocation of an unknown kind")),
        },
        revoked_at: timestamp(row.get("revoked_at")?)?,
        forget_at: timestamp(row.get("forget_at")?)?,
    })
}
