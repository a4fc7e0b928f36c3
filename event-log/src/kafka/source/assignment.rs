//! Which partitions a member has, and where each goes on. Called by the client while it is polled, on the
//! thread that polls.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol},
    error::{KafkaError, KafkaResult},
    types::RDKafkaRespErr as Code,
};

use super::{SourceError, gathered::Gathered};
use crate::Delivery;

/// How long Kafka may take to say what a partition has.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// What a partition has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// Which partition.
    pub partition: i32,
    /// The offset of its first record.
    pub low: i64,
    /// The offset after its last record.
    pub high: i64,
}

/// Says at which offset each of some partitions is read on, in their order. May block for seconds.
pub type Begin = Box<dyn Fn(&[Watermarks]) -> Result<Vec<i64>, String> + Send + Sync>;

/// What the client tells, and is told.
pub(super) struct Assignment {
    topic: String,
    begin: Begin,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The next offset of each partition that is assigned.
    next: BTreeMap<i32, i64>,
    /// What was assigned or revoked since somebody asked.
    changed: Vec<i32>,
    /// Whether the group has said what is assigned, be it nothing.
    has_joined: bool,
    /// Why nothing can be read. Nothing is given out from then on.
    failed: Option<SourceError>,
    complaint: Option<String>,
}

impl Assignment {
    pub(super) fn of(topic: String, begin: Begin) -> Self {
        Self { topic, begin, state: Mutex::default() }
    }

    /// The partitions that were assigned or taken away since this was last asked.
    pub(super) fn changed(&self) -> Result<Vec<i32>, SourceError> {
        let mut state = self.state();
        match &state.failed {
            Some(error) => Err(error.clone()),
            None => Ok(std::mem::take(&mut state.changed)),
        }
    }

    pub(super) fn has_joined(&self) -> bool {
        self.state().has_joined
    }

    pub(super) fn assigned(&self) -> Vec<i32> {
        self.state().next.keys().copied().collect()
    }

    pub(super) fn last_complaint(&self) -> Option<String> {
        self.state().complaint.clone()
    }

    /// Gives what was gathered of the partitions that are assigned, each going on from where it was.
    pub(super) fn continue_with(&self, gathered: Gathered) -> Vec<Delivery> {
        let mut state = self.state();
        let mut deliveries = Vec::new();
        for mut delivery in gathered.into_deliveries() {
            if let Some(next) = state.next.get_mut(&delivery.partition) {
                delivery.from = *next;
                *next = delivery.next;
                deliveries.push(delivery);
            }
        }
        deliveries
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, list: &mut TopicPartitionList) {
        let begun = self.begin(consumer, list);
        let mut state = self.state();
        match begun {
            Ok(begun) => {
                state.has_joined = true;
                for (partition, next) in begun {
                    state.next.insert(partition, next);
                    state.changed.push(partition);
                }
            }
            Err(error) => state.failed = Some(error),
        }
    }

    /// Where each partition begins; it is set in `list` too.
    fn begin(
        &self,
        consumer: &BaseConsumer<Self>,
        list: &mut TopicPartitionList,
    ) -> Result<Vec<(i32, i64)>, SourceError> {
        let refused = |error: KafkaError| SourceError::Kafka(error.to_string());
        let mut found = Vec::new();
        for element in list.elements() {
            let partition = element.partition();
            let marks = consumer.fetch_watermarks(&self.topic, partition, ANSWER_MAX);
            let (low, high) = marks.map_err(refused)?;
            found.push(Watermarks { partition, low, high });
        }
        let next = (self.begin)(&found).map_err(SourceError::Begin)?;
        let begun: Vec<_> =
            found.iter().map(|found| found.partition).zip(next.iter().copied()).collect();
        for (partition, next) in &begun {
            let set = list.set_partition_offset(&self.topic, *partition, Offset::Offset(*next));
            set.map_err(refused)?;
        }
        Ok(begun)
    }

    fn revoke(&self, list: &TopicPartitionList) {
        let mut state = self.state();
        for element in list.elements() {
            state.next.remove(&element.partition());
            state.changed.push(element.partition());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Assignment {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "Kafka's client complains");
        self.state().complaint = Some(format!("{error}: {reason}"));
    }
}

impl ConsumerContext for Assignment {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: Code, list: &mut TopicPartitionList) {
        let is_cooperative =
            matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let done = if code == Code::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assign(consumer, list);
            if is_cooperative { consumer.incremental_assign(list) } else { consumer.assign(list) }
        } else {
            let lost = consumer.assignment_lost();
            tracing::debug!(lost, partitions = list.count(), "partitions of Kafka are taken away");
            self.revoke(list);
            // The client remembers for ever that one was paused, also when it comes back.
            let resumed = consumer.resume(list);
            resumed.and_then(|()| match is_cooperative {
                true => consumer.incremental_unassign(list),
                false => consumer.unassign(),
            })
        };
        if let Err(error) = done {
            self.state().failed.get_or_insert(SourceError::Kafka(error.to_string()));
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        if let Err(error) = result {
            tracing::debug!(%error, "Kafka was not told how far its partitions are read");
        }
    }
}
