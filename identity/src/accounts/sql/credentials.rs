//! What shows that somebody is who they say becomes another: an address is verified, a password is set.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    account::{find, has_session},
    passes::{drop_tokens, end_everything, forget_tries, remember_device, revoke_keys, use_token},
};
use crate::{
    accounts::{Account, Purpose},
    audit::{self, Entry},
    store::{Connection, StoreError, is_taken, micros, query},
};

/// `None`: nothing came of it, and the transaction is of no more use.
pub(super) async fn verify(
    connection: &mut dyn Connection,
    hash: [u8; 32],
    device: [u8; 32],
    now: Timestamp,
    entry: &Entry,
) -> Result<Option<Account>, StoreError> {
    let Some(id) = use_token(connection, hash, Purpose::Verification, now).await? else {
        return Ok(None);
    };
    let verified = query(
        "UPDATE account SET active = true, email_verified_at = $2, revision = revision + 1,
                            updated_at = $2
         WHERE id = $1",
    )
    .bind(id)
    .bind(micros(now))
    .execute(connection)
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
    .execute(connection)
    .await?;
    if others > 0 {
        // Whose password it is, is not known: the mails look alike, and strangers may have registered, too.
        query("UPDATE account SET password = NULL WHERE id = $1")
            .bind(id)
            .execute(connection)
            .await?;
    }
    drop_tokens(connection, id, Purpose::Verification).await?;
    remember_device(connection, id, device, now).await?;
    audit::write(connection, &entry.clone().about(id).by(id)).await?;
    find(connection, id).await
}

/// `None`: the token is not good, and nothing is written.
pub(super) async fn reset(
    connection: &mut dyn Connection,
    hash: [u8; 32],
    password: &str,
    device: [u8; 32],
    now: Timestamp,
    entry: &Entry,
) -> Result<Option<Account>, StoreError> {
    let Some(id) = use_token(connection, hash, Purpose::PasswordReset, now).await? else {
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
    .execute(connection)
    .await?;
    drop_tokens(connection, id, Purpose::PasswordReset).await?;
    drop_tokens(connection, id, Purpose::Verification).await?;
    // Keys first: whoever revokes one has it before the numbers of revocations, too.
    revoke_keys(connection, id, now).await?;
    end_everything(connection, id, None, now).await?;
    let account = find(connection, id).await?;
    forget_tries(connection, account.as_ref()).await?;
    remember_device(connection, id, device, now).await?;
    audit::write(connection, &entry.clone().about(id).by(id)).await?;
    Ok(account)
}

/// Gives whether the password was `before`, and the session that is kept is there; where not, nothing is written.
pub(super) async fn set(
    connection: &mut dyn Connection,
    id: Uuid,
    before: Option<&str>,
    password: &str,
    kept: Option<Uuid>,
    now: Timestamp,
    entry: &Entry,
) -> Result<bool, StoreError> {
    let set = query(
        "UPDATE account SET password = $3, revision = revision + 1, updated_at = $4
         WHERE id = $1 AND password IS NOT DISTINCT FROM $2",
    )
    .bind(id)
    .bind(before)
    .bind(password)
    .bind(micros(now))
    .execute(connection)
    .await?;
    if set == 0 {
        return Ok(false);
    }
    if let Some(session) = kept
        && !has_session(connection, id, session).await?
    {
        return Ok(false);
    }
    // This locks the account, which whoever gives it a token has before its tokens.
    end_everything(connection, id, kept, now).await?;
    drop_tokens(connection, id, Purpose::PasswordReset).await?;
    audit::write(connection, entry).await?;
    Ok(true)
}
