//! What lets somebody in, or changes how: tokens of mails, devices that are known, what ends with a password.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    accounts::{
        Account, EmailAddress, NewToken, Purpose,
        port::{DEVICES_MAX, TOKENS_MAX},
    },
    revocations::{Subject, revoke},
    sessions,
    store::{Connection, StoreError, micros, query, query_locking},
};

pub(super) async fn add_token(
    connection: &mut dyn Connection,
    account: Uuid,
    token: &NewToken,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO one_time_token (hash, account, purpose, email, expires_at)
         SELECT $1, id, $3, email, $4 FROM account WHERE id = $2 AND email IS NOT NULL",
    )
    .bind(&token.hash[..])
    .bind(account)
    .bind(token.purpose.as_str())
    .bind(micros(token.expires_at))
    .execute(connection)
    .await?;
    query(
        "DELETE FROM one_time_token WHERE account = $1 AND purpose = $2 AND hash NOT IN
            (SELECT hash FROM one_time_token WHERE account = $1 AND purpose = $2
             ORDER BY expires_at DESC, hash LIMIT $3)",
    )
    .bind(account)
    .bind(token.purpose.as_str())
    .bind(TOKENS_MAX)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a token away; gives whose it was, if it was good: for the address that the account has now. Nobody else
/// changes the account until the transaction ends; it is locked before its tokens, as whoever gives it one does.
pub(super) async fn use_token(
    connection: &mut dyn Connection,
    hash: [u8; 32],
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Uuid>, StoreError> {
    query_locking(
        "SELECT id FROM account WHERE id = (SELECT account FROM one_time_token WHERE hash = $1)",
        "FOR UPDATE",
    )
    .bind(&hash[..])
    .fetch_optional(connection)
    .await?;
    let used = query(
        "DELETE FROM one_time_token WHERE hash = $1 AND purpose = $2 AND expires_at > $3
            AND email = (SELECT email FROM account WHERE id = one_time_token.account)
         RETURNING account",
    )
    .bind(&hash[..])
    .bind(purpose.as_str())
    .bind(micros(now))
    .fetch_optional(connection)
    .await?;
    Ok(used.map(|token| token.get("account")).transpose()?)
}

pub(super) async fn drop_tokens(
    connection: &mut dyn Connection,
    account: Uuid,
    purpose: Purpose,
) -> Result<(), StoreError> {
    query("DELETE FROM one_time_token WHERE account = $1 AND purpose = $2")
        .bind(account)
        .bind(purpose.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn remember_device(
    connection: &mut dyn Connection,
    account: Uuid,
    device: [u8; 32],
    now: Timestamp,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO device (hash, account, used_at) VALUES ($1, $2, $3)
         ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at",
    )
    .bind(&device[..])
    .bind(account)
    .bind(micros(now))
    .execute(connection)
    .await?;
    query(
        "DELETE FROM device WHERE account = $1 AND hash NOT IN
            (SELECT hash FROM device WHERE account = $1
             ORDER BY used_at DESC, hash LIMIT $2)",
    )
    .bind(account)
    .bind(DEVICES_MAX)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends the sessions but for one, and every access token that was made without one.
pub(super) async fn end_everything(
    connection: &mut dyn Connection,
    account: Uuid,
    kept: Option<Uuid>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sessions::end_all_but(connection, account, kept, now).await?;
    if kept.is_none() {
        revoke(connection, Subject::Account(account), now).await?;
    }
    Ok(())
}

/// Ends the keys for machines: whoever had the account may have made them.
pub(super) async fn revoke_keys(
    connection: &mut dyn Connection,
    account: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    let keys = query("DELETE FROM api_key WHERE account = $1 RETURNING id");
    for key in keys.bind(account).fetch_all(connection).await? {
        revoke(connection, Subject::ApiKey(key.get("id")?), now).await?;
    }
    Ok(())
}

/// Forgets all failed tries with the account's address.
pub(super) async fn forget_tries(
    connection: &mut dyn Connection,
    account: Option<&Account>,
) -> Result<(), StoreError> {
    let email = account.and_then(|account| account.email.as_deref());
    if let Some(Ok(email)) = email.map(EmailAddress::parse) {
        query("DELETE FROM login_attempt WHERE name = $1")
            .bind(&email.name_hash()[..])
            .execute(connection)
            .await?;
    }
    Ok(())
}
