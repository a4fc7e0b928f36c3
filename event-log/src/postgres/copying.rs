//! Copying: taking over recorded events and remembered keys of another log.
//!
//! Over a connection of its own, so that the appender goes on and the queue knows nothing of it; the lock
//! keeps the two apart. What does the writing is the function that appends.

use std::time::Duration;

use events::{Digest, NewEvent, Position, RecordedEvent, Revision};
use sqlx::{Connection, PgConnection};

use super::{
    PostgresLogOptions,
    batch::LOCK,
    call, connect, digest,
    failure::{damaged, log_error},
    idempotency,
    presumption::Presumption,
    session::answered,
};
use crate::{
    Append, Appended, Expected, LogError, RESTORE_EVENTS_MAX, RESTORE_KEYS_MAX, RememberedKey,
    RestoreError,
    group_commit::{Accepted, Ledger},
};

/// Takes over events where the log is at the digest `after`; gives the digest with them.
pub(super) async fn restore(
    options: &PostgresLogOptions,
    after: Digest,
    events: Vec<RecordedEvent>,
) -> Result<Digest, RestoreError> {
    at_most("events", events.len(), RESTORE_EVENTS_MAX)?;
    let (_, mut connection) = connect(options).await?;
    let (mut digest, mut rest) = (after, events.into_iter().peekable());
    // Also where there are none: then the digest is all that is looked at.
    loop {
        let (mut part, mut bytes) = (Vec::new(), 0);
        while bytes < options.batch_bytes_max
            && let Some(event) = rest.next()
        {
            bytes += event.data.get().len();
            part.push(event);
        }
        let limit = options.statement_timeout;
        digest = restore_part(&mut connection, digest, part, limit).await.map_err(log_error)??;
        if rest.peek().is_none() {
            return Ok(digest);
        }
    }
}

/// One transaction, each trip of which may take the server as long as `limit`. What is refused is no error of the database's, so it is told apart.
async fn restore_part(
    connection: &mut PgConnection,
    after: Digest,
    events: Vec<RecordedEvent>,
    limit: Duration,
) -> Result<Result<Digest, RestoreError>, sqlx::Error> {
    let mut transaction = answered(limit, connection.begin()).await?;
    answered(limit, sqlx::query(LOCK).execute(&mut *transaction)).await?;
    let actual = answered(limit, digest::kept(&mut *transaction, Position(u64::MAX))).await?;
    if actual != after {
        return Ok(Err(RestoreError::NotTheBeginning { actual }));
    }
    let digest = events.iter().fold(after, Digest::extend);
    let (appends, places, presumed) = as_accepted(after, events);
    let appends: Vec<&Append> = appends.iter().collect();
    let accepted: Vec<(&Append, Accepted)> = appends.iter().copied().zip(places).collect();
    let written = call::append(&mut transaction, &presumed, &appends, &accepted);
    if answered(limit, written).await?.is_none() {
        let reason = "what was to be restored contradicts what precedes it".to_owned();
        return Ok(Err(damaged(reason).into()));
    }
    let written = answered(limit, digest::kept(&mut *transaction, Position(u64::MAX))).await?;
    if written != digest {
        return Ok(Err(damaged(format!("it was to be {digest}, and became {written}")).into()));
    }
    answered(limit, transaction.commit()).await?;
    Ok(Ok(digest))
}

/// The events as appends of one each that were accepted where they are, and what that presumes: that each
/// stream is where its first event follows.
fn as_accepted(
    after: Digest,
    events: Vec<RecordedEvent>,
) -> (Vec<Append>, Vec<Accepted>, Presumption) {
    let mut ledger = Ledger { head: Position(after.count), ..Ledger::default() };
    let (mut appends, mut places) = (Vec::new(), Vec::new());
    for (event, position) in events.into_iter().zip(after.count + 1..) {
        let RecordedEvent {
            stream, revision, id, event_type, schema_version, metadata, data, ..
        } = event;
        let before = Revision(revision.0.saturating_sub(1));
        ledger.revisions.entry(stream.clone()).or_insert(before);
        let event = NewEvent { id, event_type, schema_version, metadata, data };
        appends.push(Append::new(stream, Expected::Exact(before), vec![event]));
        let appended = Appended { revision, position: Position(position) };
        places.push(Accepted {
            first_revision: revision,
            first_position: appended.position,
            appended,
        });
    }
    // Nobody has seen any of it.
    let unseen = ledger.revisions.keys().cloned().collect();
    (appends, places, Presumption { ledger, unseen })
}

/// Remembers keys that are not taken; gives how many.
pub(super) async fn restore_keys(
    options: &PostgresLogOptions,
    keys: &[RememberedKey],
) -> Result<u64, LogError> {
    at_most("keys", keys.len(), RESTORE_KEYS_MAX)?;
    let (_, mut connection) = connect(options).await?;
    let restored = idempotency::restore(&mut connection, keys);
    answered(options.statement_timeout, restored).await.map_err(log_error)
}

fn at_most(what: &str, actual: usize, limit: usize) -> Result<(), LogError> {
    if actual <= limit {
        return Ok(());
    }
    Err(LogError::Unavailable(format!("{actual} {what} are more than the {limit} of one call")))
}
