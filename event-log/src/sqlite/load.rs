//! What a batch must know before it can be decided: three queries, whatever its size.
//!
//! Sets go in as one JSON array each, so that the statements never change and stay prepared.

use std::collections::{BTreeSet, HashMap};

use events::{Digest, EventId, Position, Revision, StreamName};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{digest, idempotency, row::number};
use crate::{
    Append,
    group_commit::{Ledger, Place},
};

/// Reads the ledger of a batch, within its transaction.
pub(super) async fn ledger(
    transaction: &mut SqliteConnection,
    appends: &[&Append],
) -> Result<Ledger, sqlx::Error> {
    let (digest, revisions) = heads(transaction, appends).await?;
    Ok(Ledger {
        head: Position(digest.count),
        digest,
        revisions,
        places: places(transaction, appends).await?,
        keys: idempotency::taken(transaction, appends).await?,
    })
}

/// The digest of the log, and the head of each stream concerned which has events.
async fn heads(
    transaction: &mut SqliteConnection,
    appends: &[&Append],
) -> Result<(Digest, HashMap<StreamName, Revision>), sqlx::Error> {
    let streams: BTreeSet<&StreamName> = appends.iter().map(|append| &append.stream).collect();
    let rows = sqlx::query(
        "SELECT NULL, position, hash
         FROM (SELECT position, hash FROM digest ORDER BY position DESC LIMIT 1)
         UNION ALL
         SELECT value, (SELECT max(revision) FROM event WHERE stream = value), NULL
         FROM json_each(?1)",
    )
    .bind(json(&streams)?)
    .fetch_all(transaction)
    .await?;
    let mut digest = Digest::EMPTY;
    let mut revisions = HashMap::with_capacity(streams.len());
    for row in &rows {
        let Some(reached) = row.try_get::<Option<i64>, _>(1)? else { continue };
        match row.try_get::<Option<String>, _>(0)? {
            None => digest = digest::from_columns(reached, row.try_get(2)?)?,
            Some(stream) => {
                revisions.insert(name(stream)?, Revision(number(reached)?));
            }
        }
    }
    Ok((digest, revisions))
}

/// Where those of the batch's events stand that the log has already.
async fn places(
    transaction: &mut SqliteConnection,
    appends: &[&Append],
) -> Result<HashMap<EventId, Place>, sqlx::Error> {
    let ids: Vec<String> = appends
        .iter()
        .flat_map(|append| &append.events)
        .map(|event| event.id.0.simple().to_string())
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let place = |row: SqliteRow| {
        let place = Place {
            stream: name(row.try_get(1)?)?,
            revision: Revision(number(row.try_get(2)?)?),
            position: Position(number(row.try_get(3)?)?),
        };
        Ok((EventId(row.try_get::<Uuid, _>(0)?), place))
    };
    // CROSS JOIN makes SQLite go from the few ids to the index, never the other way round.
    sqlx::query(
        "SELECT event.id, event.stream, event.revision, event.position
         FROM json_each(?1) CROSS JOIN event ON event.id = unhex(json_each.value)",
    )
    .bind(json(&ids)?)
    .fetch_all(transaction)
    .await?
    .into_iter()
    .map(place)
    .collect()
}

/// A set as the parameter of `json_each`.
pub(super) fn json(set: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(set).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn name(stream: String) -> Result<StreamName, sqlx::Error> {
    StreamName::new(stream).map_err(|error| sqlx::Error::Decode(error.into()))
}
