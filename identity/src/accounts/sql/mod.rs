//! Accounts in either database: the port, call by call.

mod account;
mod passes;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

pub(crate) use self::account::{COLUMNS, account_of, may};
use self::{
    account::{find, find_and_keep, insert, is_last_admin, known},
    passes::{
        add_token, drop_tokens, end_everything, forget_tries, remember_device, revoke_keys,
        use_token,
    },
};
use super::{
    Account, Accounts, Administered, Changed, Changes, EmailAddress, Erased, Known, NewAccount,
    NewToken, Purpose,
    authority::takes_an_admin,
    port::{WAITING_MAX, role_settles_at},
};
use crate::{
    Identity,
    audit::{self, Entry},
    revocations::{Subject, revoke},
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
        let Some(id) = use_token(&mut *transaction, hash, Purpose::Verification, now).await? else {
            return Ok(None);
        };
        let verified = query(
            "UPDATE account SET active = true, email_verified_at = $2, revision = revision + 1,
                                updated_at = $2
             WHERE id = $1",
        )
        .bind(id)
        .bind(micros(now))
        .execute(&mut *transaction)
        .await;
        match verified {
            // Somebody else was first to show that the address is theirs.
            Err(error) if is_taken(&error) => return Ok(None),
            result => result?,
        };
        let others = query(
            "DELETE FROM account WHERE active = false
                AND email_key = (SELECT email_key FROM account WHERE id = $1)",
        )
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        if others > 0 {
            // Whose password it is, is not known: the mails look alike, and strangers may have registered, too.
            query("UPDATE account SET password = NULL WHERE id = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        drop_tokens(&mut *transaction, id, Purpose::Verification).await?;
        remember_device(&mut *transaction, id, device, now).await?;
        audit::write(&mut *transaction, &entry.clone().about(id).by(id)).await?;
        let account = find(&mut *transaction, id).await?;
        transaction.commit().await?;
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
        let Some(id) = use_token(&mut *transaction, hash, Purpose::PasswordReset, now).await?
        else {
            return Ok(None);
        };
        query(
            "UPDATE account SET password = $2, email_verified_at = coalesce(email_verified_at, $3),
                                revision = revision + 1, updated_at = $3
             WHERE id = $1",
        )
        .bind(id)
        .bind(password)
        .bind(micros(now))
        .execute(&mut *transaction)
        .await?;
        drop_tokens(&mut *transaction, id, Purpose::PasswordReset).await?;
        end_everything(&mut *transaction, id, None, now).await?;
        revoke_keys(&mut *transaction, id, now).await?;
        let account = find(&mut *transaction, id).await?;
        forget_tries(&mut *transaction, account.as_ref()).await?;
        remember_device(&mut *transaction, id, device, now).await?;
        audit::write(&mut *transaction, &entry.clone().about(id).by(id)).await?;
        transaction.commit().await?;
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
        let set = query(
            "UPDATE account SET password = $3, revision = revision + 1, updated_at = $4
             WHERE id = $1 AND password IS NOT DISTINCT FROM $2",
        )
        .bind(id)
        .bind(before)
        .bind(password)
        .bind(micros(now))
        .execute(&mut *transaction)
        .await?;
        if set == 0 {
            return Ok(false);
        }
        drop_tokens(&mut *transaction, id, Purpose::PasswordReset).await?;
        end_everything(&mut *transaction, id, kept, now).await?;
        audit::write(&mut *transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
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
        if !may(&mut *transaction, entries.by.as_ref()).await? {
            return Ok(Changed::Refused);
        }
        let Some(before) = find_and_keep(&mut *transaction, id).await? else {
            return Ok(Changed::Missing);
        };
        if expected.is_some_and(|expected| expected != before.revision) {
            return Ok(Changed::Elsewhere(before.revision));
        }
        let after = changes.applied_to(&before, now);
        if after == before {
            return Ok(Changed::Done(before));
        }
        if entries.by.is_some()
            && takes_an_admin(&before, Some(&after))
            && is_last_admin(&mut *transaction, id).await?
        {
            return Ok(Changed::LastAdmin);
        }
        query(
            "UPDATE account SET name = $2, role = $3, disabled_at = $4, revision = $5,
                                updated_at = $6 WHERE id = $1",
        )
        .bind(id)
        .bind(&after.name)
        .bind(after.role.as_str())
        .bind(after.disabled_at.map(micros))
        .bind(after.revision.cast_signed())
        .bind(micros(now))
        .execute(&mut *transaction)
        .await?;
        for entry in entries.of(&before, &after) {
            audit::write(&mut *transaction, &entry).await?;
        }
        if after.disabled_at.is_some() && before.disabled_at.is_none() {
            end_everything(&mut *transaction, id, None, now).await?;
        } else if after.role != before.role {
            revoke(&mut *transaction, Subject::Account(id), now).await?;
            let (was, settled) = (Subject::Role(id, before.role), role_settles_at(now));
            revoke(&mut *transaction, was, settled).await?;
        }
        transaction.commit().await?;
        Ok(Changed::Done(after))
    }

    async fn erase(
        &self,
        id: Uuid,
        by: Option<&Identity>,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<Erased, StoreError> {
        let mut transaction = self.begin_alone().await?;
        if !may(&mut *transaction, by).await? {
            return Ok(Erased::Refused);
        }
        let account = find_and_keep(&mut *transaction, id).await?;
        let Some(account) = account else { return Ok(Erased::Missing) };
        if by.is_some()
            && takes_an_admin(&account, None)
            && is_last_admin(&mut *transaction, id).await?
        {
            return Ok(Erased::LastAdmin);
        }
        forget_tries(&mut *transaction, Some(&account)).await?;
        end_everything(&mut *transaction, id, None, now).await?;
        // Tokens, devices, keys and what else is the account's goes with it.
        query("DELETE FROM account WHERE id = $1").bind(id).execute(&mut *transaction).await?;
        audit::write(&mut *transaction, entry).await?;
        audit::forget_person(&mut *transaction, id).await?;
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
