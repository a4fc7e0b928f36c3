//! The one way in which anything is written: at an exact revision. So the server recognises it when it
//! is sent again, however long ago the first was, and who was faster is found out.

use events::{Position, Revision};
use eventstore::{AppendToStreamOptions, DeleteStreamOptions, EventData, StreamState};

use super::{connection::Connection, failure::Failure, stream_state};

/// Where the last event that was written stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub(super) revision: Revision,
    /// `None` where the server does not tell, as it may for what it had already.
    pub(super) position: Option<Position>,
}

/// Appends events to a stream that is at `at`.
pub(super) async fn append(
    connection: &Connection,
    name: &str,
    at: Revision,
    events: &[EventData],
) -> Result<Written, Failure> {
    let options = options(connection).stream_state(stream_state(at));
    let written = connection
        .call(|client| {
            let (options, events) = (&options, events.to_vec());
            async move { client.append_to_stream(name, options, events).await }
        })
        .await?;
    let position = Position(written.position.commit);
    let is_told = position > Position::START && position.0 != u64::MAX;
    Ok(Written {
        revision: super::revision(written.next_expected_version),
        position: is_told.then_some(position),
    })
}

/// Appends an event wherever a stream is, once.
pub(super) async fn try_append(
    connection: &Connection,
    name: &str,
    event: EventData,
) -> Result<(), Failure> {
    let options = options(connection).stream_state(StreamState::Any);
    let written = connection.call_once(|client| {
        let (options, event) = (&options, event.clone());
        async move { client.append_to_stream(name, options, event).await }
    });
    written.await.map(drop)
}

/// Deletes a stream that is at `at`. It may be written again afterwards.
pub(super) async fn delete(
    connection: &Connection,
    name: &str,
    at: Revision,
) -> Result<(), Failure> {
    let options = DeleteStreamOptions::default()
        .deadline(connection.deadline)
        .requires_leader(true)
        .stream_state(stream_state(at));
    let deleted = connection.call(|client| {
        let options = &options;
        async move { client.delete_stream(name, options).await }
    });
    deleted.await.map(drop)
}

fn options(connection: &Connection) -> AppendToStreamOptions {
    AppendToStreamOptions::default().deadline(connection.deadline).requires_leader(true)
}
