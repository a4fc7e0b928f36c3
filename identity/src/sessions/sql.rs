//! Sessions in either database.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Granted, NewSession, RefreshToken, Refusal, SESSIONS_MAX, Session, Sessions, Shown,
    USED_TOKENS_MAX,
    family::{self, Decision, Family},
    row::{self, Owner, ends},
};
use crate::{
    Identity, accounts,
    audit::{self, Entry},
    oidc::end_codes,
    revocations::{Subject, revoke},
    store::{Connection, SqlStore, StoreError, forget, micros, query, query_locking},
};

#[async_trait]
impl<S: SqlStore> Sessions for S {
    async fn begin_session(&self, session: &NewSession, entry: &Entry) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if !insert(&mut *transaction, session).await? {
            return Ok(false);
        }
        end_surplus(&mut *transaction, session).await?;
        audit::write(&mut *transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn refresh(&self, shown: &Shown<'_>) -> Result<Result<Granted, Refusal>, StoreError> {
        // Anybody can make such tokens up: that they are unknown is told without waiting for whoever writes.
        if read(&mut *self.reader().await?, shown.token.session(), "").await?.is_none() {
            return Ok(Err(Refusal::Unknown));
        }
        let mut transaction = self.begin().await?;
        let keep = "FOR SHARE OF a FOR UPDATE OF s";
        let Some((family, owner)) = read(&mut *transaction, shown.token.session(), keep).await?
        else {
            return Ok(Err(Refusal::Unknown));
        };
        let is_older = family.shown(shown.token, false) == family::Shown::Unknown
            && was_used(&mut *transaction, shown.token).await?;
        let granted = |token, family: &Family| Granted {
            token,
            expires_at: ends(family.idle_until, family.expires_at),
            account: owner.account,
            role: owner.role,
        };
        match family.decide(shown.token, is_older, shown.salt, shown.now, &shown.terms) {
            Decision::Refuse(refusal) => Ok(Err(refusal)),
            Decision::End => {
                let session = shown.token.session();
                end(&mut *transaction, owner.account, session, shown.now).await?;
                let entry = shown.reused.clone().about(owner.account).session(session);
                audit::write(&mut *transaction, &entry).await?;
                transaction.commit().await?;
                Ok(Err(Refusal::Reused))
            }
            _ if !owner.may => Ok(Err(Refusal::Account)),
            Decision::Repeat(token) => Ok(Ok(granted(token, &family))),
            Decision::Rotate { family: next, token } => {
                rotate(&mut *transaction, shown, &family, &next).await?;
                transaction.commit().await?;
                Ok(Ok(granted(token, &next)))
            }
        }
    }

    async fn sessions(&self, account: Uuid, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let rows = query(
            "SELECT id, created_at, used_at, idle_until, expires_at, user_agent, address
             FROM session WHERE account = $1 AND idle_until > $2 AND expires_at > $2
             ORDER BY used_at DESC, id LIMIT $3",
        )
        .bind(account)
        .bind(micros(now))
        .bind(i64::from(SESSIONS_MAX))
        .fetch_all(&mut *self.reader().await?)
        .await?;
        rows.iter().map(row::session).collect()
    }

    async fn end_session(
        &self,
        account: Uuid,
        session: Uuid,
        by: Option<&Identity>,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if !accounts::stands(&mut *transaction, by).await? {
            return Ok(false);
        }
        if !end(&mut *transaction, account, session, now).await? {
            return Ok(false);
        }
        audit::write(&mut *transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn end_sessions(
        &self,
        by: &Identity,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if !accounts::stands(&mut *transaction, Some(by)).await? {
            return Ok(false);
        }
        end_all_but(&mut *transaction, by.account, None, now).await?;
        revoke(&mut *transaction, Subject::Account(by.account), now).await?;
        audit::write(&mut *transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn forget_sessions(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let old = "DELETE FROM session WHERE id IN
                (SELECT id FROM session WHERE idle_until <= $1
                 UNION SELECT id FROM session WHERE expires_at <= $1 LIMIT $2)";
        forget(self, old, now, limit).await
    }
}

/// Begins it where the account is still what it was. A change that is under way is waited for.
async fn insert(connection: &mut dyn Connection, new: &NewSession) -> Result<bool, StoreError> {
    let family = Family::begin(&new.token, new.begins_at, &new.terms);
    let inserted = query_locking(
        "INSERT INTO session (id, account, current, generation, created_at, used_at, idle_until,
                              expires_at, user_agent, address)
         SELECT $1, id, $3, 0, $4, $4, $5, $6, $7, $8 FROM account
         WHERE id = $2 AND revision = $9 AND active = true AND disabled_at IS NULL",
        "FOR SHARE",
    )
    .bind(new.token.session())
    .bind(new.account)
    .bind(&family.current[..])
    .bind(micros(new.begins_at))
    .bind(micros(family.idle_until))
    .bind(micros(family.expires_at))
    .bind(new.client.user_agent.as_deref())
    .bind(new.client.address.map(|address| address.to_string()))
    .bind(new.revision.cast_signed())
    .execute(connection)
    .await?;
    Ok(inserted == 1)
}

/// Ends what an account has too many of, but not the one that begins.
async fn end_surplus(connection: &mut dyn Connection, new: &NewSession) -> Result<(), StoreError> {
    let surplus = query(
        "SELECT id FROM session WHERE account = $1 AND id <> $2 AND id NOT IN
            (SELECT id FROM session WHERE account = $1 AND id <> $2
             ORDER BY used_at DESC, id DESC LIMIT $3)",
    )
    .bind(new.account)
    .bind(new.token.session())
    .bind(i64::from(SESSIONS_MAX) - 1)
    .fetch_all(connection)
    .await?;
    for session in surplus {
        end(connection, new.account, session.get("id")?, new.begins_at).await?;
    }
    Ok(())
}

/// A family, and whose it is. With `keep` it stays as it is read until the transaction ends: the account is
/// locked first, as whoever changes one does, and a change that is under way is waited for: a role that was is
/// not given again.
async fn read(
    connection: &mut dyn Connection,
    session: Uuid,
    keep: &'static str,
) -> Result<Option<(Family, Owner)>, StoreError> {
    let family = query_locking(
        "SELECT s.account, a.role, a.active, a.disabled_at, s.current, s.generation, s.previous,
                s.salt, s.rotated_at, s.idle_until, s.expires_at
         FROM session s JOIN account a ON a.id = s.account WHERE s.id = $1",
        keep,
    );
    let row = family.bind(session).fetch_optional(connection).await?;
    row.as_ref().map(row::family).transpose()
}

async fn was_used(
    connection: &mut dyn Connection,
    token: &RefreshToken,
) -> Result<bool, StoreError> {
    let found = query("SELECT session FROM used_refresh_token WHERE session = $1 AND hash = $2")
        .bind(token.session())
        .bind(&token.hash()[..])
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

async fn rotate(
    connection: &mut dyn Connection,
    shown: &Shown<'_>,
    before: &Family,
    next: &Family,
) -> Result<(), StoreError> {
    let (session, generation) = (shown.token.session(), next.generation.cast_signed());
    if let Some(previous) = &before.previous {
        query("INSERT INTO used_refresh_token (session, hash, generation) VALUES ($1, $2, $3)")
            .bind(session)
            .bind(&previous.hash[..])
            .bind(generation)
            .execute(connection)
            .await?;
        query("DELETE FROM used_refresh_token WHERE session = $1 AND generation <= $2")
            .bind(session)
            .bind(generation - i64::from(USED_TOKENS_MAX))
            .execute(connection)
            .await?;
    }
    query(
        "UPDATE session SET current = $2, previous = $3, salt = $4, rotated_at = $5, used_at = $5,
                            generation = $6, idle_until = $7
         WHERE id = $1",
    )
    .bind(session)
    .bind(&next.current[..])
    .bind(&before.current[..])
    .bind(&shown.salt[..])
    .bind(micros(shown.now))
    .bind(generation)
    .bind(micros(next.idle_until))
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a session of an account within whatever transaction is open on the connection. Gives whether it had
/// that one.
async fn end(
    connection: &mut dyn Connection,
    account: Uuid,
    session: Uuid,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = query("DELETE FROM session WHERE id = $1 AND account = $2")
        .bind(session)
        .bind(account)
        .execute(connection)
        .await?;
    if ended == 0 {
        return Ok(false);
    }
    revoke(connection, Subject::Session(session), now).await?;
    Ok(true)
}

/// Ends the sessions of an account but for `kept`, within whatever transaction is open on the connection: as
/// where its password is changed. Their access tokens are not believed any more, and codes that would begin
/// another are gone.
pub(crate) async fn end_all_but(
    connection: &mut dyn Connection,
    account: Uuid,
    kept: Option<Uuid>,
    now: Timestamp,
) -> Result<(), StoreError> {
    // A code whose transaction has not committed yet cannot be seen, and would begin a session later. But its
    // foreign key holds the account until then: this waits for it.
    query_locking("SELECT id FROM account WHERE id = $1", "FOR UPDATE")
        .bind(account)
        .fetch_optional(connection)
        .await?;
    end_codes(connection, account).await?;
    let sessions = "DELETE FROM session WHERE account = $1 AND id IS DISTINCT FROM $2 RETURNING id";
    for ended in query(sessions).bind(account).bind(kept).fetch_all(connection).await? {
        revoke(connection, Subject::Session(ended.get("id")?), now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit::Kind,
        store::{SqliteIdentity, SqliteIdentityOptions},
    };

    #[tokio::test]
    async fn who_shows_a_token_that_was_made_up_waits_for_nobody_who_writes() {
        let folder = tempfile::tempdir().unwrap();
        let patience = std::time::Duration::from_secs(60);
        let options = SqliteIdentityOptions::at(folder.path().join("identity.db"));
        let options = SqliteIdentityOptions { patience, ..options };
        let store = SqliteIdentity::open(options).await.unwrap();
        let _writing = store.begin().await.unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let terms = crate::sessions::Terms {
            grace: std::time::Duration::from_secs(1),
            idle: std::time::Duration::from_secs(1),
            absolute: std::time::Duration::from_secs(1),
        };
        let token = RefreshToken::first(Uuid::from_u128(7), [7; 32]);
        let reused = Entry::new(Uuid::nil(), now, Kind::RefreshReused);
        let shown = Shown { token: &token, salt: [0; 32], now, terms, reused: &reused };
        let refused = tokio::time::timeout(patience / 2, store.refresh(&shown)).await;
        let refused = refused.expect("it does not wait").unwrap();
        assert_eq!(refused.err(), Some(Refusal::Unknown));
    }
}
