//! Keys for machines in either database.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{API_KEYS_MAX, ApiKey, ApiKeys, FoundKey, NewApiKey, NotCreated};
use crate::{
    Identity, Scopes, accounts,
    audit::{self, Entry},
    opaque::hash_of,
    revocations::{Subject, revoke},
    store::{Row, SqlStore, StoreError, forget, micros, query, query_locking, timestamp},
};

#[async_trait]
impl<S: SqlStore> ApiKeys for S {
    async fn create_key(
        &self,
        key: &NewApiKey,
        by: &Identity,
        entry: &Entry,
    ) -> Result<Result<(), NotCreated>, StoreError> {
        let mut transaction = self.begin().await?;
        if !accounts::may(&mut *transaction, Some(by)).await? {
            return Ok(Err(NotCreated::Refused));
        }
        // Of several that are made at once, each counts those before.
        let account = query_locking("SELECT id FROM account WHERE id = $1", "FOR NO KEY UPDATE")
            .bind(key.account)
            .fetch_optional(&mut *transaction)
            .await?;
        if account.is_none() {
            return Ok(Err(NotCreated::NoAccount));
        }
        let there = query("SELECT COUNT(*) AS there FROM api_key WHERE account = $1")
            .bind(key.account)
            .fetch_one(&mut *transaction)
            .await?;
        let there: i64 = there.get("there")?;
        if there >= i64::from(API_KEYS_MAX) {
            return Ok(Err(NotCreated::TooMany));
        }
        query(
            "INSERT INTO api_key (id, account, hash, name, scopes, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(key.secret.0.id)
        .bind(key.account)
        .bind(&key.secret.hash()[..])
        .bind(&key.name)
        .bind(key.scopes.to_string())
        .bind(micros(key.created_at))
        .bind(key.expires_at.map(micros))
        .execute(&mut *transaction)
        .await?;
        audit::write(&mut *transaction, entry).await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    async fn keys(&self, account: Uuid) -> Result<Vec<ApiKey>, StoreError> {
        let rows = query(
            "SELECT id, name, scopes, created_at, expires_at, used_at FROM api_key
             WHERE account = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
        )
        .bind(account)
        .bind(i64::from(API_KEYS_MAX))
        .fetch_all(&mut *self.reader().await?)
        .await?;
        rows.iter().map(key_of).collect()
    }

    async fn revoke_key(
        &self,
        account: Uuid,
        key: Uuid,
        by: &Identity,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if !accounts::stands(&mut *transaction, Some(by)).await? {
            return Ok(false);
        }
        let revoked = query("DELETE FROM api_key WHERE id = $1 AND account = $2")
            .bind(key)
            .bind(account)
            .execute(&mut *transaction)
            .await?;
        if revoked == 0 {
            return Ok(false);
        }
        revoke(&mut *transaction, Subject::ApiKey(key), now).await?;
        audit::write(&mut *transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn find_key(&self, key: Uuid) -> Result<Option<FoundKey>, StoreError> {
        let row = query(
            "SELECT k.hash, k.account, a.role, a.active, a.disabled_at, k.scopes, k.expires_at,
                    k.used_at
             FROM api_key k JOIN account a ON a.id = k.account WHERE k.id = $1",
        )
        .bind(key)
        .fetch_optional(&mut *self.reader().await?)
        .await?;
        row.as_ref().map(found).transpose()
    }

    async fn note_use(
        &self,
        key: Uuid,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_hasty().await?;
        query(
            "UPDATE api_key SET used_at = $2
             WHERE id = $1 AND (used_at IS NULL OR used_at <= $3)",
        )
        .bind(key)
        .bind(micros(now))
        .bind(micros(since))
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let old = "DELETE FROM api_key WHERE id IN
                (SELECT id FROM api_key WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
        forget(self, old, before, limit).await
    }
}

fn key_of(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row.get("id")?,
        name: row.get("name")?,
        scopes: Scopes::parse_lenient(&row.get::<String>("scopes")?),
        created_at: timestamp(row.get("created_at")?)?,
        expires_at: row.get::<Option<i64>>("expires_at")?.map(timestamp).transpose()?,
        used_at: row.get::<Option<i64>>("used_at")?.map(timestamp).transpose()?,
    })
}

fn found(row: &Row) -> Result<FoundKey, StoreError> {
    Ok(FoundKey {
        hash: hash_of(row.get("hash")?)?,
        account: row.get("account")?,
        role: row.get::<String>("role")?.parse().map_err(StoreError::damaged)?,
        may: row.get("active")? && row.get::<Option<i64>>("disabled_at")?.is_none(),
        scopes: Scopes::parse_lenient(&row.get::<String>("scopes")?),
        expires_at: row.get::<Option<i64>>("expires_at")?.map(timestamp).transpose()?,
        used_at: row.get::<Option<i64>>("used_at")?.map(timestamp).transpose()?,
    })
}
