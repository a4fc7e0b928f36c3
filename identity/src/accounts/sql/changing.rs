//! Changing what an account may do, and erasing it: by whoever still may, at the revision that is meant.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    account::{find_and_keep, is_last_admin, may},
    passes::{end_everything, forget_tries},
};
use crate::{
    Identity,
    accounts::{
        Administered, Changed, Changes, Erased, authority::takes_an_admin, change::role_settles_at,
    },
    audit::{self, Entry},
    revocations::{Subject, revoke},
    store::{Connection, StoreError, micros, query},
};

pub(super) async fn change(
    connection: &mut dyn Connection,
    id: Uuid,
    expected: Option<u64>,
    changes: &Changes,
    now: Timestamp,
    entries: &Administered,
) -> Result<Changed, StoreError> {
    if !may(connection, entries.by.as_ref()).await? {
        return Ok(Changed::Refused);
    }
    let Some(before) = find_and_keep(connection, id).await? else {
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
        && is_last_admin(connection, id).await?
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
    .execute(connection)
    .await?;
    for entry in entries.of(&before, &after) {
        audit::write(connection, &entry).await?;
    }
    if after.disabled_at.is_some() && before.disabled_at.is_none() {
        end_everything(connection, id, None, now).await?;
    } else if after.role != before.role {
        revoke(connection, Subject::Account(id), now).await?;
        let (was, settled) = (Subject::Role(id, before.role), role_settles_at(now));
        revoke(connection, was, settled).await?;
        // Where it was another for a moment only, this role has not settled: it is right from now on.
        revoke(connection, Subject::Role(id, after.role), now).await?;
    }
    Ok(Changed::Done(after))
}

pub(super) async fn erase(
    connection: &mut dyn Connection,
    id: Uuid,
    expected: Option<u64>,
    by: Option<&Identity>,
    now: Timestamp,
    entry: &Entry,
) -> Result<Erased, StoreError> {
    if !may(connection, by).await? {
        return Ok(Erased::Refused);
    }
    let Some(account) = find_and_keep(connection, id).await? else {
        return Ok(Erased::Missing);
    };
    if expected.is_some_and(|expected| expected != account.revision) {
        return Ok(Erased::Elsewhere(account.revision));
    }
    if by.is_some() && takes_an_admin(&account, None) && is_last_admin(connection, id).await? {
        return Ok(Erased::LastAdmin);
    }
    forget_tries(connection, Some(&account)).await?;
    end_everything(connection, id, None, now).await?;
    // Tokens, devices, keys and what else is the account's goes with it.
    query("DELETE FROM account WHERE id = $1").bind(id).execute(connection).await?;
    audit::write(connection, entry).await?;
    audit::forget_person(connection, id).await?;
    Ok(Erased::Done)
}
