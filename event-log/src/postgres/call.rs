//! The call of the function that appends (`migrations/postgres/log`): what is presumed and what is to be
//! written go in as arrays, so that the statement never changes and stays prepared.

use std::collections::HashMap;

use events::{Digest, EventId, NewEvent, Position, Revision, StreamName};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::row::{integer, number};
use crate::{
    Append,
    group_commit::{Accepted, Ledger, Place},
};

const CALL: &str = "
    SELECT as_presumed, head, actual_heads, known_ids, known_streams, known_revisions, known_positions,
           taken_keys
    FROM cinelog_log.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                            $17, $18, $19, $20, $21, $22, $23)";

/// What the log says to a presumption.
pub(super) enum Answer {
    /// It is so, and what was to be written is. Positions follow this one.
    Written(Position),
    /// It is not so; nothing was written. This is so.
    Truth(Ledger),
}

/// Writes what was accepted, if all of `presumed` is so.
///
/// Of the ids and keys of `appends` those are not asked for that are known to be in the log: an event
/// stays where it is, and a key that is forgotten meanwhile was taken all the same.
pub(super) async fn append(
    connection: &mut PgConnection,
    presumed: &Ledger,
    appends: &[&Append],
    accepted: &[(&Append, Accepted)],
) -> Result<Answer, sqlx::Error> {
    let streams: Vec<(&StreamName, &Revision)> = presumed.revisions.iter().collect();
    let ids = appends.iter().flat_map(|append| &append.events).map(|event| event.id);
    let keys = appends.iter().filter_map(|append| Some(append.idempotency.as_ref()?.key.as_str()));
    let query = sqlx::query(CALL)
        .bind(streams.iter().map(|(stream, _)| stream.as_str()).collect::<Vec<_>>())
        .bind(integers(streams.iter().map(|(_, revision)| revision.0))?)
        .bind(ids.filter(|id| !presumed.places.contains_key(id)).map(|id| id.0).collect::<Vec<_>>())
        .bind(keys.filter(|key| !presumed.keys.contains(*key)).collect::<Vec<_>>());
    let query = bind_entries(bind_events(query, accepted)?, presumed.head, accepted)?;
    let row = query.fetch_one(connection).await?;
    let head = Position(number(row.try_get("head")?)?);
    if row.try_get("as_presumed")? {
        return Ok(Answer::Written(head));
    }
    let streams: Vec<&StreamName> = streams.iter().map(|(stream, _)| *stream).collect();
    truth(&row, head, &streams, presumed).map(Answer::Truth)
}

type Query = sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn bind_events(query: Query, accepted: &[(&Append, Accepted)]) -> Result<Query, sqlx::Error> {
    let events = || {
        accepted.iter().flat_map(|(append, at)| {
            let revisions = at.first_revision.0..;
            append.events.iter().zip(revisions).map(|(event, revision)| (*append, revision, event))
        })
    };
    let metadata = || events().map(|(_, _, event)| &event.metadata);
    Ok(query
        .bind(events().map(|(append, ..)| append.stream.as_str()).collect::<Vec<_>>())
        .bind(integers(events().map(|(_, revision, _)| revision))?)
        .bind(events().map(|(.., event)| event.id.0).collect::<Vec<_>>())
        .bind(events().map(|(.., event)| event.event_type.as_str()).collect::<Vec<_>>())
        .bind(events().map(|(.., event)| i64::from(event.schema_version)).collect::<Vec<_>>())
        .bind(metadata().map(|of| of.recorded_at.as_microsecond()).collect::<Vec<_>>())
        .bind(metadata().map(|of| of.actor.map(|actor| actor.0)).collect::<Vec<_>>())
        .bind(metadata().map(|of| of.correlation_id.as_deref()).collect::<Vec<_>>())
        .bind(metadata().map(|of| of.causation_id.map(|cause| cause.0)).collect::<Vec<_>>())
        .bind(metadata().map(|of| of.traceparent.as_deref()).collect::<Vec<_>>())
        .bind(metadata().map(|of| of.idempotency_key.as_deref()).collect::<Vec<_>>())
        .bind(events().map(|(.., event)| event.data.get()).collect::<Vec<_>>())
        .bind(events().map(form).collect::<Vec<_>>()))
}

fn form((append, revision, event): (&Append, u64, &NewEvent)) -> Vec<u8> {
    Digest::form_of_new(&append.stream, Revision(revision), event)
}

fn bind_entries(
    query: Query,
    head: Position,
    accepted: &[(&Append, Accepted)],
) -> Result<Query, sqlx::Error> {
    let entries: Vec<_> = accepted
        .iter()
        .filter_map(|(append, at)| Some((append.idempotency.as_ref()?, at.appended)))
        .collect();
    let answers = entries.iter().map(|(entry, _)| serde_json::to_string(&entry.answer));
    let answers: Vec<String> =
        answers.collect::<Result<_, _>>().map_err(|error| sqlx::Error::Encode(error.into()))?;
    Ok(query
        .bind(entries.iter().map(|(entry, _)| entry.key.as_str()).collect::<Vec<_>>())
        .bind(entries.iter().map(|(entry, _)| entry.fingerprint.as_str()).collect::<Vec<_>>())
        .bind(answers)
        .bind(integers(entries.iter().map(|(_, at)| at.revision.0))?)
        .bind(integers(entries.iter().map(|(_, at)| at.position.0 - head.0))?)
        .bind(
            entries.iter().map(|(entry, _)| entry.recorded_at.as_microsecond()).collect::<Vec<_>>(),
        ))
}

/// The ledger as the log has it, with what was known of it before.
fn truth(
    row: &PgRow,
    head: Position,
    streams: &[&StreamName],
    presumed: &Ledger,
) -> Result<Ledger, sqlx::Error> {
    let heads: Vec<i64> = row.try_get("actual_heads")?;
    let mut revisions = HashMap::with_capacity(streams.len());
    for (stream, revision) in streams.iter().zip(heads) {
        revisions.insert((*stream).clone(), Revision(number(revision)?));
    }
    let (mut places, mut keys) = (presumed.places.clone(), presumed.keys.clone());
    // NULL where none is known.
    if let Some(ids) = row.try_get::<Option<Vec<Uuid>>, _>("known_ids")? {
        let streams: Vec<String> = row.try_get("known_streams")?;
        let revisions: Vec<i64> = row.try_get("known_revisions")?;
        let positions: Vec<i64> = row.try_get("known_positions")?;
        for (((id, stream), revision), position) in
            ids.into_iter().zip(streams).zip(revisions).zip(positions)
        {
            let place = Place {
                stream: StreamName::new(stream)
                    .map_err(|error| sqlx::Error::Decode(error.into()))?,
                revision: Revision(number(revision)?),
                position: Position(number(position)?),
            };
            places.insert(EventId(id), place);
        }
    }
    keys.extend(row.try_get::<Option<Vec<String>>, _>("taken_keys")?.unwrap_or_default());
    Ok(Ledger { head, revisions, places, keys })
}

fn integers(numbers: impl Iterator<Item = u64>) -> Result<Vec<i64>, sqlx::Error> {
    numbers.map(integer).collect()
}
