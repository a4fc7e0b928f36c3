//! The trail in either database.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    AuditTrail, Entry, Filter, Kind, Place, Recorded,
    port::BY_STRANGERS,
    reading::{page, recorded},
};
use crate::store::{Connection, SqlStore, StoreError, forget, micros, query};

/// Writes an entry within whatever transaction is open on the connection.
pub(crate) async fn write(
    connection: &mut dyn Connection,
    entry: &Entry,
) -> Result<(), StoreError> {
    let details = serde_json::to_string(&entry.what.details).map_err(StoreError::damaged)?;
    query(
        "INSERT INTO audit_entry
            (id, at_us, kind, outcome, account, actor, address, request_id, times, details)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(entry.id)
    .bind(micros(entry.at))
    .bind(entry.what.kind.as_str())
    .bind(entry.what.outcome.as_str())
    .bind(entry.what.account)
    .bind(entry.what.actor)
    .bind(entry.what.address.map(|address| address.to_string()))
    .bind(entry.request_id.as_deref())
    .bind(i64::from(entry.times))
    .bind(details)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes out of the trail what leads to the person behind an account that is being erased, within whatever
/// transaction is open on the connection. The ids stay.
pub(crate) async fn forget_person(
    connection: &mut dyn Connection,
    account: Uuid,
) -> Result<(), StoreError> {
    query(
        "UPDATE audit_entry SET address = NULL, request_id = NULL
         WHERE id IN (SELECT id FROM audit_entry WHERE account = $1
                      UNION SELECT id FROM audit_entry WHERE actor = $1)",
    )
    .bind(account)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether an account was erased, as far as the trail goes back. What is written of it later has waited somewhere,
/// or comes from a node that had not heard of it.
async fn is_erased(connection: &mut dyn Connection, account: Uuid) -> Result<bool, StoreError> {
    let erased = query("SELECT id FROM audit_entry WHERE account = $1 AND kind = $2 LIMIT 1")
        .bind(account)
        .bind(Kind::Erased.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(erased.is_some())
}

#[async_trait]
impl<S: SqlStore> AuditTrail for S {
    async fn record(&self, entries: &[Entry]) -> Result<(), StoreError> {
        // Alone, as an erasing is: whichever is second sees what the first has written.
        let mut transaction = self.begin_alone().await?;
        for entry in entries {
            write(&mut *transaction, entry).await?;
        }
        let people: BTreeSet<Uuid> = entries
            .iter()
            .flat_map(|entry| [entry.what.account, entry.what.actor])
            .flatten()
            .collect();
        for account in people {
            if is_erased(&mut *transaction, account).await? {
                forget_person(&mut *transaction, account).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    async fn page(
        &self,
        filter: &Filter,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let page = page(filter, after, limit);
        page.fetch_all(&mut *self.reader().await?).await?.iter().map(recorded).collect()
    }

    async fn forget_before(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let old = "DELETE FROM audit_entry WHERE id IN
                (SELECT id FROM audit_entry WHERE at_us < $1 ORDER BY at_us, id LIMIT $2)";
        forget(self, old, before, limit).await
    }

    async fn forget_refusals(
        &self,
        kept: u64,
        limit: u32,
        transactions: u32,
    ) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        for kind in BY_STRANGERS {
            // What is too many is looked for once: it is a long way to count.
            let beyond = first_beyond(&mut *self.reader().await?, kind.as_str(), kept).await?;
            let Some((at_us, id)) = beyond else { continue };
            for _ in 0..transactions {
                let mut transaction = self.begin_hasty().await?;
                let deleted = query(
                    "DELETE FROM audit_entry WHERE id IN
                        (SELECT id FROM audit_entry WHERE kind = $1 AND (at_us, id) <= ($2, $3)
                         ORDER BY at_us, id LIMIT $4)",
                )
                .bind(kind.as_str())
                .bind(at_us)
                .bind(id)
                .bind(i64::from(limit))
                .execute(&mut *transaction)
                .await?;
                transaction.commit().await?;
                forgotten += deleted;
                if deleted < u64::from(limit) {
                    break;
                }
            }
        }
        Ok(forgotten)
    }
}

/// Of the entries of a kind, the newest of those that are too many.
async fn first_beyond(
    connection: &mut dyn Connection,
    kind: &str,
    kept: u64,
) -> Result<Option<(i64, Uuid)>, StoreError> {
    let row = query(
        "SELECT at_us, id FROM audit_entry WHERE kind = $1
         ORDER BY at_us DESC, id DESC LIMIT 1 OFFSET $2",
    )
    .bind(kind)
    .bind(i64::try_from(kept).unwrap_or(i64::MAX))
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((row.get("at_us")?, row.get("id")?))).transpose()
}
