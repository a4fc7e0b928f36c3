//! Where projectors have their events from: the log, or what has come of it by Kafka.

use std::sync::Arc;

use event_log::{EventLog, Feed};
use projector::Status;
#[cfg(feature = "kafka")]
use projector::postgres::{
    PostgresReadModelsOptions,
    inbox::{InboxFeed, InboxFeedOptions, PostgresInbox, ReceivingOptions, receive},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, error::Failure};

/// Opens what feeds the projector of a generation.
#[derive(Debug, Clone)]
pub(crate) struct Sources(Way);

#[derive(Debug, Clone)]
enum Way {
    Log,
    #[cfg(feature = "kafka")]
    Kafka(Box<Kafka>),
}

/// How it is read, and where the read model is.
#[cfg(feature = "kafka")]
#[derive(Clone)]
struct Kafka {
    receiving: ReceivingOptions,
    read_models: PostgresReadModelsOptions,
}

#[cfg(feature = "kafka")]
impl std::fmt::Debug for Kafka {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the address of the read model, which may hold a password.
        f.debug_struct("Kafka").field("receiving", &self.receiving).finish_non_exhaustive()
    }
}

/// What feeds a projector.
pub(crate) struct Source {
    /// The events.
    pub(crate) feed: Arc<dyn Feed>,
    /// What goes on beside it until the projector is stopped.
    pub(crate) receiving: Option<JoinHandle<()>>,
}

/// Where the projectors of this process have their events from.
///
/// # Errors
/// Where the file that holds Kafka's password cannot be read.
#[cfg(feature = "kafka")]
pub(crate) fn sources(config: &Config) -> Result<Sources, Failure> {
    use crate::config::{ReadModelUrl, Source as Configured};

    match (config.projector.source, &config.read_model.url) {
        (Configured::Kafka, ReadModelUrl::Postgres(url)) => {
            let receiving = ReceivingOptions::of(super::kafka::kafka(config)?);
            let read_models = super::read_model::postgres(config, url);
            Ok(Sources(Way::Kafka(Box::new(Kafka { receiving, read_models }))))
        }
        // Kafka with a file is refused before it comes to this.
        (Configured::Kafka | Configured::Log, _) => Ok(Sources::log()),
    }
}

/// The configuration is refused before it comes to Kafka, and says how to get a binary that can.
#[cfg(not(feature = "kafka"))]
pub(crate) fn sources(_: &Config) -> Result<Sources, Failure> {
    Ok(Sources::log())
}

impl Sources {
    /// The log itself.
    pub(crate) fn log() -> Self {
        Self(Way::Log)
    }

    /// What feeds the projector of a generation until `stop`. Tells `status` where the events come from.
    #[cfg_attr(not(feature = "kafka"), expect(unused_variables, reason = "the log goes by itself"))]
    pub(crate) fn open(
        &self,
        log: &Arc<dyn EventLog>,
        generation: u64,
        status: &Status,
        stop: &CancellationToken,
    ) -> Source {
        match &self.0 {
            Way::Log => Source { feed: Arc::new(Arc::clone(log)), receiving: None },
            #[cfg(feature = "kafka")]
            Way::Kafka(kafka) => {
                let inbox = PostgresInbox::at(&kafka.read_models, generation);
                let options = InboxFeedOptions::default();
                let feed = InboxFeed::new(inbox.clone(), Arc::clone(log), options, status.clone());
                let receiving = receive(inbox, kafka.receiving.clone(), stop.clone());
                Source { feed: Arc::new(feed), receiving: Some(receiving) }
            }
        }
    }
}
