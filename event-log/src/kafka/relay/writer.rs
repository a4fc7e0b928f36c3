//! What is done with a transaction of Kafka's, by a thread that may be held up. Knows not who leads.

use std::{
    sync::atomic::AtomicBool,
    thread::sleep,
    time::{Duration, Instant},
};

use events::{Position, RecordedEvent};
use rdkafka::{
    Message,
    error::KafkaError,
    message::{Header, OwnedHeaders, OwnedMessage, ToBytes},
    producer::{BaseRecord, Producer, ThreadedProducer},
    types::RDKafkaErrorCode as Code,
};

use super::{
    RelayError, checkpoint,
    deliveries::{Deliveries, Undelivered},
    transaction::Batch,
    undecided::{Forgotten, Undecided},
};
use crate::kafka::{KafkaOptions, cloud_event::encode, partition::partition_of};

/// How long is waited for the client's queue to empty, once everything is delivered.
const SETTLE_MAX: Duration = Duration::from_millis(50);

/// How long is waited between looks at a queue that is about to have room, or to be empty.
const MOMENT: Duration = Duration::from_micros(200);

/// The client, and what it needs to know. All of it blocks.
pub(super) struct Writer {
    pub(super) producer: ThreadedProducer<Deliveries>,
    pub(super) undecided: Undecided,
    pub(super) options: KafkaOptions,
    /// Nobody waits any more for what it does.
    pub(super) abandoned: AtomicBool,
}

impl Writer {
    /// A batch and its checkpoint, in a transaction that every partition has been told of.
    pub(super) fn publish(&self, batch: &Batch) -> Result<(), RelayError> {
        let deadline = self.begin()?;
        let mut previous = batch.previous;
        for event in &batch.events {
            self.send_event(event, previous, &batch.source, deadline)?;
            previous = event.position;
        }
        self.send_checkpoint(&batch.checkpoint, deadline)?;
        self.is_delivered(batch.events.len() + 1, deadline)?;
        self.commit()?;
        self.is_decided("a commit", |_| true)
    }

    /// An earlier checkpoint, in a transaction of its own. Other partitions may still be undecided.
    pub(super) fn set_back(&self, checkpoint: &str) -> Result<(), RelayError> {
        let deadline = self.begin()?;
        self.send_checkpoint(checkpoint, deadline)?;
        self.is_delivered(1, deadline)?;
        self.commit()?;
        let topic = self.options.relay_topic();
        self.is_decided("a commit", |topic_of_it| topic_of_it == topic)
    }

    /// Writes a copy of the first record of each place in a transaction that is given up: what ends that ends
    /// the others.
    pub(super) fn give_up(&self, forgotten: &[Forgotten]) -> Result<(), RelayError> {
        let deadline = self.begin()?;
        for Forgotten { place, record } in forgotten {
            tracing::warn!(%place, "Kafka left a transaction undecided: it is given up, and published again");
            self.send(copy(record), deadline)?;
        }
        self.is_delivered(forgotten.len(), deadline)?;
        self.producer
            .abort_transaction(self.options.transaction_timeout)
            .map_err(|error| self.failure(&error))?;
        let told = self.is_decided("what was given up", |_| true);
        match forgotten.iter().find(|forgotten| !forgotten.is_of_a_relay()) {
            Some(Forgotten { place, .. }) if told.is_err() => Err(RelayError::Refused(format!(
                "{place} holds what is neither committed nor given up, and was not written by a relay: end \
                 that transaction with Kafka's tool, kafka-transactions.sh"
            ))),
            _ => told,
        }
    }

    /// What an error means for the relay.
    pub(super) fn failure(&self, error: &KafkaError) -> RelayError {
        let fatal = self.producer.client().fatal_error();
        let code = fatal.as_ref().map(|(code, _)| *code).or_else(|| error.rdkafka_error_code());
        match code {
            Some(Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch) => {
                RelayError::Fenced(fatal.map_or_else(|| error.to_string(), |(_, reason)| reason))
            }
            Some(Code::MessageSizeTooLarge) => RelayError::Refused(format!(
                "an event is larger than the topic takes: give it max.message.bytes={}",
                KafkaOptions::MESSAGE_BYTES_MAX
            )),
            _ => RelayError::Unavailable(self.producer.context().complaints.explain(error)),
        }
    }

    fn begin(&self) -> Result<Instant, RelayError> {
        self.producer.context().begin();
        self.producer.begin_transaction().map_err(|error| self.failure(&error))?;
        Ok(Instant::now() + self.options.transaction_timeout)
    }

    fn commit(&self) -> Result<(), RelayError> {
        let settled = Instant::now() + SETTLE_MAX;
        while self.producer.in_flight_count() > 0 && Instant::now() < settled {
            sleep(MOMENT);
        }
        let timeout = self.options.transaction_timeout;
        self.producer.commit_transaction(timeout).map_err(|error| self.failure(&error))?;
        self.producer.context().complaints.forget();
        Ok(())
    }

    /// Waits until so many records of the transaction are delivered: the client's own flush, which a commit
    /// begins with, looks every 100 ms only.
    fn is_delivered(&self, count: usize, deadline: Instant) -> Result<(), RelayError> {
        let waited = self.producer.context().wait_for(count, deadline, &self.abandoned);
        waited.map_err(|undelivered| match undelivered {
            Undelivered::Failed(error) => self.failure(&error),
            Undelivered::Late => self.late(),
            Undelivered::Abandoned => RelayError::Unavailable("told to stop".to_owned()),
        })
    }

    /// Waits until the partitions of these topics were told of it.
    fn is_decided(&self, what: &str, matters: impl Fn(&str) -> bool) -> Result<(), RelayError> {
        let deadline = Instant::now() + self.options.transaction_timeout;
        match self.undecided.wait(|place| matters(&place.topic), deadline, &self.abandoned)? {
            None => Ok(()),
            Some(place) => Err(RelayError::Unavailable(format!("not yet told of {what}: {place}"))),
        }
    }

    fn send_event(
        &self,
        event: &RecordedEvent,
        previous: Position,
        source: &str,
        deadline: Instant,
    ) -> Result<(), RelayError> {
        let record = encode(event, previous, source);
        let headers = OwnedHeaders::new_with_capacity(record.headers.len());
        let headers = record.headers.iter().fold(headers, |headers, (name, value)| {
            headers.insert(Header { key: name, value: Some(value) })
        });
        let partition = partition_of(record.key.as_bytes(), self.options.partitions);
        let record = BaseRecord::to(&self.options.topic)
            .partition(partition)
            .key(record.key)
            .payload(record.value)
            .headers(headers);
        self.send(record, deadline)
    }

    fn send_checkpoint(&self, checkpoint: &str, deadline: Instant) -> Result<(), RelayError> {
        let topic = self.options.relay_topic();
        let record = BaseRecord::to(&topic).partition(0).key(checkpoint::KEY).payload(checkpoint);
        self.send(record, deadline)
    }

    /// Gives a record to the client, as soon as it has room.
    fn send(
        &self,
        mut record: BaseRecord<'_, impl ToBytes + ?Sized, impl ToBytes + ?Sized>,
        deadline: Instant,
    ) -> Result<(), RelayError> {
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(Code::QueueFull), again)) => {
                    if Instant::now() > deadline {
                        return Err(self.late());
                    }
                    record = again;
                    sleep(MOMENT);
                }
                Err((error, _)) => return Err(self.failure(&error)),
            }
        }
    }

    fn late(&self) -> RelayError {
        self.failure(&KafkaError::MessageProduction(Code::MessageTimedOut))
    }
}

/// The same record once more.
fn copy(record: &OwnedMessage) -> BaseRecord<'_, [u8], [u8]> {
    let mut copy = BaseRecord::to(record.topic()).partition(record.partition());
    copy.key = record.key();
    copy.payload = record.payload();
    copy.headers = record.headers().cloned();
    copy
}
