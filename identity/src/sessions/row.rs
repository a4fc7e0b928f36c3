//! Sessions as rows.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Session,
    family::{Family, Previous},
};
use crate::{
    Role,
    opaque::hash_of,
    store::{Row, StoreError, timestamp},
};

/// Whose a family is.
pub(super) struct Owner {
    pub(super) account: Uuid,
    pub(super) role: Role,
    /// Whether the account may be used.
    pub(super) may: bool,
}

pub(super) fn family(row: &Row) -> Result<(Family, Owner), StoreError> {
    let previous = match (row.get("previous")?, row.get("salt")?, row.get("rotated_at")?) {
        (Some(hash), Some(salt), Some(used_at)) => Some(Previous {
            hash: hash_of(hash)?,
            salt: hash_of(salt)?,
            used_at: timestamp(used_at)?,
        }),
        _ => None,
    };
    let family = Family {
        current: hash_of(row.get("current")?)?,
        generation: row.get::<i64>("generation")?.unsigned_abs(),
        previous,
        idle_until: timestamp(row.get("idle_until")?)?,
        expires_at: timestamp(row.get("expires_at")?)?,
    };
    let owner = Owner {
        account: row.get("account")?,
        role: row.get::<String>("role")?.parse().map_err(StoreError::damaged)?,
        may: row.get("active")? && row.get::<Option<i64>>("disabled_at")?.is_none(),
    };
    Ok((family, owner))
}

/// A session, as its owner sees it.
pub(super) fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.get("id")?,
        created_at: timestamp(row.get("created_at")?)?,
        used_at: timestamp(row.get("used_at")?)?,
        expires_at: ends(timestamp(row.get("idle_until")?)?, timestamp(row.get("expires_at")?)?),
        user_agent: row.get("user_agent")?,
        address: row.get("address")?,
    })
}

/// When a session ends that is not used until then.
pub(super) fn ends(idle_until: Timestamp, expires_at: Timestamp) -> Timestamp {
    idle_until.min(expires_at)
}
