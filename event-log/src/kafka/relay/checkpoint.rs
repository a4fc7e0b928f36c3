//! How far the relay has come: a record of a topic of its own, written in the same transaction as the
//! events that it speaks of. The last one holds.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use events::{Digest, Position, RecordedEvent};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};
use serde::{Deserialize, Serialize};

use super::RelayError;
use crate::kafka::{
    KafkaOptions,
    context::{Complaints, explained},
    topic::ANSWER_MAX,
};

/// The key of the records: only the last is kept for ever.
pub(super) const KEY: &str = "checkpoint";

/// How many offsets are looked through at first for the last record, from the end: markers of transactions
/// stand between the records. Each further time four times as many.
const LOOK_BACK: i64 = 16;

/// How long is polled at once.
const POLL_MAX: Duration = Duration::from_millis(100);

/// How far the relay has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The position of the last event that is published.
    pub(super) position: Position,
    /// Of the log up to that event.
    pub(super) digest: Digest,
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    /// Which log: what the events have as their source.
    source: String,
    position: u64,
    /// `count:hash`.
    digest: String,
}

impl Checkpoint {
    /// Before the first event.
    pub(super) const START: Self = Self { position: Position::START, digest: Digest::EMPTY };

    /// After one event more.
    pub(super) fn after(&self, event: &RecordedEvent) -> Self {
        Self { position: event.position, digest: self.digest.extend(event) }
    }

    /// The text of its record, for the log that is named `source`.
    pub(super) fn to_json(&self, source: &str) -> Result<String, RelayError> {
        let written = Written {
            source: source.to_owned(),
            position: self.position.0,
            digest: self.digest.to_string(),
        };
        serde_json::to_string(&written).map_err(|error| RelayError::Refused(error.to_string()))
    }

    fn from_json(json: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(json).ok()?;
        let digest = written.digest.parse().ok()?;
        Some(Self { position: Position(written.position), digest })
    }
}

/// Reads what relays have written down. All of it blocks.
pub(super) struct Reader {
    consumer: BaseConsumer<Complaints>,
    options: KafkaOptions,
}

impl Reader {
    /// # Errors
    /// Where a client cannot be made from such options.
    pub(super) fn open(options: &KafkaOptions) -> Result<Self, RelayError> {
        let consumer = options.reader("read_committed")?;
        Ok(Self { consumer, options: options.clone() })
    }

    /// The last checkpoint that is committed; `None` where there is none.
    pub(super) fn last(&self) -> Result<Option<Checkpoint>, RelayError> {
        let topic = self.options.relay_topic();
        let (low, high) = self.watermarks(&topic, 0)?;
        let mut back = LOOK_BACK;
        loop {
            let from = low.max(high.saturating_sub(back));
            match self.last_between(&topic, 0, from, high)? {
                Some(json) => {
                    let checkpoint = Checkpoint::from_json(&json).ok_or_else(|| {
                        RelayError::Refused(format!("the topic {topic} holds what no relay wrote"))
                    });
                    return checkpoint.map(Some);
                }
                None if from <= low => return Ok(None),
                None => back = back.saturating_mul(4),
            }
        }
    }

    /// Whether nobody who reads what was committed finds anything in the topic of the events, or ever
    /// did. What was given up leaves its marks there, and is nothing.
    pub(super) fn is_without_events(&self) -> Result<bool, RelayError> {
        for partition in 0..self.options.partitions {
            let (low, high) = self.watermarks(&self.options.topic, partition)?;
            if low > 0 || self.has_any(&self.options.topic, partition, low, high)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn has_any(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        high: i64,
    ) -> Result<bool, RelayError> {
        let mut is_found = false;
        self.read(topic, partition, from, high, |_| {
            is_found = true;
            ControlFlow::Break(())
        })?;
        Ok(is_found)
    }

    fn last_between(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        high: i64,
    ) -> Result<Option<Vec<u8>>, RelayError> {
        let mut last = None;
        self.read(topic, partition, from, high, |payload| {
            last = payload.map(<[u8]>::to_vec);
            ControlFlow::Continue(())
        })?;
        Ok(last)
    }

    /// Hands the payloads of a partition to `take`, until it wants no more or there are none.
    fn read(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        high: i64,
        take: impl FnMut(Option<&[u8]>) -> ControlFlow<()>,
    ) -> Result<(), RelayError> {
        if from >= high {
            return Ok(());
        }
        let unavailable = |error: KafkaError| self.unavailable(&error);
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(from)).map_err(unavailable)?;
        self.consumer.assign(&list).map_err(unavailable)?;
        let outcome = self.poll(topic, take);
        // Whatever came of it, nothing more is fetched.
        self.consumer.unassign().map_err(unavailable)?;
        outcome
    }

    fn poll(
        &self,
        topic: &str,
        mut take: impl FnMut(Option<&[u8]>) -> ControlFlow<()>,
    ) -> Result<(), RelayError> {
        let deadline = Instant::now() + ANSWER_MAX;
        loop {
            match self.consumer.poll(POLL_MAX) {
                Some(Ok(record)) if take(record.payload()).is_break() => return Ok(()),
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                Some(Err(error)) => return Err(self.unavailable(&error)),
                None if Instant::now() > deadline => {
                    let silent = format!("{topic} was not read to its end in time");
                    return Err(RelayError::Unavailable(silent));
                }
                Some(Ok(_)) | None => {}
            }
        }
    }

    fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64), RelayError> {
        let marks = self.consumer.fetch_watermarks(topic, partition, ANSWER_MAX);
        let marks = marks.map_err(|error| self.unavailable(&error))?;
        self.consumer.context().forget();
        Ok(marks)
    }

    fn unavailable(&self, error: &KafkaError) -> RelayError {
        RelayError::Unavailable(explained(&self.consumer, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_as_it_was_written_and_nothing_else_is() {
        let digest = Digest { count: 7, hash: [3; 32] };
        let checkpoint = Checkpoint { position: Position(9), digest };
        let json = checkpoint.to_json("urn:cinelog:log:1").unwrap();
        assert_eq!(Checkpoint::from_json(json.as_bytes()), Some(checkpoint));
        for odd in ["", "{}", r#"{"source":"s","position":-1,"digest":"x"}"#] {
            assert_eq!(Checkpoint::from_json(odd.as_bytes()), None, "{odd}");
        }
    }
}
