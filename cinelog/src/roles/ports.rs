//! What the roles of a process stand on. A port is opened only where a role needs it: who takes commands
//! needs the log, who answers queries or projects needs the read model too.

use std::sync::Arc;

use event_log::EventLog;
use events::Position;
use http_kit::{Clock, SharedAnswers};
use identity::RevocationList;
use objects::Objects;
use projector::{OpenGeneration, ReadModels, port::Guard};
use query_api::LiveStore;
use rate_limit::RateCounters;
use read_model::ChangeFeed;

use super::LiveStatus;
use crate::{
    config::{Config, Role},
    data_dir::DataDir,
    error::Failure,
    keys,
    patience::patiently,
    wire::{self, Relay, Sources, Stores},
};

/// What the roles of this process stand on.
pub(crate) struct Ports {
    /// Time and ids.
    pub(crate) clock: Clock,
    /// The facts.
    pub(crate) log: Arc<dyn EventLog>,
    /// What the log held at the start.
    pub(crate) head_at_start: Position,
    /// Files that are too large for events. `None` where this process answers nobody.
    pub(crate) objects: Option<Objects>,
    /// Who has an account. `None` where this process answers nobody.
    pub(crate) identity: Option<identity::Ports>,
    /// What counts how much somebody has done. `None` where this process answers nobody.
    pub(crate) rate_counters: Option<Arc<dyn RateCounters>>,
    /// What this node knows to be revoked.
    pub(crate) revocations: Arc<RevocationList>,
    /// What queries need. `None` where this process answers none.
    pub(crate) query: Option<QueryPorts>,
    /// What the projector needs. `None` where this process has none.
    pub(crate) projector: Option<ProjectorPorts>,
    /// The relay. `None` where this process does not relay.
    pub(crate) relay: Option<Relay>,
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
    /// What signs cursors, on all nodes that share answers.
    pub(crate) cursor_key: [u8; 32],
    /// Where they share them, if they do.
    pub(crate) shared_answers: Option<Arc<dyn SharedAnswers>>,
    /// Keeps the generation that they read from being removed.
    pub(crate) held: Box<dyn Guard>,
}

/// What the projector stands on besides the log.
pub(crate) struct ProjectorPorts {
    /// Where its events come from.
    pub(crate) sources: Sources,
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
        let objects = if roles.is_public() { Some(wire::objects(config, data)?) } else { None };
        let identity =
            if roles.is_public() { Some(wire::identity(config, data).await?) } else { None };
        let redis = wire::redis(config)?;
        let rate_counters =
            if roles.is_public() { Some(wire::rate_counters(config, &redis)) } else { None };
        let revocations = Arc::new(RevocationList::default());
        if let Some(identity) = &identity {
            // Nothing is answered before all of them are known.
            let known = async || {
                let store = identity.revocations.as_ref();
                Ok(revocations.catch_up(store, clock.now()).await?)
            };
            patiently(config, "the identity store", known).await?;
        }
        let relay = if roles.has(Role::Relay) { Some(wire::relay(config, &log)?) } else { None };
        let (query, projector) = (None, None);
        let mut ports = Self {
            clock,
            log,
            head_at_start,
            objects,
            identity,
            revocations,
            rate_counters,
            query,
            projector,
            relay,
        };
        if !roles.has(Role::Query) && !roles.has(Role::Projector) {
            return Ok(ports);
        }
        let read_models = wire::read_models(config, data).await?;
        let feed = wire::change_feed(config, &redis).await?;
        // The projector makes the read model, where there is none yet.
        if roles.has(Role::Projector) {
            let open = async || Ok(OpenGeneration::live(read_models.as_ref()).await?);
            let live = patiently(config, "the read model", open).await?;
            let (read_models, feed) = (Arc::clone(&read_models), Arc::clone(&feed));
            let status = LiveStatus::default();
            let sources = wire::sources(config)?;
            ports.projector = Some(ProjectorPorts { sources, read_models, live, feed, status });
        }
        if roles.has(Role::Query) {
            let stores = wire::stores(config, data);
            let (store, held) = wire::live_store(config, read_models.as_ref(), &stores).await?;
            let store = LiveStore::new(store);
            let cursor_key = keys::cursor(config, data)?;
            let shared_answers = wire::shared_answers(config, &redis, cursor_key);
            ports.query = Some(QueryPorts {
                read_models,
                stores,
                store,
                feed,
                cursor_key,
                shared_answers,
                held,
            });
        }
        Ok(ports)
    }
}
