//! What the roles of a process stand on. A port is opened only where a role needs it: who takes commands
//! needs the log, who answers queries or projects needs the read model too.

use std::sync::Arc;

use event_log::EventLog;
use events::Position;
use http_kit::Clock;
use projector::{OpenGeneration, ReadModels, port::Guard};
use query_api::LiveStore;
use read_model::ChangeFeed;

use super::LiveStatus;
use crate::{
    config::{Config, Role},
    data_dir::DataDir,
    error::Failure,
    patience::patiently,
    wire::{self, Stores},
};

/// What the roles of this process stand on.
pub(crate) struct Ports {
    /// Time and ids.
    pub(crate) clock: Clock,
    /// The facts.
    pub(crate) log: Arc<dyn EventLog>,
    /// What the log held at the start.
    pub(crate) head_at_start: Position,
    /// What queries need. `None` where this process answers none.
    pub(crate) query: Option<QueryPorts>,
    /// What the projector needs. `None` where this process has none.
    pub(crate) projector: Option<ProjectorPorts>,
}

/// What queries stand on besides the log.
pub(crate) struct QueryPorts {
    /// The generations of the read model.
    pub(crate) read_models: Arc<dyn ReadModels>,
    /// Opens them for queries.
    pub(crate) stores: Stores,
    /// Where queries read.
    pub(crate) store: LiveStore,
    /// How they learn what was written.
    pub(crate) feed: Arc<dyn ChangeFeed>,
    /// Keeps the generation that they read from being removed.
    pub(crate) held: Box<dyn Guard>,
}

/// What the projector stands on besides the log.
pub(crate) struct ProjectorPorts {
    /// The generations of the read model.
    pub(crate) read_models: Arc<dyn ReadModels>,
    /// The one that was live at the start.
    pub(crate) live: OpenGeneration,
    /// How queries learn what it writes.
    pub(crate) feed: Arc<dyn ChangeFeed>,
    /// How it is doing.
    pub(crate) status: LiveStatus,
}

impl Ports {
    /// Opens what the roles of the configuration need.
    ///
    /// # Errors
    /// Where a store cannot be opened, or not within the time that a start waits for it.
    pub(crate) async fn open(
        config: &Config,
        data: &DataDir,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let roles = &config.server.roles;
        let log = wire::event_log_of(config, data).await?;
        let head_at_start =
            patiently(config, "the event log", async || Ok(log.head().await?)).await?;
        let mut ports = Self { clock, log, head_at_start, query: None, projector: None };
        if !roles.has(Role::Query) && !roles.has(Role::Projector) {
            return Ok(ports);
        }
        let read_models = wire::read_models(config, data).await?;
        let feed = wire::change_feed(config).await?;
        // The projector makes the read model, where there is none yet.
        if roles.has(Role::Projector) {
            let open = async || Ok(OpenGeneration::live(read_models.as_ref()).await?);
            let live = patiently(config, "the read model", open).await?;
            let (read_models, feed) = (Arc::clone(&read_models), Arc::clone(&feed));
            let status = LiveStatus::default();
            ports.projector = Some(ProjectorPorts { read_models, live, feed, status });
        }
        if roles.has(Role::Query) {
            let stores = wire::stores(config, data);
            let (store, held) = wire::live_store(config, read_models.as_ref(), &stores).await?;
            let store = LiveStore::new(store);
            ports.query = Some(QueryPorts { read_models, stores, store, feed, held });
        }
        Ok(ports)
    }
}
