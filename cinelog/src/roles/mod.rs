//! The roles: what a process can do, each a function over ports. Embedded is all of them at once.

mod admin;
mod catch_up;
mod connections;
mod housekeeping;
mod http;
mod jobs;
mod live_status;
mod projection;
mod running;

pub(crate) use self::{catch_up::catch_up, live_status::LiveStatus};

use std::sync::Arc;

use event_log::EventLog;
use events::Position;
use http_kit::{Clock, Metrics};
use projector::{OpenGeneration, ProjectorOptions, ReadModels};
use query_api::LiveStore;
use read_model::ChangeFeed;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{config::Config, data_dir::DataDir, error::Failure, shutdown::Shutdown, wire::Stores};
use connections::Limits;
use projection::{HAND_OVER_MAX, Projection};

/// Connections to the admin address at once.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// What the roles stand on.
pub(crate) struct Ports {
    /// Time and ids.
    pub(crate) clock: Clock,
    /// The facts.
    pub(crate) log: Arc<dyn EventLog>,
    /// The generations of the read model.
    pub(crate) read_models: Arc<dyn ReadModels>,
    /// The same, for queries.
    pub(crate) stores: Stores,
    /// The one that was live at the start.
    pub(crate) live: OpenGeneration,
    /// How the projector is doing.
    pub(crate) projection: LiveStatus,
    /// Where the queries read.
    pub(crate) store: LiveStore,
    /// What the log held at the start.
    pub(crate) head_at_start: Position,
    /// How the queries learn what the projector wrote.
    pub(crate) feed: Arc<dyn ChangeFeed>,
}

/// Starts every role. A task that ends before the shutdown has begun is a failure.
pub(crate) fn start(
    config: &Config,
    data: &DataDir,
    ports: Ports,
    metrics: &Metrics,
    public: TcpListener,
    admin: TcpListener,
    stages: &Shutdown,
) -> Result<JoinSet<Result<(), Failure>>, Failure> {
    let (commands, jobs) = jobs::commands(config, data, &ports, stages)?;
    let api = http::routes(config, data, &ports, commands.clone(), stages)?;
    let health = admin::routes(&ports, metrics, stages);
    let mut tasks = JoinSet::new();
    let (stop, cut) = (stages.stop_taking.clone(), stages.stop_working.clone());
    let write_timeout = config.server.write_timeout;
    let limits = Limits { connections: config.server.connections_max, write_timeout };
    let server = connections::serve(public, api, limits, stop, cut.clone());
    tasks.spawn(stages.server.track_future(server));
    // The admin address answers until the end: whoever watches sees the requests being finished.
    let limits = Limits { connections: ADMIN_CONNECTIONS_MAX, write_timeout };
    tasks.spawn(connections::serve(admin, health, limits, cut.clone(), cut));
    tasks.spawn(until(stages.stop_working.clone(), metrics.clone().upkeep()));
    tasks.spawn(housekeeping::run(
        Arc::clone(&ports.log),
        ports.clock.clone(),
        jobs.clone(),
        config.log.idempotency_keep,
        stages.stop_working.clone(),
    ));
    tasks.spawn(jobs::run(commands, stages.stop_taking.clone()));
    tasks.spawn(project(config, ports, stages));
    Ok(tasks)
}

/// Runs work that never ends by itself.
async fn until(stop: CancellationToken, work: impl Future<Output = ()>) -> Result<(), Failure> {
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        () = work => Err(Failure::Other("the upkeep of metrics ended".to_owned())),
    }
}

/// The projector: folds the log into the live generation of the read model.
fn project(
    config: &Config,
    ports: Ports,
    stages: &Shutdown,
) -> impl Future<Output = Result<(), Failure>> + use<> {
    let options =
        ProjectorOptions { poison: config.projector.poison.into(), ..ProjectorOptions::default() };
    let projection = Projection {
        log: ports.log,
        read_models: ports.read_models,
        stores: ports.stores,
        store: ports.store,
        feed: ports.feed,
        status: ports.projection,
        options,
        hand_over_max: HAND_OVER_MAX,
    };
    projection.run(ports.live, stages.stop_working.clone())
}
