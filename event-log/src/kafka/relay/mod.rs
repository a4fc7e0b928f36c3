//! The relay: publishes each event of the log on the topic, in the log's order. Of several relays one
//! leads.
//!
//! What it publishes, and how far it has come, is written to Kafka in one transaction. So a crash loses
//! nothing and repeats nothing, for readers that read what is committed; and whoever leads next goes on
//! exactly where the last one stopped. That no two publish at once is not the election's doing, which is
//! late when a leader was paused, but the transactions': they have one name, and Kafka lets only the last
//! who claimed it write.

mod candidate;
mod checkpoint;
mod deliveries;
mod measure;
mod monitor;
mod status;
mod telling;
mod term;
mod transaction;
mod undecided;
mod writer;

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

pub use self::status::{RelayReport, RelayStatus};

use self::{candidate::Candidate, term::End};
use super::{KafkaOptions, topic};
use crate::{EventLog, LogError, backoff::Backoff};

/// How soon is looked again whether somebody has put right what only people can.
const REFUSED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Why nothing is published at the moment.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RelayError {
    /// Kafka cannot be reached, or does not do what it should.
    #[error("Kafka is not available: {0}")]
    Unavailable(String),
    /// Another relay has begun to publish, or this one took too long.
    #[error("another relay publishes, or this one took too long: {0}")]
    Fenced(String),
    /// What is on Kafka does not go with the log, or with the configuration. Somebody must look at it.
    #[error("{0}")]
    Refused(String),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Publishes a log's events. One of them leads, however many there are, in this process or others.
pub struct Relay {
    log: Arc<dyn EventLog>,
    options: KafkaOptions,
    status: RelayStatus,
}

impl Relay {
    /// Nothing happens before [`Relay::run`].
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, options: KafkaOptions) -> Self {
        measure::describe();
        // As long as it takes at most until another leads, when one is silent, and what it began has ended.
        let status = RelayStatus::new(options.session_timeout + options.transaction_timeout);
        Self { log, options, status }
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> RelayStatus {
        self.status.clone()
    }

    /// Publishes until it is told to stop, whatever happens meanwhile: a Kafka that is away comes back, and
    /// the log keeps what was not published. When it returns, another relay can lead at once.
    pub async fn run(self, stop: CancellationToken) {
        let monitor = monitor::run(Arc::clone(&self.log), &self.options, &self.status);
        tokio::select! {
            () = self.stand_again_and_again(&stop) => {}
            never = monitor => match never {},
        }
        self.status.follows();
    }

    async fn stand_again_and_again(&self, stop: &CancellationToken) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.stand(stop, &mut backoff).await {
            self.status.follows();
            self.status.failed(&error);
            let pause = match error {
                RelayError::Refused(_) => REFUSED_AGAIN_AFTER,
                _ => backoff.next(),
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Stands for election, and publishes whenever it leads. Ends well only when told to stop.
    async fn stand(
        &self,
        stop: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<(), RelayError> {
        topic::prepare(&self.options).await?;
        let mut candidate = Candidate::stand(&self.options)?;
        let outcome = loop {
            self.status.follows();
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                won = candidate.wins() => won?,
            }
            match term::publish(&self.log, &self.options, &self.status, &candidate, stop).await {
                Ok(End::Stopped) => break Ok(()),
                Ok(End::Deposed) => *backoff = Backoff::default(),
                Err(error) => break Err(error),
            }
        };
        candidate.withdraw().await;
        outcome
    }
}
