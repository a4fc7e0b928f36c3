//! One batch, one transaction: read what it concerns, decide each append, write what was accepted.

use sqlx::SqliteConnection;

use super::{digest, idempotency, load, write};
use crate::{
    Append,
    group_commit::{Accepted, Committed, Verdict},
};

/// Decides and writes a batch, in as few trips to the database as there can be: mostly two. After an
/// error a transaction may be open on the connection, which is of no use any more.
pub(super) async fn commit(
    writer: &mut SqliteConnection,
    appends: &[&Append],
) -> Result<Committed, sqlx::Error> {
    let (mut ledger, before) = load::begin(writer, appends).await?;
    let verdicts: Vec<_> = appends.iter().map(|append| ledger.decide(append)).collect();
    let accepted: Vec<(&Append, Accepted)> = appends
        .iter()
        .zip(&verdicts)
        .filter_map(|(append, verdict)| match verdict {
            Ok(Verdict::Accepted(accepted)) => Some((*append, *accepted)),
            _ => None,
        })
        .collect();
    let has_written = !accepted.is_empty();
    if !has_written {
        sqlx::query("ROLLBACK").execute(writer).await?;
    } else {
        idempotency::remember(writer, &accepted).await?;
        write::commit(writer, &accepted, digest::with(before, &accepted)).await?;
    }
    Ok(Committed { verdicts, head: ledger.head, has_written })
}
