//! `cinelog parked`: streams that a poison event has stopped, and trying them again.

use std::{sync::Arc, time::Duration};

use event_log::EventLog;
use events::Position;
use projector::{OpenGeneration, ProjectorOptions, ReadModel, Status};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{build, print};
use crate::{
    cli::ParkedCommand, config::Config, data_dir::DataDir, error::Failure, telemetry, wire,
};

/// How many streams are read at a time.
const PAGE: u32 = 256;

/// How long a retry is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often is looked whether it is done.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Lists or tries again.
pub(crate) async fn parked(config: &Config, command: &ParkedCommand) -> Result<(), Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    let data = DataDir::of(config)?;
    let read_models = wire::read_models(config, &data).await?;
    let number = read_models.live().await?;
    let live = OpenGeneration::existing(read_models.as_ref(), number).await?;
    let model = &live.read_model;
    match command {
        ParkedCommand::List => list(model.as_ref()).await,
        ParkedCommand::Retry { streams, .. } => {
            let asked = ask(model.as_ref(), streams).await?;
            if asked.is_empty() {
                return print("no stream is parked\n");
            }
            // Whoever has the folder has the read model in it. Of one on a server nobody knows who works on
            // it: there ours only follows, as long as another projector leads.
            let lock = config.read_model.url.file().map(|_| data.lock());
            if matches!(lock, Some(Err(_))) {
                return wait(model.as_ref(), &asked).await;
            }
            let log = build::log(config, &data).await?;
            let outcome = work(config, log, model, &asked).await;
            model.close().await;
            outcome
        }
    }
}

async fn list(model: &dyn ReadModel) -> Result<(), Failure> {
    let mut after = Position::START;
    loop {
        let page = model.parked(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for stream in page {
            let retry = if stream.retry { " (is going to be tried again)" } else { "" };
            print(&format!(
                "{}: {} events from position {}, which {}{retry}\n",
                stream.stream, stream.events, stream.position, stream.reason
            ))?;
        }
    }
    if after == Position::START { print("no stream is parked\n") } else { Ok(()) }
}

/// Marks the streams, all where none is named; gives which.
async fn ask(model: &dyn ReadModel, streams: &[String]) -> Result<Vec<String>, Failure> {
    if !streams.is_empty() {
        for stream in streams {
            if model.ask_retry(Some(stream)).await? == 0 {
                return Err(Failure::Other(format!("{stream} is not parked")));
            }
        }
        return Ok(streams.to_vec());
    }
    let (mut all, mut after) = (Vec::new(), Position::START);
    loop {
        let page = model.parked(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        all.extend(page.into_iter().map(|parked| parked.stream));
    }
    model.ask_retry(None).await?;
    Ok(all)
}

/// Does what a server would do, until it is done.
async fn work(
    config: &Config,
    log: Arc<dyn EventLog>,
    model: &Arc<dyn ReadModel>,
    asked: &[String],
) -> Result<(), Failure> {
    let options =
        ProjectorOptions { poison: config.projector.poison.into(), ..ProjectorOptions::default() };
    let stop = CancellationToken::new();
    let feed = wire::change_feed(config, &wire::redis(config)?).await?;
    let projector = projector::run(
        Arc::clone(&log),
        Arc::new(Arc::clone(&log)),
        Arc::clone(model),
        feed,
        options,
        Status::default(),
        stop.clone(),
    );
    let mut projector = tokio::spawn(projector);
    let outcome = tokio::select! {
        outcome = wait(model.as_ref(), asked) => outcome,
        ended = &mut projector => {
            ended.map_err(|error| Failure::Other(error.to_string()))??;
            return Err(Failure::Other("the projector ended before its time".to_owned()));
        }
    };
    stop.cancel();
    projector.await.map_err(|error| Failure::Other(error.to_string()))??;
    log.close().await;
    outcome
}

/// Waits until all of them have been tried again, and says what came of each.
async fn wait(model: &dyn ReadModel, asked: &[String]) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    let mut parked = 0;
    for name in asked {
        let left = loop {
            match model.parked_stream(name).await? {
                Some(stream) if stream.retry => {}
                left => break left,
            }
            if Instant::now() >= deadline {
                let seconds = PATIENCE.as_secs();
                let what = format!("{name} was not tried again within {seconds} s; it will be");
                return Err(Failure::Other(what));
            }
            sleep(LOOK_EVERY).await;
        };
        match left {
            None => print(&format!("{name}: folded in\n"))?,
            Some(stream) => {
                parked += 1;
                print(&format!(
                    "{name}: parked still, {} events from position {}, which {}\n",
                    stream.events, stream.position, stream.reason
                ))?;
            }
        }
    }
    match parked {
        0 => Ok(()),
        _ => Err(Failure::Other(format!("{parked} of {} are parked still", asked.len()))),
    }
}
