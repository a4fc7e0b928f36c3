//! What clients of Kafka say of themselves. The reason of a failure (a wrong password, a certificate that
//! nobody vouches for) is told nowhere else.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
    types::RDKafkaErrorCode,
};

/// Keeps what was complained of last. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Complaints(Arc<Mutex<Option<String>>>);

impl Complaints {
    /// `error`, with what was complained of last.
    pub(crate) fn explain(&self, error: &KafkaError) -> String {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(complaint) => format!("{error} ({complaint})"),
            None => error.to_string(),
        }
    }

    /// Something went well: what was complained of before explains nothing any more.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// `error` of a consumer that is not polled, with what it has complained of: that comes to light by polling
/// only.
pub(crate) fn explained(consumer: &BaseConsumer<Complaints>, error: &KafkaError) -> String {
    /// Complaints that wait, at most: one for each broker that was tried, and one for all.
    const COMPLAINTS_MAX: usize = 32;
    /// For the first; the others wait already.
    const WAIT: Duration = Duration::from_millis(20);

    for _ in 0..COMPLAINTS_MAX {
        if consumer.poll(WAIT).is_none() {
            break;
        }
    }
    consumer.context().explain(error)
}

impl ClientContext for Complaints {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(?level, facility, message, "the client of Kafka logs");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "the client of Kafka complains");
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // That all are down says less than why the last of them is.
        let is_sum = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if last.is_none() || !is_sum {
            *last = Some(reason.to_owned());
        }
    }
}

impl ConsumerContext for Complaints {}
