//! What becomes of records that were given to the client: delivered or not, all of a transaction together.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rdkafka::{
    ClientContext, config::RDKafkaLogLevel, error::KafkaError, message::DeliveryResult,
    producer::ProducerContext,
};

use crate::kafka::context::Complaints;

/// How soon somebody who waits looks whether it is still wanted.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What has become of the records of a transaction.
#[derive(Default)]
pub(super) struct Deliveries {
    state: Mutex<State>,
    news: Condvar,
    pub(super) complaints: Complaints,
}

#[derive(Default)]
struct State {
    delivered: usize,
    /// Why one was not, the first of them.
    failed: Option<KafkaError>,
}

/// Why not all records of a transaction were delivered.
pub(super) enum Undelivered {
    Failed(KafkaError),
    Late,
    Abandoned,
}

impl Deliveries {
    /// Before the first record of a transaction.
    pub(super) fn begin(&self) {
        *self.state() = State::default();
    }

    /// Waits until so many records are delivered.
    pub(super) fn wait_for(
        &self,
        count: usize,
        deadline: Instant,
        abandoned: &AtomicBool,
    ) -> Result<(), Undelivered> {
        let mut state = self.state();
        loop {
            if let Some(error) = state.failed.take() {
                return Err(Undelivered::Failed(error));
            }
            if state.delivered >= count {
                return Ok(());
            }
            if abandoned.load(Ordering::SeqCst) {
                return Err(Undelivered::Abandoned);
            }
            if Instant::now() > deadline {
                return Err(Undelivered::Late);
            }
            let waited = self.news.wait_timeout(state, LOOK_AGAIN);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.complaints.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.complaints.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let mut state = self.state();
        match result {
            Ok(_) => state.delivered += 1,
            Err((error, _)) => {
                state.failed.get_or_insert_with(|| error.clone());
            }
        }
        drop(state);
        self.news.notify_all();
    }
}
