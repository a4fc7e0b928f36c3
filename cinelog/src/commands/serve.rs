//! `cinelog serve`: all roles in one process, until it is told to stop.

use std::{sync::Arc, time::Duration};

use event_log::EventLog;
use http_kit::{Clock, Metrics};
use identity::Role;
use projector::OpenGeneration;
use query_api::LiveStore;
use tokio::task::JoinSet;

use super::{issue, print};
use crate::{
    banner,
    cli::ServeArgs,
    config::Config,
    data_dir::DataDir,
    demo,
    error::Failure,
    listen,
    roles::{self, LiveStatus, Ports},
    shutdown::{self, Shutdown},
    telemetry, wire,
};

/// How long the demo's token is good.
const DEMO_TOKEN_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// Starts everything, prints where it is, and stops in two stages when told to or when a role dies.
pub(crate) async fn serve(config: Config, args: &ServeArgs) -> Result<(), Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    let metrics = Metrics::install().map_err(|error| Failure::Other(error.to_string()))?;
    let data = DataDir::open(&config.server.data)?;
    let _lock = data.lock()?;
    let public = listen::public(&config.server).await?;
    let public_address = listen::address(&public)?;
    let admin = listen::admin(&config.server, public_address).await?;
    let (base, admin_base) =
        (listen::base_url(public_address), listen::base_url(listen::address(&admin)?));

    let clock = Clock::system();
    let log = wire::event_log(&config, &data).await?;
    let read_models = wire::read_models(&config, &data).await?;
    let stores = wire::stores(&config, &data)?;
    let live = OpenGeneration::live(read_models.as_ref()).await?;
    let ports = Ports {
        clock: clock.clone(),
        head_at_start: log.head().await?,
        log: Arc::clone(&log),
        store: LiveStore::new(stores.open(live.number).await?),
        read_models,
        stores,
        live,
        projection: LiveStatus::default(),
        feed: wire::change_feed(),
    };
    let (store, feed) = (ports.store.clone(), Arc::clone(&ports.feed));
    let stages = Shutdown::default();
    let mut tasks = roles::start(&config, &data, ports, &metrics, public, admin, &stages)?;

    let starting = async {
        if args.demo {
            load_samples(&log, &clock).await?;
        }
        // What is read from now on reflects what the log holds already.
        let caught_up = roles::catch_up(&store, feed.as_ref(), log.head().await?).await;
        print(&banner::addresses(&base, &admin_base))?;
        if !caught_up {
            print(banner::CATCHING_UP)?;
        }
        if args.demo {
            let token = issue(&config, &data, &clock, Role::Editor, DEMO_TOKEN_TTL, None)?;
            print(&banner::demo(&base, &token))?;
        } else {
            print(banner::first_token())?;
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
    outcome
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
