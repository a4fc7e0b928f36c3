//! `cinelog serve`: the roles of one process, until it is told to stop.

use std::{sync::Arc, time::Duration};

use event_log::EventLog;
use http_kit::{Clock, Metrics};
use identity::Identity;
use tokio::task::JoinSet;

use super::{issue, print};
use crate::{
    banner,
    cli::ServeArgs,
    config::{Config, Role},
    data_dir::DataDir,
    demo,
    error::Failure,
    keys, listen,
    patience::patiently,
    roles::{self, Listeners, Ports},
    shutdown::{self, Shutdown},
    telemetry::{self, Spans},
};

/// How long the demo's token is good.
const DEMO_TOKEN_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// Starts the roles, prints where they are, and stops in two stages when told to or when a role dies.
pub(crate) async fn serve(config: Config, args: &ServeArgs) -> Result<(), Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    let roles = &config.server.roles;
    if args.demo && !roles.has(Role::Command) {
        let why = "--demo adds films, which needs the role command";
        return Err(Failure::Other(why.to_owned()));
    }
    let clock = Clock::system();
    let metrics = Metrics::install().map_err(|error| Failure::Other(error.to_string()))?;
    let data = DataDir::open(&config.server.data)?;
    let _lock = data.lock()?;
    let (listeners, at) = listen(&config).await?;
    for trap in keys::traps(&config, &data) {
        tracing::warn!("{trap}");
    }
    let spans = Spans::record(&config.telemetry, roles, clock.new_id())?;
    let ports = Ports::open(&config, &data, clock.clone()).await?;
    let log = Arc::clone(&ports.log);
    let reads = ports.query.as_ref().map(|query| (query.store.clone(), Arc::clone(&query.feed)));
    let stages = Shutdown::default();
    let mut tasks = roles::start(&config, &data, ports, &metrics, listeners, &stages)?;

    let starting = async {
        if args.demo {
            load_samples(&log, &clock).await?;
        }
        // What is read from now on reflects what the log holds already.
        let caught_up = match &reads {
            Some((store, feed)) => {
                let head = async || Ok(log.head().await?);
                let head = patiently(&config, "the event log", head).await?;
                roles::catch_up(store, feed.as_ref(), head).await
            }
            None => true,
        };
        print(&banner::addresses(roles, at.public.as_deref(), &at.admin))?;
        if !caught_up {
            print(banner::CATCHING_UP)?;
        }
        match &at.public {
            Some(base) if args.demo => {
                let role = identity::Role::Editor;
                let editor = Identity::by_token(clock.new_id(), role, clock.new_id());
                let token = issue(&config, &data, &editor, clock.now(), DEMO_TOKEN_TTL)?;
                print(&banner::demo(base, &token))?;
            }
            Some(_) if roles.has(Role::Command) => print(banner::first_token())?,
            _ => {}
        }
        print("\nReady.\n")?;
        // Started: from now on only a signal or a dying role ends it.
        std::future::pending().await
    };
    let outcome = tokio::select! {
        signal = shutdown::signal() => match signal {
            Ok(signal) => {
                tracing::info!(signal, "stopping");
                Ok(())
            }
            Err(error) => Err(Failure::Other(format!("signals cannot be received: {error}"))),
        },
        failure = first_to_end(&mut tasks) => Err(failure),
        failed = starting => failed,
    };
    stop(&config, &stages, tasks, log.as_ref()).await;
    spans.finish().await;
    outcome
}

/// Where the process can be reached, as people write it.
struct Addresses {
    /// `None` where it answers no requests.
    public: Option<String>,
    admin: String,
}

/// Binds the addresses that the roles need.
async fn listen(config: &Config) -> Result<(Listeners, Addresses), Failure> {
    let (mut public, mut address) = (None, None);
    if config.server.roles.is_public() {
        let listener = listen::public(&config.server).await?;
        address = Some(listen::address(&listener)?);
        public = Some(listener);
    }
    let admin = listen::admin(&config.server, address).await?;
    let scheme = if config.server.tls.is_on() { "https" } else { "http" };
    let at = Addresses {
        public: address.map(|address| listen::base_url(scheme, address)),
        admin: listen::base_url("http", listen::address(&admin)?),
    };
    Ok((Listeners { public, admin }, at))
}

/// Loads the sample catalogue, and says so where it was not there.
async fn load_samples(log: &Arc<dyn EventLog>, clock: &Clock) -> Result<(), Failure> {
    match demo::load(Arc::clone(log), clock.clone()).await? {
        0 => Ok(()),
        films => print(&format!("The sample catalogue has been loaded: {films} films.\n\n")),
    }
}

/// Waits for any role to end, which none should while the server runs.
async fn first_to_end(tasks: &mut JoinSet<Result<(), Failure>>) -> Failure {
    match tasks.join_next().await {
        Some(Ok(Err(failure))) => failure,
        Some(Err(error)) => Failure::Other(format!("a role crashed: {error}")),
        Some(Ok(Ok(()))) | None => Failure::Other("a role ended before its time".to_owned()),
    }
}

/// First requests are finished, then the projector ends, then the log is closed.
async fn stop(
    config: &Config,
    stages: &Shutdown,
    mut tasks: JoinSet<Result<(), Failure>>,
    log: &dyn EventLog,
) {
    stages.stop_taking.cancel();
    // The servers end by themselves when their last request is answered; then the projector is told.
    let timeout = config.server.drain_timeout;
    tokio::select! {
        () = stages.drained() => {}
        () = tokio::time::sleep(timeout) => tracing::warn!(
            timeout_s = timeout.as_secs(),
            "requests were still under way, stopping all the same"
        ),
        _ = shutdown::signal() => tracing::warn!("told twice to stop, requests are cut off"),
    }
    stages.stop_working.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(10), async {
        while let Some(ended) = tasks.join_next().await {
            if let Ok(Err(failure)) = ended {
                tracing::error!(%failure, "a role failed while stopping");
            }
        }
    });
    if ended.await.is_err() {
        tracing::warn!("background work did not end in time");
        tasks.abort_all();
    }
    log.close().await;
    tracing::info!("stopped");
}
