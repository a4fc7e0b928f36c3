//! Transactions of Kafka: what is published, and how far it is, or none of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use events::{Position, RecordedEvent};
use rdkafka::{
    error::KafkaError,
    producer::{Producer, ThreadedProducer},
};

use super::{
    RelayError,
    deliveries::Deliveries,
    undecided::{Forgotten, Undecided},
    writer::Writer,
};
use crate::kafka::{KafkaOptions, blocking};

/// How long it is tried at once to claim the right to write.
const CLAIM_MAX: Duration = Duration::from_secs(3);

/// What goes into one transaction.
pub(super) struct Batch {
    /// Consecutive events, at least one.
    pub(super) events: Vec<RecordedEvent>,
    /// The position of the event before the first.
    pub(super) previous: Position,
    /// The log's name.
    pub(super) source: String,
    /// The checkpoint after the last, as it is written.
    pub(super) checkpoint: String,
}

/// The right to write, until somebody else claims it.
pub(super) struct Transactions(Arc<Writer>);

impl Transactions {
    /// Claims the right to write. Whoever had it before writes no more, and what it had not committed is
    /// gone when this has answered, but for what Kafka has [forgotten](Self::forgotten). `None`: it is not
    /// wanted any more.
    pub(super) async fn claim(
        options: &KafkaOptions,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Option<Self>, RelayError> {
        let producer: ThreadedProducer<Deliveries> = options
            .client()
            .set("transactional.id", options.relay_topic())
            .set("transaction.timeout.ms", options.transaction_timeout.as_millis().to_string())
            // The client does not allow more than a transaction may take.
            .set("socket.timeout.ms", options.transaction_timeout.as_millis().to_string())
            .set("message.max.bytes", KafkaOptions::MESSAGE_BYTES_MAX.to_string())
            .set("compression.codec", "lz4")
            // A batch is complete when it is given to the client: nothing is waited for.
            .set("linger.ms", "0")
            .create_with_context(Deliveries::default())
            .map_err(|error| RelayError::Unavailable(error.to_string()))?;
        let transactions = Self(Arc::new(Writer {
            producer,
            undecided: Undecided::open(options)?,
            options: options.clone(),
            abandoned: AtomicBool::new(false),
        }));
        while is_wanted() {
            let writer = Arc::clone(&transactions.0);
            match blocking(move || Ok(writer.producer.init_transactions(CLAIM_MAX))).await? {
                Ok(()) => return Ok(Some(transactions)),
                Err(KafkaError::Transaction(error)) if error.is_retriable() => {}
                Err(error) => {
                    let error = transactions.0.failure(&error);
                    transactions.release().await;
                    return Err(error);
                }
            }
        }
        transactions.release().await;
        Ok(None)
    }

    /// What those before have left [undecided](super::undecided), with the first record of each place.
    pub(super) async fn forgotten(&self) -> Result<Vec<Forgotten>, RelayError> {
        let writer = Arc::clone(&self.0);
        blocking(move || writer.undecided.forgotten(&writer.abandoned)).await
    }

    /// Writes down that less is published than was thought: before what follows is given up, so that whoever
    /// leads next knows it, whatever happens in between.
    pub(super) async fn set_back(&self, checkpoint: String) -> Result<(), RelayError> {
        let writer = Arc::clone(&self.0);
        blocking(move || writer.set_back(&checkpoint)).await
    }

    /// Gives up what is undecided, so that no one ever gets it.
    pub(super) async fn give_up(&self, forgotten: Vec<Forgotten>) -> Result<(), RelayError> {
        let writer = Arc::clone(&self.0);
        blocking(move || writer.give_up(&forgotten)).await
    }

    /// Publishes a batch: readers of committed records can have it then. After an error, these transactions
    /// are of no use any more: whether the batch is committed, only who claims the right to write anew can
    /// tell.
    pub(super) async fn publish(&self, batch: Batch) -> Result<(), RelayError> {
        let writer = Arc::clone(&self.0);
        blocking(move || writer.publish(&batch)).await
    }

    /// Nobody waits any more for what is being done.
    pub(super) fn abandon(&self) {
        self.0.abandoned.store(true, Ordering::SeqCst);
    }

    /// Lets go of the client, which takes a moment.
    pub(super) async fn release(self) {
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}
