//! Writes the events of a batch.

use std::sync::LazyLock;

use events::{NewEvent, Position, Revision, StreamName};
use sqlx::SqliteConnection;

use super::{
    insert::{Binding, Insert},
    row::{columns, integer},
};
use crate::{Append, group_commit::Accepted};

static INTO_EVENT: LazyLock<Insert> = LazyLock::new(|| Insert::into("event", columns!()));

struct Row<'a> {
    position: Position,
    stream: &'a StreamName,
    revision: Revision,
    event: &'a NewEvent,
}

/// Writes the events of all accepted appends.
pub(super) async fn events(
    transaction: &mut SqliteConnection,
    accepted: &[(&Append, Accepted)],
) -> Result<(), sqlx::Error> {
    let rows: Vec<Row<'_>> = accepted.iter().flat_map(|(append, at)| rows(append, *at)).collect();
    INTO_EVENT.rows(transaction, &rows, bind).await
}

fn rows(append: &Append, at: Accepted) -> impl Iterator<Item = Row<'_>> {
    let places = (at.first_revision.0..).zip(at.first_position.0..);
    append.events.iter().zip(places).map(|(event, (revision, position))| Row {
        position: Position(position),
        stream: &append.stream,
        revision: Revision(revision),
        event,
    })
}

fn bind<'q>(query: Binding<'q>, row: &Row<'_>) -> Result<Binding<'q>, sqlx::Error> {
    let Row { position, stream, revision, event } = row;
    let metadata = &event.metadata;
    Ok(query
        .bind(integer(position.0)?)
        .bind(stream.as_str().to_owned())
        .bind(integer(revision.0)?)
        .bind(event.id.0)
        .bind(event.event_type.clone())
        .bind(event.schema_version)
        .bind(metadata.recorded_at.as_microsecond())
        .bind(metadata.actor.map(|actor| actor.0))
        .bind(metadata.correlation_id.clone())
        .bind(metadata.causation_id.map(|cause| cause.0))
        .bind(metadata.traceparent.clone())
        .bind(metadata.idempotency_key.clone())
        .bind(event.data.get().to_owned()))
}
