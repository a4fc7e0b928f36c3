//! Writes the events of a batch, and commits.

use std::sync::LazyLock;

use events::{Digest, NewEvent, Position, Revision, StreamName};
use sqlx::SqliteConnection;

use super::insert::{Binding, Insert, ROWS_MAX};
use crate::{
    Append,
    group_commit::Accepted,
    sql::{columns, integer},
};

static INTO_EVENT: LazyLock<Insert> = LazyLock::new(|| Insert::into("event", columns!(), ""));

/// The last rows of a transaction take the digest and the commit with them: one trip for all.
static INTO_EVENT_AND_COMMIT: LazyLock<Insert> = LazyLock::new(|| {
    let then = "INSERT INTO digest (position, hash) VALUES (?, ?); COMMIT";
    Insert::into("event", columns!(), then)
});

/// An event and its place.
pub(super) struct Row<'a> {
    pub(super) position: Position,
    pub(super) stream: &'a StreamName,
    pub(super) revision: Revision,
    pub(super) event: &'a NewEvent,
}

/// Writes the events of all accepted appends, and `digest`, which is that of the log with them; then
/// commits.
pub(super) async fn commit(
    transaction: &mut SqliteConnection,
    accepted: &[(&Append, Accepted)],
    digest: Digest,
) -> Result<(), sqlx::Error> {
    let rows: Vec<Row<'_>> = accepted.iter().flat_map(|(append, at)| rows(append, *at)).collect();
    commit_rows(transaction, &rows, digest).await
}

/// Writes events, and `digest`, which is that of the log with them; then commits.
pub(super) async fn commit_rows(
    transaction: &mut SqliteConnection,
    rows: &[Row<'_>],
    digest: Digest,
) -> Result<(), sqlx::Error> {
    // Of keys alone there may be something to commit too.
    if rows.is_empty() {
        return sqlx::query("COMMIT").execute(transaction).await.map(drop);
    }
    let (first, last) = rows.split_at((rows.len() - 1) / ROWS_MAX * ROWS_MAX);
    INTO_EVENT.rows(transaction, first, bind).await?;
    let position = integer(digest.count)?;
    let bind_digest = |query| Binding::bind(query, position).bind(digest.hash.to_vec());
    INTO_EVENT_AND_COMMIT.chunk(transaction, last, bind, bind_digest).await
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

fn bind(query: Binding, row: &Row<'_>) -> Result<Binding, sqlx::Error> {
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
