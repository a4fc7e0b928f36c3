//! The roles: what a process can do, each one function over ports. A process has any of them; one that
//! runs alone has all.

mod accounts;
mod admin;
mod audit;
mod belief;
mod catch_up;
mod command;
mod connections;
mod following;
mod housekeeping;
mod http;
mod live_status;
mod misdirected;
mod objects;
mod ports;
mod projection;
mod projector;
mod query;
mod relay;
mod running;
mod ticks;

pub(crate) use self::{catch_up::catch_up, live_status::LiveStatus, ports::Ports};

use std::sync::Arc;

use http_kit::{Metrics, TrustedProxies};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{
    connections::{Limits, Patience},
    projection::Readers,
};
use crate::{
    config::{Config, Role},
    data_dir::DataDir,
    error::Failure,
    keys,
    shutdown::Shutdown,
    tls::{Certificate, Tls},
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
    let callers = match listeners.public {
        Some(_) => {
            let keys = keys::signing(config, data)?;
            let authenticator = Arc::new(http::authenticator(config, &ports, &keys));
            Some((keys, authenticator))
        }
        None => None,
    };
    let commands = match &callers {
        Some((_, authenticator)) if roles.has(Role::Command) => {
            Some(command::start(config, data, &ports, authenticator, stages, &mut tasks)?)
        }
        _ => None,
    };
    let mut readers = None;
    let queries = match ports.query.take() {
        Some(query) => {
            readers = Some(Readers { stores: query.stores.clone(), store: query.store.clone() });
            Some(query::start(config, &ports, query, stages, &mut tasks)?)
        }
        None => None,
    };
    if let (Some(public), Some((keys, authenticator))) = (listeners.public, callers) {
        let refusals = ports.identity.as_ref().map(|identity| {
            audit::start(config, &identity.audit, &ports.clock, stages, &mut tasks)
        });
        let registrar = ports
            .identity
            .as_ref()
            .map(|identity| accounts::start(config, identity, &ports.clock, stages, &mut tasks));
        let registrar = registrar.transpose()?;
        if let Some(identity) = &ports.identity {
            let belief = belief::Belief {
                ports: identity.clone(),
                revocations: Arc::clone(&ports.revocations),
                keys: keys.clone(),
                key_file: keys::signing_file(config, data),
                clock: ports.clock.clone(),
            };
            belief::start(belief, &stages.stop_working, &mut tasks);
        }
        let sides = http::Sides { commands, queries, refusals, registrar, keys, authenticator };
        let api = http::routes(config, &ports, sides, readiness_in_public)?;
        let (stop, cut) = (stages.stop_taking.clone(), stages.stop_working.clone());
        let limits = Limits {
            connections: config.server.connections_max,
            per_client: config.server.connections_per_client_max,
            proxies: http::trusted_proxies(config),
            patience: Patience::of(&config.server),
        };
        let certificate = Certificate::read(&config.server.tls, ports.clock.clone())?;
        let tls = match &certificate {
            Some(certificate) => Some(Tls::new(certificate, config.server.tls.handshake_timeout)?),
            None => None,
        };
        if let Some(certificate) = certificate {
            let stop = stages.stop_working.clone();
            tasks.spawn(until(stop, async move { certificate.watch().await }));
        }
        let server = connections::serve(public, api, limits, tls, stop, cut);
        tasks.spawn(stages.server.track_future(server));
    }
    if let Some(objects) = ports.objects.take() {
        let (clock, stop) = (ports.clock.clone(), stages.stop_working.clone());
        tasks.spawn(objects::watch(objects, clock, stop));
    }
    if let Some(projector) = ports.projector.take() {
        projector::start(config, &ports, projector, readers, stages, &mut tasks);
    }
    if let Some(relay) = ports.relay.take() {
        relay::start(relay, stages, &mut tasks);
    }
    // The admin address answers until the end: whoever watches sees the requests being finished.
    let limits = Limits {
        connections: ADMIN_CONNECTIONS_MAX,
        per_client: ADMIN_CONNECTIONS_MAX,
        proxies: TrustedProxies::none(),
        patience: Patience::of(&config.server),
    };
    let (health, cut) = (admin::routes(readiness, metrics), stages.stop_working.clone());
    tasks.spawn(connections::serve(listeners.admin, health, limits, None, cut.clone(), cut));
    tasks.spawn(until(stages.stop_working.clone(), metrics.clone().upkeep()));
    Ok(tasks)
}

/// Runs work that never ends by itself.
async fn until(stop: CancellationToken, work: impl Future<Output = ()>) -> Result<(), Failure> {
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        () = work => Err(Failure::Other("what should go on to the end did not".to_owned())),
    }
}
