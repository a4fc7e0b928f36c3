//! Reads the topic of the events, as a member of a consumer group: the partitions are spread over all of
//! its members, and go to others when one is gone.
//!
//! How far each partition was read is not Kafka's to keep. Whoever is assigned some is asked where each
//! begins ([`Begin`]), and keeps that with what was read. Kafka is told as well, for those who watch the lag
//! of groups, and never asked.
//!
//! Everything blocks, and a member must be polled: it belongs on a thread of its own.

mod assignment;
mod gathered;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};

use super::KafkaOptions;
use crate::Delivery;
use assignment::Assignment;
pub use assignment::{Begin, Watermarks};
use gathered::Gathered;

/// How long a poll waits for the first record.
const POLL_MAX: Duration = Duration::from_millis(100);

/// How often is looked, in trouble, whether the topic is there: where nobody writes, no record tells.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long that may take.
const LOOK_MAX: Duration = Duration::from_millis(500);

/// What the client fetches ahead, in kilobytes.
const FETCHED_AHEAD_KB: &str = "16384";

/// Why a member cannot go on. Another one that joins in its place may.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// Kafka refuses what is asked, or cannot be asked.
    #[error("Kafka cannot be read: {0}")]
    Kafka(String),
    /// What was to be read next is not on the topic any more, or not yet: it was truncated, or deleted and
    /// made again.
    #[error("the topic was truncated or made again")]
    Truncated,
    /// It cannot be told where partitions begin.
    #[error("it cannot be told where partitions begin: {0}")]
    Begin(String),
}

/// A member of a consumer group.
pub struct Member {
    consumer: BaseConsumer<Assignment>,
    topic: String,
    paused: BTreeSet<i32>,
    /// When it was last found that Kafka cannot be read. `None` while it can be.
    trouble: Option<Instant>,
}

impl Member {
    /// Joins `group`. Nothing is assigned before it is polled; `begin` is asked from there.
    ///
    /// # Errors
    /// [`SourceError::Kafka`] where the options cannot be right.
    pub fn join(options: &KafkaOptions, group: &str, begin: Begin) -> Result<Self, SourceError> {
        let mut config = options.client();
        let session = options.session_timeout.as_millis();
        config
            .set("group.id", group)
            .set("session.timeout.ms", session.to_string())
            .set("heartbeat.interval.ms", (session / 6).max(1).to_string())
            // Who joins takes nothing from the others but what is to be theirs.
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // What is gone is not passed over in silence.
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("queued.max.messages.kbytes", FETCHED_AHEAD_KB)
            .set("topic.metadata.refresh.interval.ms", "5000");
        let refused = |error: KafkaError| SourceError::Kafka(error.to_string());
        let context = Assignment::of(options.topic.clone(), begin);
        let consumer: BaseConsumer<Assignment> =
            config.create_with_context(context).map_err(refused)?;
        consumer.subscribe(&[&options.topic]).map_err(refused)?;
        Ok(Self { consumer, topic: options.topic.clone(), paused: BTreeSet::new(), trouble: None })
    }

    /// What has come, a bounded part of it; nothing, where nothing comes for a moment. What is given is not
    /// given again, unless another member begins before it.
    ///
    /// # Errors
    /// [`SourceError`] where this member is of no use any more.
    pub fn poll(&mut self) -> Result<Vec<Delivery>, SourceError> {
        let mut gathered = Gathered::default();
        let mut wait = POLL_MAX;
        while !gathered.is_full() {
            let polled = self.consumer.poll(wait);
            let context = self.consumer.context();
            // What was gathered of a partition that was taken away meanwhile, another one reads; what comes of
            // one that was assigned, from where that begins.
            let changed = context.changed()?;
            for partition in &changed {
                gathered.forget(*partition);
                self.paused.remove(partition);
            }
            match polled {
                None => break,
                Some(Ok(record)) => {
                    gathered.add(&record);
                    wait = Duration::ZERO;
                }
                Some(Err(error)) => {
                    judge(&error, context.last_complaint())?;
                    self.tell_of(&error.to_string());
                    break;
                }
            }
            // Whoever polls may want to pause what has just come, before much of it is read.
            if !changed.is_empty() {
                break;
            }
        }
        let deliveries = self.consumer.context().continue_with(gathered);
        if let Some(found) = self.trouble {
            let is_to_look = found.elapsed() >= LOOK_EVERY;
            if !deliveries.is_empty() || (is_to_look && self.finds_topic()) {
                tracing::info!("Kafka is read again");
                self.trouble = None;
            } else if is_to_look {
                self.trouble = Some(Instant::now());
            }
        }
        Ok(deliveries)
    }

    /// Whether Kafka cannot be read for now. It goes on by itself when it can be, also where nobody writes.
    #[must_use]
    pub fn is_in_trouble(&self) -> bool {
        self.trouble.is_some()
    }

    /// Whether the group has taken it in, and has told it which partitions it has, be it none.
    #[must_use]
    pub fn has_joined(&self) -> bool {
        self.consumer.context().has_joined()
    }

    /// Which partitions it has.
    #[must_use]
    pub fn assigned(&self) -> Vec<i32> {
        self.consumer.context().assigned()
    }

    /// Reads no more of a partition for now, without giving it up.
    ///
    /// # Errors
    /// [`SourceError::Kafka`] where that cannot be done.
    pub fn pause(&mut self, partition: i32) -> Result<(), SourceError> {
        if self.paused.insert(partition) {
            let paused = self.consumer.pause(&self.list([partition]));
            paused.map_err(|error| SourceError::Kafka(error.to_string()))?;
        }
        Ok(())
    }

    /// Reads on of a partition that was paused.
    ///
    /// # Errors
    /// [`SourceError::Kafka`] where that cannot be done.
    pub fn resume(&mut self, partition: i32) -> Result<(), SourceError> {
        if self.paused.remove(&partition) {
            let resumed = self.consumer.resume(&self.list([partition]));
            resumed.map_err(|error| SourceError::Kafka(error.to_string()))?;
        }
        Ok(())
    }

    /// Which partitions are paused.
    #[must_use]
    pub fn paused(&self) -> Vec<i32> {
        self.paused.iter().copied().collect()
    }

    /// Tells Kafka how far partitions are read, for those who watch. Whether it hears does not matter.
    pub fn tell(&self, read: impl IntoIterator<Item = (i32, i64)>) {
        let mut list = TopicPartitionList::new();
        for (partition, next) in read {
            if let Err(error) =
                list.add_partition_offset(&self.topic, partition, Offset::Offset(next))
            {
                tracing::debug!(%error, partition, next, "an offset that Kafka cannot be told");
            }
        }
        if let Err(error) = self.consumer.commit(&list, CommitMode::Async) {
            tracing::debug!(%error, "Kafka was not told how far its partitions are read");
        }
    }

    fn list(&self, partitions: impl IntoIterator<Item = i32>) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&self.topic, partition);
        }
        list
    }

    /// Whether the topic is there, and every partition of it can be read.
    fn finds_topic(&self) -> bool {
        let found = self.consumer.fetch_metadata(Some(&self.topic), LOOK_MAX);
        let Ok(found) = found else { return false };
        found.topics().first().is_some_and(|topic| {
            let mut partitions = topic.partitions().iter();
            topic.error().is_none()
                && partitions.len() > 0
                && partitions.all(|part| part.error().is_none() && part.leader() >= 0)
        })
    }

    /// Once, until it can be read again.
    fn tell_of(&mut self, reason: &str) {
        if self.trouble.is_none() {
            tracing::warn!(reason, "Kafka cannot be read for now, trying again");
            self.trouble = Some(Instant::now());
        }
    }
}

/// Whether a member is of use still after an error. The client comes back by itself from most of them.
fn judge(error: &KafkaError, complaint: Option<String>) -> Result<(), SourceError> {
    use RDKafkaErrorCode as Code;
    match error {
        KafkaError::MessageConsumption(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
            Err(SourceError::Truncated)
        }
        KafkaError::MessageConsumption(
            Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::PollExceeded
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::UnknownTopicOrPartition
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::NotCoordinator
            | Code::CoordinatorNotAvailable
            | Code::CoordinatorLoadInProgress,
        ) => Ok(()),
        error => {
            let said = complaint.map(|complaint| format!(" ({complaint})")).unwrap_or_default();
            Err(SourceError::Kafka(format!("{error}{said}")))
        }
    }
}
