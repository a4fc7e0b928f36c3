//! Puts what comes by Kafka into the inbox: a member of the generation's consumer group, on a thread of its own.
//!
//! It reads, puts in, and reads on. While it puts in, no partition is taken from it, so that the next owner of a
//! partition begins where this one has ended. The inbox holds a bounded part of each partition: one that has
//! enough there is paused, and the others go on.

mod beginning;
mod holding;
mod measure;

use std::time::Duration;

use event_log::kafka::{
    KafkaOptions,
    source::{Member, SourceError},
};
use tokio::{runtime::Handle, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{PostgresInbox, Taken};
use crate::{Backoff, StoreError};
use holding::Holding;
use measure::Failing;

/// How long a member of the group must have had no trouble before earlier failures count as over, if nothing
/// comes that would show it sooner.
const WELL_AFTER: Duration = Duration::from_secs(5);

/// How Kafka is read.
#[derive(Debug, Clone)]
pub struct ReceivingOptions {
    /// How Kafka is reached.
    pub kafka: KafkaOptions,
    /// How many events of a partition the inbox holds before that partition is paused.
    pub partition_events_max: u64,
    /// How many bytes of event data of a partition the inbox holds before that partition is paused.
    pub partition_bytes_max: u64,
    /// How long to wait after Kafka or the inbox has failed.
    pub backoff: Backoff,
}

impl ReceivingOptions {
    /// The defaults.
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
    #[error("another projector reads a partition that this one had")]
    Displaced,
}

/// Puts what comes by Kafka into `inbox` until `stop`, on a thread of its own. Whatever fails is tried again,
/// and logged once.
#[must_use]
pub fn receive(
    inbox: PostgresInbox,
    options: ReceivingOptions,
    stop: CancellationToken,
) -> JoinHandle<()> {
    measure::describe();
    // Made here, since the thread that receives may have another recorder of metrics.
    let failing = Failing::new();
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
            // That a partition has gone to another projector is no failure.
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
                // Even if nothing has come: whatever failed before would have failed again by now.
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

    /// Pauses the partitions of which the inbox holds enough, and resumes the others.
    fn keep_bounds(&self, member: &mut Member, holding: &mut Holding) -> Result<(), Interrupted> {
        if holding.is_to_be_counted() {
            let Some(held) = self.asked(self.inbox.held())? else { return Ok(()) };
            holding.count(&held);
        }
        // Each time, even if nothing was counted: a partition that was assigned again is not paused any more.
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

    /// Waits for an answer of the inbox. `None`: receiving was stopped meanwhile.
    fn asked<T>(
        &self,
        asking: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Option<T>, StoreError> {
        self.runtime.block_on(self.stop.run_until_cancelled(asking)).transpose()
    }
}
