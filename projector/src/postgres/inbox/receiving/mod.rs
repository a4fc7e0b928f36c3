//! Puts what comes by Kafka into the inbox: a member of the generation's consumer group, on a thread of its
//! own. It reads, puts in, and reads on; while it puts in, no partition is taken from it, so that whoever
//! has it next begins where this one has ended. Of each partition the inbox holds a bounded part: one that
//! has enough there is paused, and no other one waits for it.

mod beginning;
mod holding;

use std::time::Duration;

use event_log::kafka::{
    KafkaOptions,
    source::{Member, SourceError},
};
use tokio::{runtime::Handle, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    PostgresInbox, Taken,
    measure::{self, Failing},
};
use crate::{Backoff, StoreError};
use holding::Holding;

/// How long a member of the group must have had no trouble before what failed earlier counts as passed,
/// where nothing comes by which that would show.
const WELL_AFTER: Duration = Duration::from_secs(5);

/// How Kafka is read.
#[derive(Debug, Clone)]
pub struct ReceivingOptions {
    /// Where it is.
    pub kafka: KafkaOptions,
    /// How many events of a partition the inbox holds before that is paused.
    pub partition_events_max: u64,
    /// How many bytes of their data.
    pub partition_bytes_max: u64,
    /// How fast to go on after Kafka or the inbox has failed.
    pub backoff: Backoff,
}

impl ReceivingOptions {
    /// The defaults, for a Kafka.
    #[must_use]
    pub fn of(kafka: KafkaOptions) -> Self {
        Self {
            kafka,
            partition_events_max: 4096,
            partition_bytes_max: 16 << 20,
            backoff: Backoff::default(),
        }
    }
}

/// Why receiving has to begin anew.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another projector has read on of a partition that this one had")]
    Displaced,
}

/// Puts what comes by Kafka into `inbox` until `stop`, on a thread of its own. Whatever fails is tried again,
/// and told of once.
#[must_use]
pub fn receive(
    inbox: PostgresInbox,
    options: ReceivingOptions,
    stop: CancellationToken,
) -> JoinHandle<()> {
    let failing = measure::describe_receiving();
    let receiving = Receiving { inbox, options, runtime: Handle::current(), stop, failing };
    tokio::task::spawn_blocking(move || receiving.run())
}

struct Receiving {
    inbox: PostgresInbox,
    options: ReceivingOptions,
    runtime: Handle,
    stop: CancellationToken,
    failing: Failing,
}

impl Receiving {
    fn run(self) {
        let mut told = None;
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            let mut has_received = false;
            let Err(interrupted) = self.receive(&mut has_received) else { break };
            measure::partitions(0, 0);
            if has_received {
                (failures, told) = (0, None);
            }
            failures = u32::saturating_add(failures, 1);
            let (delay, reason) = (self.options.backoff.delay(failures), interrupted.to_string());
            // That a partition has gone to another one is how it should be.
            if !matches!(interrupted, Interrupted::Displaced) {
                self.failing.set(true);
            }
            if told.as_ref() != Some(&reason) {
                tracing::warn!(reason, ?delay, "receiving from Kafka begins anew");
                told = Some(reason);
            }
            let wait = tokio::time::sleep(delay);
            let _stopped = self.runtime.block_on(self.stop.run_until_cancelled(wait));
        }
        measure::partitions(0, 0);
        measure::waiting(0);
        self.runtime.block_on(self.inbox.close());
    }

    /// Joins, and receives until `stop`.
    fn receive(&self, has_received: &mut bool) -> Result<(), Interrupted> {
        let Some(name) = self.asked(self.inbox.name())? else { return Ok(()) };
        let kafka = &self.options.kafka;
        let group = format!("cinelog-projector-{name}");
        tracing::info!(group, topic = kafka.topic, "the projector reads its partitions of Kafka");
        let begin = beginning::of(self.inbox.clone(), kafka.topic.clone(), self.runtime.clone());
        let mut member = Member::join(kafka, &group, begin)?;
        let mut holding = Holding::of(&self.options);
        let mut joined = None;
        while !self.stop.is_cancelled() {
            let deliveries = member.poll()?;
            if member.is_in_trouble() {
                self.failing.set(true);
            } else if member.has_joined()
                && joined.get_or_insert_with(Instant::now).elapsed() >= WELL_AFTER
            {
                // Also where nothing has come: whatever failed before would have failed again by now.
                self.failing.set(false);
            }
            holding.suit(&member.assigned());
            if !deliveries.is_empty() {
                let read: Vec<_> =
                    deliveries.iter().map(|part| (part.partition, part.next)).collect();
                holding.add(&deliveries);
                let refused: u64 = deliveries.iter().map(|part| part.refused.len() as u64).sum();
                let came: u64 = deliveries.iter().map(|part| part.arrivals.len() as u64).sum();
                let putting = self.inbox.put_in(&kafka.topic, deliveries);
                let events = match self.asked(putting)? {
                    None => return Ok(()),
                    Some(Taken::Displaced) => return Err(Interrupted::Displaced),
                    Some(Taken::In { events }) => events,
                };
                measure::received(events, came.saturating_sub(events), refused);
                if refused > 0 {
                    tracing::warn!(refused, "records of Kafka are no events of the log");
                }
                member.tell(read);
                self.failing.set(false);
                *has_received = true;
            }
            self.keep_bounds(&mut member, &mut holding)?;
        }
        Ok(())
    }

    /// Pauses the partitions of which the inbox holds enough, and reads on of those that it does not.
    fn keep_bounds(&self, member: &mut Member, holding: &mut Holding) -> Result<(), Interrupted> {
        if holding.is_to_be_counted() {
            let Some(held) = self.asked(self.inbox.held())? else { return Ok(()) };
            holding.count(&held);
        }
        // Also what was not counted just now: one that has come back is not paused any more.
        for partition in member.assigned() {
            match holding.is_full(partition) {
                true => member.pause(partition)?,
                false => member.resume(partition)?,
            }
        }
        measure::partitions(member.assigned().len(), member.paused().len());
        measure::waiting(holding.events());
        Ok(())
    }

    /// An answer of the inbox. `None`: it is to be stopped.
    fn asked<T>(
        &self,
        asking: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Option<T>, StoreError> {
        self.runtime.block_on(self.stop.run_until_cancelled(asking)).transpose()
    }
}
