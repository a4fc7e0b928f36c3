//! One batch: decided on what is presumed, and written if the log says that it is so.
//!
//! The ledger decides on the presumption as it would on the truth, and its verdicts stand if the log
//! confirms the whole of it, under its lock; nearly always it does, and then a batch is one trip. Where it
//! does not, the log is looked at, and what is seen there is presumed in its stead.

use std::time::Duration;

use events::Position;
use sqlx::{Connection, PgConnection};

use super::{call, look::look, presumption::Presumption, session::answered};
use crate::{
    Append, AppendError,
    group_commit::{Accepted, Committed, Ledger, Verdict},
};

/// Takes the lock that everybody holds who writes, until the transaction ends.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(cinelog_log.lock_key())";

/// How often it is tried before the lock is held over more than one trip.
const TRIES_MAX: usize = 2;

/// A batch that is durable, and the ledger with it.
pub(super) type Done = (Committed, Ledger);

/// Decides and writes a batch. Each trip may take the server as long as `limit`.
pub(super) async fn commit(
    connection: &mut PgConnection,
    mut presumed: Presumption,
    appends: &[&Append],
    limit: Duration,
) -> Result<Done, sqlx::Error> {
    for _ in 0..TRIES_MAX {
        if let Some(done) = write(connection, &presumed, appends, limit).await? {
            return Ok(done);
        }
        presumed = answered(limit, look(connection, appends)).await?;
        if let Some(done) = refused(&presumed.ledger, appends) {
            return Ok(done);
        }
    }
    under_lock(connection, appends, limit).await
}

/// The same in a transaction that has the lock before it looks: then what it sees stays so.
async fn under_lock(
    connection: &mut PgConnection,
    appends: &[&Append],
    limit: Duration,
) -> Result<Done, sqlx::Error> {
    let mut transaction = answered(limit, connection.begin()).await?;
    answered(limit, sqlx::query(LOCK).execute(&mut *transaction)).await?;
    let seen = answered(limit, look(&mut transaction, appends)).await?;
    if let Some(done) = refused(&seen.ledger, appends) {
        answered(limit, transaction.rollback()).await?;
        return Ok(done);
    }
    match write(&mut transaction, &seen, appends, limit).await? {
        Some(done) => {
            answered(limit, transaction.commit()).await?;
            Ok(done)
        }
        None => Err(sqlx::Error::InvalidArgument("the log changed under its lock".to_owned())),
    }
}

/// Decides on what is presumed, and writes that if it is so. `None`: it is not.
async fn write(
    connection: &mut PgConnection,
    presumed: &Presumption,
    appends: &[&Append],
    limit: Duration,
) -> Result<Option<Done>, sqlx::Error> {
    let before = presumed.ledger.head;
    let (mut verdicts, after) = decided(&presumed.ledger, appends);
    let accepted = accepted(appends, &verdicts);
    let has_written = !accepted.is_empty();
    let written = call::append(connection, presumed, appends, &accepted);
    let Some(head) = answered(limit, written).await? else {
        return Ok(None);
    };
    move_up(&mut verdicts, before, head);
    let head = Position(head.0 + (after.head.0 - before.0));
    Ok(Some((Committed { verdicts, head, has_written }, after)))
}

/// Where nothing is to be written, the verdicts on what was seen at one moment: that is as good as now.
fn refused(seen: &Ledger, appends: &[&Append]) -> Option<Done> {
    let (verdicts, after) = decided(seen, appends);
    let accepts = verdicts.iter().any(|verdict| matches!(verdict, Ok(Verdict::Accepted(_))));
    (!accepts).then_some((Committed { verdicts, head: seen.head, has_written: false }, after))
}

type Verdicts = Vec<Result<Verdict, AppendError>>;

/// The verdict on each append, and the ledger with what is accepted.
fn decided(before: &Ledger, appends: &[&Append]) -> (Verdicts, Ledger) {
    let mut ledger = before.clone();
    (appends.iter().map(|append| ledger.decide(append)).collect(), ledger)
}

fn accepted<'a>(appends: &[&'a Append], verdicts: &Verdicts) -> Vec<(&'a Append, Accepted)> {
    let of = |(append, verdict): (&&'a Append, &Result<Verdict, AppendError>)| match verdict {
        Ok(Verdict::Accepted(accepted)) => Some((*append, *accepted)),
        _ => None,
    };
    appends.iter().zip(verdicts).filter_map(of).collect()
}

/// Moves what was decided after one head to where it came to stand, after another. What was in the log
/// before stays where it is: it is no later than the head that was presumed.
fn move_up(verdicts: &mut Verdicts, presumed: Position, actual: Position) {
    let by = actual.0 - presumed.0;
    for verdict in verdicts.iter_mut().flatten() {
        match verdict {
            Verdict::Accepted(accepted) => {
                accepted.first_position.0 += by;
                accepted.appended.position.0 += by;
            }
            Verdict::Repeated(appended) if appended.position > presumed => {
                appended.position.0 += by;
            }
            Verdict::Repeated(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use events::{EventId, Metadata, NewEvent, Revision, StreamName};
    use jiff::Timestamp;
    use proving_ground::Database;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;
    use crate::{
        Expected,
        postgres::{PostgresLog, PostgresLogOptions},
    };

    const LIMIT: Duration = Duration::from_secs(10);

    fn append(id: u128, expected: Expected) -> Append {
        let event = NewEvent {
            id: EventId(Uuid::from_u128(id)),
            event_type: "Happened".to_owned(),
            schema_version: 1,
            metadata: Metadata::at(Timestamp::UNIX_EPOCH),
            data: RawValue::from_string("{}".to_owned()).unwrap(),
        };
        Append::new(StreamName::new("movie-1").unwrap(), expected, vec![event])
    }

    async fn database() -> (Database, PgConnection) {
        let database = Database::new().await;
        PostgresLog::open(PostgresLogOptions::at(database.url())).await.unwrap();
        let connection = database.connect().await;
        (database, connection)
    }

    fn positions(done: Done) -> Vec<Option<u64>> {
        let position = |verdict: Result<Verdict, AppendError>| match verdict.ok()? {
            Verdict::Accepted(accepted) => Some(accepted.appended.position.0),
            Verdict::Repeated(appended) => Some(appended.position.0),
        };
        done.0.verdicts.into_iter().map(position).collect()
    }

    #[tokio::test]
    async fn under_its_lock_a_batch_is_decided_on_what_is_there() {
        let (_database, mut connection) = database().await;
        let (first, second) = (append(1, Expected::NoStream), append(2, Expected::Any));
        let conflict = append(3, Expected::NoStream);
        let done = under_lock(&mut connection, &[&first], LIMIT).await.unwrap();
        assert_eq!(positions(done), [Some(1)]);
        let done = under_lock(&mut connection, &[&conflict, &second, &first], LIMIT).await.unwrap();
        assert_eq!(positions(done), [None, Some(2), Some(1)]);
        let done = under_lock(&mut connection, &[&conflict, &second], LIMIT).await.unwrap();
        assert_eq!(positions(done), [None, Some(2)]);
        // And the lock is free.
        let done = under_lock(&mut connection, &[&append(4, Expected::Any)], LIMIT).await.unwrap();
        assert_eq!(positions(done), [Some(3)]);
    }

    #[tokio::test]
    async fn what_is_presumed_wrongly_is_not_written() {
        let (_database, mut connection) = database().await;
        let first = append(1, Expected::NoStream);
        under_lock(&mut connection, &[&first], LIMIT).await.unwrap();
        let stream = first.stream.clone();
        let again = append(1, Expected::Any);
        let new = append(2, Expected::Any);
        // Where the stream is presumed, whether somebody has seen it there, and what is written.
        for (revision, seen, append) in
            [(0, true, &new), (0, false, &new), (2, false, &new), (1, true, &again)]
        {
            let mut presumed = Presumption::seen(Ledger::default());
            presumed.ledger.revisions.insert(stream.clone(), Revision(revision));
            if !seen {
                presumed.unseen.insert(stream.clone());
            }
            let written = write(&mut connection, &presumed, &[append], LIMIT).await.unwrap();
            assert!(written.is_none(), "at {revision}");
        }
        let done = under_lock(&mut connection, &[&new], LIMIT).await.unwrap();
        assert_eq!(positions(done), [Some(2)]);
    }
}
