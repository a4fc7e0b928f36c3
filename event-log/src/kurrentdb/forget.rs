//! Forgetting idempotency keys: the streams of those that are old enough are deleted. The server gets
//! their room back when it is scavenged.
//!
//! Keys are found in the order in which they came. How far all are forgotten is written down, so that
//! the next time begins there, in whichever process.

use events::{Position, Revision};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{envelope, failure::Failure, keys, read::Reader, write};
use crate::LogError;

/// Keys looked at in one page.
const PAGE_KEYS: usize = 500;

/// Keys that are deleted at the same time.
const DELETES_MAX: usize = 16;

const FORGOTTEN: &str = "CinelogKeysForgotten";

/// What the ids of these records are made from.
const NAMESPACE: Uuid = Uuid::from_u128(0x6369_6e65_6c6f_672d_666f_7267_6f74_7465);

#[derive(Debug, Serialize, Deserialize)]
struct Forgotten {
    /// No key up to here is still to be forgotten.
    up_to: Position,
}

/// A claim that was found.
struct Found {
    name: String,
    at: Revision,
    position: Position,
    is_old: bool,
}

/// Up to where no key is left, and the revision at which that is written down.
pub(super) async fn forgotten(reader: &Reader) -> Result<(Revision, Position), LogError> {
    let last = reader.last_of(reader.names.forgotten()).await?;
    let Some(event) = last.and_then(|event| event.event) else {
        return Ok((Revision::NONE, Position::START));
    };
    let unreadable = |error: serde_json::Error| LogError::Damaged {
        position: None,
        reason: format!("how far keys are forgotten cannot be read: {error}"),
    };
    let forgotten: Forgotten = serde_json::from_slice(&event.data).map_err(unreadable)?;
    Ok((super::revision(event.revision), forgotten.up_to))
}

/// Forgets the keys that were recorded before `before`; gives how many.
pub(super) async fn forget(reader: &Reader, before: Timestamp) -> Result<u64, LogError> {
    let name = reader.names.forgotten();
    let (at, from) = forgotten(reader).await?;
    let (mut up_to, mut all_old, mut count, mut after) = (from, true, 0, from);
    loop {
        let page = page(reader, after, before).await?;
        let is_last = page.len() < PAGE_KEYS;
        for found in &page {
            after = found.position;
            all_old &= found.is_old;
            if all_old {
                up_to = found.position;
            }
        }
        count += delete(reader, page).await?;
        if is_last {
            break;
        }
    }
    if up_to > from {
        let id = Uuid::new_v5(&NAMESPACE, format!("{name} {} {}", at.0, up_to.0).as_bytes());
        let event = envelope::data(FORGOTTEN, id, &Forgotten { up_to }, None::<&()>)?;
        match write::append(&reader.connection, name, at, &[event]).await {
            // Another process forgets, too.
            Ok(_) | Err(Failure::WrongRevision(_)) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(count)
}

async fn page(reader: &Reader, after: Position, before: Timestamp) -> Result<Vec<Found>, LogError> {
    let found = reader.raw_all(reader.names.keys_filter(), after, PAGE_KEYS).await?;
    let mut page = Vec::with_capacity(found.len());
    for event in found {
        let position = envelope::position(event.get_original_event())?;
        let name = event.get_original_event().stream_id().to_owned();
        let (at, claim) = keys::claim(event)?;
        page.push(Found { name, at, position, is_old: claim.recorded_at()? < before });
    }
    Ok(page)
}

/// Deletes the streams of those that are old, where nothing newer is in them; gives how many.
async fn delete(reader: &Reader, page: Vec<Found>) -> Result<u64, LogError> {
    stream::iter(page.into_iter().filter(|found| found.is_old))
        .map(async |Found { name, at, .. }| {
            // One that was forgotten before is empty; one with a newer claim is not old.
            if reader.revision_of(&name).await? != at {
                return Ok(0);
            }
            match write::delete(&reader.connection, &name, at).await {
                Ok(()) => Ok(1),
                Err(Failure::WrongRevision(_) | Failure::NoStream) => Ok(0),
                Err(failure) => Err(LogError::from(failure)),
            }
        })
        .buffer_unordered(DELETES_MAX)
        .try_fold(0, async |sum, one| Ok(sum + one))
        .await
}
