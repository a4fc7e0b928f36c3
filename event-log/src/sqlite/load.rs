//! What a batch must know before it can be decided: one trip to the database, whatever its size, and
//! the same that begins the transaction.
//!
//! Sets go in as one JSON array each, so that the statements never change and stay prepared.

use std::collections::{BTreeSet, HashMap};

use events::{Digest, EventId, Position, Revision, StreamName};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::digest;
use crate::{
    Append,
    group_commit::{Ledger, Place},
    sql::number,
};

/// Begins a transaction and reads: the digest of the log, whose count is its head; the heads of the
/// streams (?1) as one JSON array in their order; where those of the events (?2) stand that are there
/// already; those of the keys (?3) that are taken. The first column tells which of these a row is.
///
/// The lock is taken before anything is read and held until the commit, so that positions become
/// visible in their order whoever else writes to the file. CROSS JOIN makes SQLite go from the few to
/// the index, never the other way round.
const BEGIN_AND_LOAD: &str = "
    BEGIN IMMEDIATE;
    SELECT 0, position, hash FROM digest ORDER BY position DESC LIMIT 1;
    SELECT 1, json_group_array((SELECT max(revision) FROM event WHERE stream = value) ORDER BY key)
    FROM json_each(?1);
    SELECT 2, event.id, event.stream, event.revision, event.position
    FROM json_each(?2) CROSS JOIN event ON event.id = unhex(json_each.value);
    SELECT 3, idempotency.key
    FROM json_each(?3) CROSS JOIN idempotency ON idempotency.key = json_each.value";

/// Begins the transaction of a batch, and reads its ledger and the digest of the log. After an error it is not known whether one
/// has begun.
pub(super) async fn begin(
    writer: &mut SqliteConnection,
    appends: &[&Append],
) -> Result<(Ledger, Digest), sqlx::Error> {
    let own = appends.iter().map(|append| &append.stream);
    let given = appends.iter().filter_map(|append| append.given.as_ref().map(|(stream, _)| stream));
    let streams: BTreeSet<&StreamName> = own.chain(given).collect();
    let ids: Vec<String> = appends
        .iter()
        .flat_map(|append| &append.events)
        .map(|event| event.id.0.simple().to_string())
        .collect();
    let keys: Vec<&str> = appends
        .iter()
        .filter_map(|append| append.idempotency.as_ref())
        .map(|entry| entry.key.as_str())
        .collect();
    let rows = sqlx::query(BEGIN_AND_LOAD)
        .bind(json(&streams)?)
        .bind(json(&ids)?)
        .bind(json(&keys)?)
        .fetch_all(writer)
        .await?;
    let (mut ledger, mut digest) = (Ledger::default(), Digest::EMPTY);
    for row in &rows {
        match row.try_get::<i64, _>(0)? {
            0 => {
                digest = digest::from_columns(row.try_get(1)?, row.try_get(2)?)?;
                ledger.head = Position(digest.count);
            }
            1 => ledger.revisions = revisions(&streams, row.try_get(1)?)?,
            2 => {
                ledger.places.insert(EventId(row.try_get::<Uuid, _>(1)?), place(row)?);
            }
            _ => {
                ledger.keys.insert(row.try_get(1)?);
            }
        }
    }
    Ok((ledger, digest))
}

/// The heads of those streams that have one.
fn revisions(
    streams: &BTreeSet<&StreamName>,
    heads: &str,
) -> Result<HashMap<StreamName, Revision>, sqlx::Error> {
    let heads: Vec<Option<u64>> =
        serde_json::from_str(heads).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let heads = streams.iter().zip(heads);
    Ok(heads.filter_map(|(stream, head)| Some(((*stream).clone(), Revision(head?)))).collect())
}

fn place(row: &SqliteRow) -> Result<Place, sqlx::Error> {
    let stream: String = row.try_get(2)?;
    Ok(Place {
        stream: StreamName::new(stream).map_err(|error| sqlx::Error::Decode(error.into()))?,
        revision: Revision(number(row.try_get(3)?)?),
        position: Position(number(row.try_get(4)?)?),
    })
}

/// A set as the parameter of `json_each`.
pub(super) fn json(set: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(set).map_err(|error| sqlx::Error::Encode(error.into()))
}
