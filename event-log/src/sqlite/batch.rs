//! One batch, one transaction: read what it concerns, decide each append, write what was accepted.

use events::Position;
use sqlx::{Connection, SqliteConnection};

use super::{digest, idempotency, load, write};
use crate::{
    Append, AppendError,
    group_commit::{Accepted, Verdict},
};

/// A batch that is durable.
pub(super) struct Committed {
    /// What became of each append, in their order.
    pub(super) verdicts: Vec<Result<Verdict, AppendError>>,
    /// The position that the log has reached.
    pub(super) head: Position,
}

/// Decides and writes a batch.
///
/// The lock of `BEGIN IMMEDIATE` is taken before anything is read and held until the commit, so that
/// positions become visible in their order whoever else writes to the file.
pub(super) async fn commit(
    writer: &mut SqliteConnection,
    appends: &[&Append],
) -> Result<Committed, sqlx::Error> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let mut ledger = load::ledger(&mut transaction, appends).await?;
    let verdicts: Vec<_> = appends.iter().map(|append| ledger.decide(append)).collect();
    let accepted: Vec<(&Append, Accepted)> = appends
        .iter()
        .zip(&verdicts)
        .filter_map(|(append, verdict)| match verdict {
            Ok(Verdict::Accepted(accepted)) => Some((*append, *accepted)),
            _ => None,
        })
        .collect();
    write::events(&mut transaction, &accepted).await?;
    idempotency::remember(&mut transaction, &accepted).await?;
    let digest = digest::with(ledger.digest, &accepted);
    if digest.count > ledger.digest.count {
        digest::write(&mut transaction, digest).await?;
    }
    if accepted.is_empty() {
        transaction.rollback().await?;
    } else {
        transaction.commit().await?;
    }
    Ok(Committed { verdicts, head: ledger.head })
}
