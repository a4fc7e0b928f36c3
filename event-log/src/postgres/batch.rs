//! One batch: decided on what is presumed, and written if the log says that it is so.
//!
//! The ledger decides on the presumption as it would on the truth, and its verdicts stand if the log
//! confirms the whole of it, under its lock; nearly always it does, and then a batch is one trip. Where it
//! does not, it tells the truth, which is decided upon in its stead and presumed in the next trip.

use events::Position;
use sqlx::{Connection, PgConnection};

use super::call::{self, Answer};
use crate::{
    Append, AppendError,
    group_commit::{Accepted, Committed, Ledger, Verdict},
};

/// How often the log is asked before the lock is held over more than one trip.
const TRIPS_MAX: usize = 3;

/// Trips under the lock: the first may tell the truth, which stays true for the second.
const TRIPS_LOCKED_MAX: usize = 2;

/// A batch that is durable, and the ledger with it.
pub(super) type Done = (Committed, Ledger);

/// Decides and writes a batch.
pub(super) async fn commit(
    connection: &mut PgConnection,
    mut presumed: Ledger,
    appends: &[&Append],
) -> Result<Done, sqlx::Error> {
    for _ in 0..TRIPS_MAX {
        match trip(connection, presumed, appends).await? {
            Ok(done) => return Ok(done),
            Err(truth) => presumed = truth,
        }
    }
    under_lock(connection, presumed, appends).await
}

/// The same in a transaction, which has the lock from its first trip on.
async fn under_lock(
    connection: &mut PgConnection,
    mut presumed: Ledger,
    appends: &[&Append],
) -> Result<Done, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for _ in 0..TRIPS_LOCKED_MAX {
        match trip(&mut transaction, presumed, appends).await? {
            Ok(done) => {
                transaction.commit().await?;
                return Ok(done);
            }
            Err(truth) => presumed = truth,
        }
    }
    Err(sqlx::Error::InvalidArgument("the log changed under its lock".to_owned()))
}

/// Asks once. Gives the truth where that is other than was presumed and something is to be written.
async fn trip(
    connection: &mut PgConnection,
    presumed: Ledger,
    appends: &[&Append],
) -> Result<Result<Done, Ledger>, sqlx::Error> {
    let (mut verdicts, after) = decided(&presumed, appends);
    let accepted = accepted(appends, &verdicts);
    let has_written = !accepted.is_empty();
    match call::append(connection, &presumed, appends, &accepted).await? {
        Answer::Written(head) => {
            move_up(&mut verdicts, presumed.head, head);
            let head = Position(head.0 + (after.head.0 - presumed.head.0));
            Ok(Ok((Committed { verdicts, head, has_written }, after)))
        }
        Answer::Truth(truth) => {
            let (verdicts, after) = decided(&truth, appends);
            let accepts = verdicts.iter().any(|v| matches!(v, Ok(Verdict::Accepted(_))));
            match accepts {
                true => Ok(Err(truth)),
                // All of it was true at one moment, which is as good as now.
                false => {
                    Ok(Ok((Committed { verdicts, head: truth.head, has_written: false }, after)))
                }
            }
        }
    }
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
