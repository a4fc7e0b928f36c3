//! Accounts in either database: what is one transaction, call by call.

mod account;
mod changing;
mod credentials;
mod passes;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

pub(crate) use self::account::{COLUMNS, account_of, may, stands};
use self::{
    account::{find, insert, known},
    changing::{change, erase},
    credentials::{reset, set, verify},
    passes::{add_token, remember_device},
};
use super::{
    Account, Accounts, Administered, Changed, Changes, EmailAddress, Erased, Known, NewAccount,
    NewToken, Purpose, port::WAITING_MAX,
};
use crate::{
    Identity,
    audit::{self, Entry},
    store::{SqlStore, StoreError, is_taken, micros, query, query_either},
};

#[async_trait]
impl<S: SqlStore> Accounts for S {
    async fn account(&self, id: Uuid) -> Result<Option<Account>, StoreError> {
        let mut reader = self.reader().await?;
        find(&mut *reader, id).await
    }

    async fn known(
        &self,
        email: &EmailAddress,
        device: Option<[u8; 32]>,
    ) -> Result<Option<Known>, StoreError> {
        known(&mut *self.reader().await?, email, device).await
    }

    async fn password(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        let row = query("SELECT password FROM account WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        Ok(row.map(|row| row.get("password")).transpose()?.flatten())
    }

    async fn create(&self, account: &NewAccount, entry: &Entry) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        match insert(&mut *transaction, account, true).await {
            Err(error) if is_taken(&error) => return Ok(false),
            result => result?,
        }
        audit::write(&mut *transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn register(
        &self,
        account: &NewAccount,
        token: &NewToken,
        reset: &NewToken,
    ) -> Result<Option<Account>, StoreError> {
        let mut transaction = self.begin().await?;
        let sql = format!("SELECT {COLUMNS} FROM account WHERE email_key = $1 AND active = true");
        let owner = query(AssertSqlSafe(sql))
            .bind(account.email.key())
            .fetch_optional(&mut *transaction)
            .await?;
        let owner = owner.as_ref().map(account_of).transpose()?;
        match &owner {
            Some(owner) => add_token(&mut *transaction, owner.id, reset).await?,
            None => {
                insert(&mut *transaction, account, false).await?;
                add_token(&mut *transaction, account.id, token).await?;
                query(
                    "DELETE FROM account WHERE email_key = $1 AND active = false AND id NOT IN
                        (SELECT id FROM account WHERE email_key = $1 AND active = false
                         ORDER BY created_at DESC, id DESC LIMIT $2)",
                )
                .bind(account.email.key())
                .bind(WAITING_MAX)
                .execute(&mut *transaction)
                .await?;
            }
        }
        transaction.commit().await?;
        Ok(owner)
    }

    async fn add_token(&self, account: Uuid, token: &NewToken) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        add_token(&mut *transaction, account, token).await?;
        Ok(transaction.commit().await?)
    }

    async fn token_owner(
        &self,
        hash: [u8; 32],
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let mut reader = self.reader().await?;
        let owner = query(
            "SELECT account FROM one_time_token
             WHERE hash = $1 AND purpose = $2 AND expires_at > $3",
        )
        .bind(&hash[..])
        .bind(purpose.as_str())
        .bind(micros(now))
        .fetch_optional(&mut *reader)
        .await?;
        match owner {
            Some(owner) => find(&mut *reader, owner.get("account")?).await,
            None => Ok(None),
        }
    }

    async fn verify(
        &self,
        hash: [u8; 32],
        device: [u8; 32],
        now: Timestamp,
        entry: &Entry,
    ) -> Result<Option<Account>, StoreError> {
        let mut transaction = self.begin().await?;
        let account = verify(&mut *transaction, hash, device, now, entry).await?;
        if account.is_some() {
            transaction.commit().await?;
        }
        Ok(account)
    }

    async fn reset_password(
        &self,
        hash: [u8; 32],
        password: &str,
        device: [u8; 32],
        now: Timestamp,
        entry: &Entry,
    ) -> Result<Option<Account>, StoreError> {
        let mut transaction = self.begin().await?;
        let account = reset(&mut *transaction, hash, password, device, now, entry).await?;
        if account.is_some() {
            transaction.commit().await?;
        }
        Ok(account)
    }

    async fn set_password(
        &self,
        id: Uuid,
        before: Option<&str>,
        password: &str,
        kept: Option<Uuid>,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let is_set = set(&mut *transaction, id, before, password, kept, now, entry).await?;
        if is_set {
            transaction.commit().await?;
        }
        Ok(is_set)
    }

    async fn rehash(&self, id: Uuid, before: &str, password: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query("UPDATE account SET password = $3 WHERE id = $1 AND password = $2")
            .bind(id)
            .bind(before)
            .bind(password)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn change(
        &self,
        id: Uuid,
        expected: Option<u64>,
        changes: &Changes,
        now: Timestamp,
        entries: &Administered,
    ) -> Result<Changed, StoreError> {
        let mut transaction = self.begin_alone().await?;
        let changed = change(&mut *transaction, id, expected, changes, now, entries).await?;
        if matches!(changed, Changed::Done(_)) {
            transaction.commit().await?;
        }
        Ok(changed)
    }

    async fn erase(
        &self,
        id: Uuid,
        expected: Option<u64>,
        by: Option<&Identity>,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<Erased, StoreError> {
        let mut transaction = self.begin_alone().await?;
        let erased = erase(&mut *transaction, id, expected, by, now, entry).await?;
        if erased != Erased::Done {
            return Ok(erased);
        }
        transaction.commit().await?;
        if !self.overwrite_erased(true).await? {
            tracing::info!(account = %id, "what was erased stays in the write-ahead log for a while: it is read");
        }
        Ok(Erased::Done)
    }

    async fn list(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Account>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM account WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = query(AssertSqlSafe(sql))
            .bind(after.unwrap_or_default())
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reader().await?)
            .await?;
        rows.iter().map(account_of).collect()
    }

    async fn remember_device(
        &self,
        account: Uuid,
        device: [u8; 32],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        remember_device(&mut *transaction, account, device, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn forget_old(
        &self,
        now: Timestamp,
        waiting_since: Timestamp,
        devices_since: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let mut forgotten = 0;
        let tokens = query(
            "DELETE FROM one_time_token WHERE hash IN
                (SELECT hash FROM one_time_token WHERE expires_at <= $1 LIMIT $2)",
        );
        // SQLite finds those who wait by their index where that is written as the index has it.
        let waiting = |wait| {
            AssertSqlSafe(format!(
                "DELETE FROM account WHERE {wait} AND id IN
                    (SELECT id FROM account WHERE {wait} AND created_at < $1 LIMIT $2)"
            ))
        };
        let waiting = query_either(waiting("active = 0"), waiting("active = false"));
        let devices = query(
            "DELETE FROM device WHERE hash IN
                (SELECT hash FROM device WHERE used_at < $1 LIMIT $2)",
        );
        let all = [(tokens, now), (waiting, waiting_since), (devices, devices_since)];
        for (old, since) in all {
            let old = old.bind(micros(since)).bind(i64::from(limit));
            forgotten += old.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        // Where somebody read it when something was erased.
        self.overwrite_erased(false).await?;
        Ok(forgotten)
    }
}
