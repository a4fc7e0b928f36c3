//! The call of the function that appends (`migrations/postgres/log`): what is presumed and what is to be
//! written go in as arrays, so that the statement never changes and stays prepared.

use std::collections::HashSet;

use events::{Digest, EventId, NewEvent, Position, Revision, StreamName};
use sqlx::{PgConnection, Row};

use super::presumption::Presumption;
use crate::{
    Append,
    group_commit::Accepted,
    sql::{integer, number},
};

const CALL: &str = "
    SELECT cinelog_log.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                              $17, $18, $19, $20, $21, $22, $23)";

/// Writes what was accepted, if all that is presumed is so: gives the position before it. `None`: it is not
/// so, and nothing was written.
///
/// What is accepted proves by itself that its ids and keys are free, and that its streams have not gone
/// on. The rest is looked at: streams that nobody has seen where they are presumed, those that are not written
/// to, and ids and keys of what is not accepted. An event that is known to be there stays where it
/// is, and a key that is forgotten meanwhile was taken all the same.
pub(super) async fn append(
    connection: &mut PgConnection,
    presumed: &Presumption,
    appends: &[&Append],
    accepted: &[(&Append, Accepted)],
) -> Result<Option<Position>, sqlx::Error> {
    let written: HashSet<&StreamName> = accepted
        .iter()
        .filter(|(append, _)| !append.events.is_empty())
        .map(|(append, _)| &append.stream)
        .collect();
    let (streams, heads): (Vec<&str>, Vec<u64>) = (presumed.ledger.revisions.iter())
        .filter(|(stream, _)| presumed.unseen.contains(*stream) || !written.contains(stream))
        .map(|(stream, revision)| (stream.as_str(), revision.0))
        .unzip();
    let (ids, keys) = of_others(presumed, appends, accepted);
    let query = sqlx::query(CALL)
        .bind(streams)
        .bind(integers(heads.into_iter())?)
        .bind(ids.into_iter().map(|id| id.0).collect::<Vec<_>>())
        .bind(keys);
    let query = bind_entries(bind_events(query, accepted)?, presumed.ledger.head, accepted)?;
    let head: Option<i64> = query.fetch_one(connection).await?.try_get(0)?;
    head.map(|head| number(head).map(Position)).transpose()
}

/// The ids and keys of the appends that are not accepted, as far as they are presumed to be free.
fn of_others<'a>(
    presumed: &Presumption,
    appends: &[&'a Append],
    accepted: &[(&Append, Accepted)],
) -> (Vec<EventId>, Vec<&'a str>) {
    let (mut ids, mut keys) = (Vec::new(), Vec::new());
    let mut accepted = accepted.iter().map(|(append, _)| *append).peekable();
    for append in appends {
        // Those that are accepted stand in the order of all.
        if accepted.next_if(|accepted| std::ptr::eq(*accepted, *append)).is_some() {
            continue;
        }
        let new = |id: &EventId| !presumed.ledger.places.contains_key(id);
        ids.extend(append.events.iter().map(|event| event.id).filter(new));
        let key = append.idempotency.as_ref().map(|entry| entry.key.as_str());
        keys.extend(key.filter(|key| !presumed.ledger.keys.contains(*key)));
    }
    (ids, keys)
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

fn integers(numbers: impl Iterator<Item = u64>) -> Result<Vec<i64>, sqlx::Error> {
    numbers.map(integer).collect()
}
