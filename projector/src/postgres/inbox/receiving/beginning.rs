//! Where a partition is read from: where the inbox says that it was read to; or, if it never was read, its end,
//! since the log has everything before. Also notices that records are gone that were not read.

use event_log::kafka::source::{Begin, Watermarks};
use tokio::runtime::Handle;

use super::{
    super::{PostgresInbox, Reached},
    measure,
};
use crate::StoreError;

/// Why records of a partition are gone that were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gone {
    /// Its beginning was cut off.
    Truncated,
    /// It is shorter than what was read of it: the topic was deleted and made again.
    MadeAgain,
}

/// Tells Kafka's consumer where partitions are read from, and makes the inbox agree.
pub(super) fn of(inbox: PostgresInbox, topic: String, runtime: Handle) -> Begin {
    Box::new(move |found| {
        let begun = runtime.block_on(begin(&inbox, &topic, found));
        begun.map_err(|error| error.to_string())
    })
}

async fn begin(
    inbox: &PostgresInbox,
    topic: &str,
    found: &[Watermarks],
) -> Result<Vec<i64>, StoreError> {
    let partitions: Vec<_> = found.iter().map(|found| found.partition).collect();
    let reached = inbox.reached(topic, &partitions).await?;
    let mut begun = Vec::with_capacity(found.len());
    for marks in found {
        let partition = marks.partition;
        let reached: Option<&Reached> = reached.iter().find(|at| at.partition == partition);
        let was = reached.map(|reached| reached.next);
        let (next, gone) = first(was, marks);
        if let Some(gone) = gone {
            let (what, reason) = match gone {
                Gone::Truncated => ("truncated", "the topic was truncated"),
                Gone::MadeAgain => ("made_again", "the topic was made again"),
            };
            measure::broken(what);
            tracing::warn!(
                topic,
                partition,
                ?was,
                next,
                "{reason}: what is missing is read from the log"
            );
        }
        if was != Some(next) && !inbox.place(topic, partition, was, next).await? {
            // The projector that had the partition before has just put something in.
            let reason = format!("partition {partition} is still read by another projector");
            return Err(StoreError::Unavailable(reason.into()));
        }
        begun.push(next);
    }
    tracing::debug!(topic, partitions = found.len(), "partitions of Kafka were assigned");
    Ok(begun)
}

/// The offset from which a partition is read that was read up to `was`.
fn first(was: Option<i64>, marks: &Watermarks) -> (i64, Option<Gone>) {
    match was {
        None => (marks.high, None),
        Some(was) if was < marks.low => (marks.low, Some(Gone::Truncated)),
        Some(was) if was > marks.high => (marks.low, Some(Gone::MadeAgain)),
        Some(was) => (was, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: Watermarks = Watermarks { partition: 0, low: 10, high: 20 };

    #[test]
    fn a_partition_goes_on_where_it_was_read_to() {
        for was in [10, 15, 20] {
            assert_eq!(first(Some(was), &MARKS), (was, None));
        }
    }

    #[test]
    fn one_that_never_was_read_begins_at_its_end() {
        assert_eq!(first(None, &MARKS), (20, None));
    }

    #[test]
    fn where_something_is_gone_that_was_not_read_that_is_noticed() {
        assert_eq!(first(Some(9), &MARKS), (10, Some(Gone::Truncated)));
        assert_eq!(first(Some(21), &MARKS), (10, Some(Gone::MadeAgain)));
    }
}
