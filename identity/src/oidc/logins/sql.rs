//! The port on SQLite and on Postgres.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    ATTEMPTS_MAX, DELETED_AT_ONCE_MAX, NewLink, NewSignInCode, PendingLogin, ProviderLogins,
    ProviderUser, Resolved, SignInCode, may_be_linked,
};
use crate::{
    accounts::{Account, COLUMNS, EmailAddress, account_of},
    audit::write,
    opaque::hash_of,
    store::{
        Connection, Row, SqlStore, StoreError, is_taken, micros, query, query_either,
        query_locking, timestamp,
    },
};

#[async_trait]
impl<S: SqlStore> ProviderLogins for S {
    async fn begin_login(&self, login: &PendingLogin, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_hasty().await?;
        delete_old(&mut *transaction, "provider_login", "state", now).await?;
        let (url, challenge) =
            login.return_to.as_ref().map(|(url, challenge)| (url, &challenge[..])).unzip();
        query(
            "INSERT INTO provider_login (state, browser, provider, return_to, challenge, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&login.state[..])
        .bind(&login.browser[..])
        .bind(&login.provider)
        .bind(url)
        .bind(challenge)
        .bind(micros(login.expires_at))
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn take_login(
        &self,
        state: &[u8; 32],
        browser: &[u8; 32],
        provider: &str,
        now: Timestamp,
    ) -> Result<Option<PendingLogin>, StoreError> {
        let mut transaction = self.begin().await?;
        let row = query(
            "DELETE FROM provider_login WHERE state = $1 AND browser = $2 AND provider = $3
             RETURNING browser, provider, return_to, challenge, expires_at",
        )
        .bind(&state[..])
        .bind(&browser[..])
        .bind(provider)
        .fetch_optional(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let login = row.map(|row| login_of(*state, &row)).transpose()?;
        Ok(login.filter(|login| now < login.expires_at))
    }

    async fn resolve(
        &self,
        user: &ProviderUser,
        link: NewLink<'_>,
    ) -> Result<Resolved, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            let mut transaction = self.begin().await?;
            if let Some(resolved) = resolve(&mut *transaction, user, &link).await? {
                transaction.commit().await?;
                return Ok(resolved);
            }
            // Another request has just made the same account or link.
            transaction.rollback().await?;
        }
        Err(StoreError::Unavailable("the same person signs in too often at once".into()))
    }

    async fn keep_code(&self, code: &NewSignInCode, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_hasty().await?;
        query(
            "INSERT INTO sign_in_code (hash, account, provider, challenge, expires_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&code.hash[..])
        .bind(code.account)
        .bind(&code.provider)
        .bind(&code.challenge[..])
        .bind(micros(code.expires_at))
        .execute(&mut *transaction)
        .await?;
        // Last, since this waits for nobody, while whoever erases the account waits for its codes.
        delete_old(&mut *transaction, "sign_in_code", "hash", now).await?;
        Ok(transaction.commit().await?)
    }

    async fn take_code(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<SignInCode>, StoreError> {
        let mut transaction = self.begin().await?;
        let row = query(
            "DELETE FROM sign_in_code WHERE hash = $1 RETURNING account, provider, challenge, expires_at",
        )
        .bind(&hash[..])
        .fetch_optional(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let is_over = row.get::<i64>("expires_at")? <= micros(now);
        let code = SignInCode {
            account: row.get("account")?,
            provider: row.get("provider")?,
            challenge: hash_of(row.get("challenge")?)?,
        };
        Ok((!is_over).then_some(code))
    }

    async fn account_of_session(&self, session: Uuid) -> Result<Option<Uuid>, StoreError> {
        let row = query("SELECT account FROM session WHERE id = $1").bind(session);
        let row = row.fetch_optional(&mut *self.reader().await?).await?;
        Ok(row.map(|row| row.get("account")).transpose()?)
    }
}

/// Ends the codes of an account, since each could still begin a session. Within the transaction that is open on the
/// connection, if one is.
pub(crate) async fn end_codes(
    connection: &mut dyn Connection,
    account: Uuid,
) -> Result<(), StoreError> {
    query("DELETE FROM sign_in_code WHERE account = $1").bind(account).execute(connection).await?;
    Ok(())
}

/// Finds, links or makes the account. `None`: another request has just done the same, and this transaction must be
/// rolled back.
async fn resolve(
    connection: &mut dyn Connection,
    user: &ProviderUser,
    link: &NewLink<'_>,
) -> Result<Option<Resolved>, StoreError> {
    if let Some(account) = by_subject(connection, user).await? {
        return Ok(Some(Resolved::Known(account)));
    }
    let found = match &user.verified_email {
        Some(email) => by_email(connection, email).await?,
        None => None,
    };
    let (id, resolved) = match found {
        Some(account) if may_be_linked(&account, link) => (account.id, Resolved::Linked(account)),
        Some(_) => return Ok(Some(Resolved::EmailTaken)),
        None => match create(connection, user, link).await? {
            Some(account) => (account.id, Resolved::Created(account)),
            None => return Ok(None),
        },
    };
    let inserted = query(
        "INSERT INTO provider_identity (issuer, subject, account, linked_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(&user.subject.issuer)
    .bind(&user.subject.subject)
    .bind(id)
    .bind(micros(link.now))
    .execute(connection)
    .await?;
    if inserted == 0 {
        return Ok(None);
    }
    write(connection, &link.linked(id)).await?;
    Ok(Some(resolved))
}

async fn by_subject(
    connection: &mut dyn Connection,
    user: &ProviderUser,
) -> Result<Option<Account>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM account WHERE id =
            (SELECT account FROM provider_identity WHERE issuer = $1 AND subject = $2)"
    );
    let row = query(AssertSqlSafe(sql))
        .bind(&user.subject.issuer)
        .bind(&user.subject.subject)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(account_of).transpose()
}

/// A registration that waits for its verification does not count: nobody has shown yet that the address is theirs.
async fn by_email(
    connection: &mut dyn Connection,
    email: &EmailAddress,
) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM account WHERE email_key = $1 AND active = true");
    let account = query_locking(AssertSqlSafe(sql), "FOR UPDATE").bind(email.key());
    let row = account.fetch_optional(connection).await?;
    row.as_ref().map(account_of).transpose()
}

/// Makes an account. `None`: another request has just made one with the same address or id.
async fn create(
    connection: &mut dyn Connection,
    user: &ProviderUser,
    link: &NewLink<'_>,
) -> Result<Option<Account>, StoreError> {
    let account = link.new_account(user);
    let inserted = query(
        "INSERT INTO account
            (id, email, email_key, email_verified_at, name, role, active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, true, $7, $8)",
    )
    .bind(account.id)
    .bind(&account.email)
    .bind(user.verified_email.as_ref().map(EmailAddress::key))
    .bind(account.email_verified_at.map(micros))
    .bind(&account.name)
    .bind(account.role.as_str())
    .bind(micros(account.created_at))
    .bind(micros(account.updated_at))
    .execute(connection)
    .await;
    match inserted {
        Err(error) if is_taken(&error) => return Ok(None),
        other => other.map(drop)?,
    }
    write(connection, &link.registered()).await?;
    Ok(Some(account))
}

/// Deletes some expired rows. `table` and its `key` are names of ours, never from outside.
async fn delete_old(
    connection: &mut dyn Connection,
    table: &str,
    key: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = |lock| {
        AssertSqlSafe(format!(
            "DELETE FROM {table} WHERE {key} IN
                (SELECT {key} FROM {table} WHERE expires_at <= $1 LIMIT $2 {lock})"
        ))
    };
    query_either(sql(""), sql("FOR UPDATE SKIP LOCKED"))
        .bind(micros(now))
        .bind(DELETED_AT_ONCE_MAX)
        .execute(connection)
        .await?;
    Ok(())
}

fn login_of(state: [u8; 32], row: &Row) -> Result<PendingLogin, StoreError> {
    let url: Option<String> = row.get("return_to")?;
    let challenge: Option<Vec<u8>> = row.get("challenge")?;
    Ok(PendingLogin {
        state,
        browser: hash_of(row.get("browser")?)?,
        provider: row.get("provider")?,
        return_to: url.zip(challenge.map(hash_of).transpose()?),
        expires_at: timestamp(row.get("expires_at")?)?,
    })
}
