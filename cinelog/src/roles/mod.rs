//! The roles: what a process can do, each one function over ports. A process has any of them; one that
//! runs alone has all.

mod admin;
mod catch_up;
mod command;
mod connections;
mod following;
mod housekeeping;
mod http;
mod live_status;
mod misdirected;
mod ports;
mod projection;
mod projector;
mod query;
mod running;

pub(crate) use self::{catch_up::catch_up, live_status::LiveStatus, ports::Ports};

use http_kit::Metrics;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{connections::Limits, projection::Readers};
use crate::{
    config::{Config, Role},
    data_dir::DataDir,
    error::Failure,
    shutdown::Shutdown,
};

/// Connections to the admin address at once.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// What goes on until the process is told to stop.
pub(crate) type Tasks = JoinSet<Result<(), Failure>>;

/// Where a process listens.
pub(crate) struct Listeners {
    /// For everybody. `None` where no role answers anybody.
    pub(crate) public: Option<TcpListener>,
    /// For whoever runs the process.
    pub(crate) admin: TcpListener,
}

/// Starts the roles of the configuration. A task that ends before the shutdown has begun is a failure.
pub(crate) fn start(
    config: &Config,
    data: &DataDir,
    mut ports: Ports,
    metrics: &Metrics,
    listeners: Listeners,
    stages: &Shutdown,
) -> Result<Tasks, Failure> {
    let mut tasks = Tasks::new();
    // The same is answered at both addresses.
    let roles = &config.server.roles;
    let readiness = || admin::readiness(roles, &ports, stages);
    let (readiness, readiness_in_public) = (readiness(), readiness());
    let commands = match roles.has(Role::Command) {
        true => Some(command::start(config, data, &ports, stages, &mut tasks)?),
        false => None,
    };
    let mut readers = None;
    let queries = match ports.query.take() {
        Some(query) => {
            readers = Some(Readers { stores: query.stores.clone(), store: query.store.clone() });
            Some(query::start(config, data, &ports, query, stages, &mut tasks)?)
        }
        None => None,
    };
    if let Some(public) = listeners.public {
        let sides = http::Sides { commands, queries };
        let api = http::routes(config, data, &ports, sides, readiness_in_public)?;
        let (stop, cut) = (stages.stop_taking.clone(), stages.stop_working.clone());
        let write_timeout = config.server.write_timeout;
        let limits = Limits { connections: config.server.connections_max, write_timeout };
        let server = connections::serve(public, api, limits, stop, cut);
        tasks.spawn(stages.server.track_future(server));
    }
    if let Some(projector) = ports.projector.take() {
        projector::start(config, &ports, projector, readers, stages, &mut tasks);
    }
    // The admin address answers until the end: whoever watches sees the requests being finished.
    let write_timeout = config.server.write_timeout;
    let limits = Limits { connections: ADMIN_CONNECTIONS_MAX, write_timeout };
    let (health, cut) = (admin::routes(readiness, metrics), stages.stop_working.clone());
    tasks.spawn(connections::serve(listeners.admin, health, limits, cut.clone(), cut));
    tasks.spawn(until(stages.stop_working.clone(), metrics.clone().upkeep()));
    Ok(tasks)
}

/// Runs work that never ends by itself.
async fn until(stop: CancellationToken, work: impl Future<Output = ()>) -> Result<(), Failure> {
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        () = work => Err(Failure::Other("the upkeep of metrics ended".to_owned())),
    }
}
