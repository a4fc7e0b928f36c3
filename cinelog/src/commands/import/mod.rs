//! `cinelog import`: films from files into the log, beside a running server or without one.

mod places;
mod run;

use std::{process::ExitCode, time::Instant};

use http_kit::Clock;

use self::{places::refuse_mixed_up, run::Run};
use super::print;
use crate::{
    cli::ImportArgs,
    config::Config,
    data_dir::DataDir,
    demo::this_year,
    error::Failure,
    import::{Finished, Mapping, Opened, Reading, Said, Settings, Sides, Source},
    shutdown, telemetry,
};

/// Reads the files in order, and says what they came to. A server that runs sees the films at once;
/// otherwise the read model catches up when one starts.
pub(crate) async fn import(config: &Config, args: &ImportArgs) -> Result<ExitCode, Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    let clock = Clock::system();
    let settings = settings(args, &clock)?;
    // All of them before any is imported: a typing error is found at once.
    let (files, sides) = open(args, &settings)?;
    refuse_mixed_up(args, config)?;
    let started = Instant::now();
    let run = async {
        let data = match args.dry_run {
            true => DataDir::named(&config.server.data),
            false => DataDir::open(&config.server.data)?,
        };
        // A restore must not put another log in the place of the one that is written to.
        let _lock = if args.dry_run { None } else { Some(data.share_log()?) };
        let mut run = Run::prepare(config, &data, args, settings, clock, sides).await?;
        run.take_checkpoints(&files)?;
        let done = run.import(files).await?;
        let notes = run.notes();
        run.close().await?;
        Ok::<_, Failure>((notes, done))
    };
    let (notes, done) = tokio::select! {
        imported = run => imported?,
        signal = shutdown::signal() => {
            signal.map_err(|error| Failure::Other(format!("signals cannot be received: {error}")))?;
            let again = "interrupted; the same command goes on where this one has stopped";
            return Err(Failure::Other(again.to_owned()));
        }
    };
    let finished = Finished::new(done, notes, started.elapsed(), args.dry_run);
    print(&match args.json {
        true => format!("{:#}\n", finished.json()),
        false => finished.to_string(),
    })?;
    Ok(if finished.total().refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What was typed, understood.
fn settings(args: &ImportArgs, clock: &Clock) -> Result<Settings, Failure> {
    let other = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    let mut mapping = Mapping::default();
    if let Some(path) = &args.map_file {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::Other(format!("{name} cannot be read: {error}")))?;
        mapping
            .add_file(&text)
            .map_err(|(line, error)| Failure::Other(format!("{name}:{line}: {error}")))?;
    }
    for map in &args.map {
        mapping.add(map).map_err(|error| other(&error))?;
    }
    for constant in &args.set {
        mapping.add_constant(constant).map_err(|error| other(&error))?;
    }
    if args.no_guess {
        mapping.without_guesses();
    }
    let settings = Settings {
        encoding: args.encoding,
        said: Said {
            format: args.format,
            member: args.records.clone(),
            delimiter: args.delimiter,
            quote: args.quote.map(|quote| quote.0),
        },
        mapping,
        reading: Reading {
            empty: args.null.clone(),
            separators: args.separator.iter().flat_map(|text| text.chars()).collect(),
            day_order: args.dates,
            clears: args.clear_empty,
            this_year: this_year(clock),
        },
        all_types: args.all_types,
        votes_min: args.min_votes,
    };
    settings.check_constants().map_err(|wrong| Failure::Other(wrong.join("\n")))?;
    Ok(settings)
}

/// Opens all files: those that hold films, and those that go with IMDb's titles.
fn open(args: &ImportArgs, settings: &Settings) -> Result<(Vec<Opened>, Sides), Failure> {
    let (mut files, mut sides) = (Vec::new(), Sides::default());
    for path in &args.files {
        let opened = Opened::open(Source::named(path), settings).map_err(Failure::Other)?;
        files.extend(sides.take(opened));
    }
    let has_titles = files.iter().any(|file| file.imdb.is_some());
    match sides.names().as_slice() {
        [] => {}
        names if !has_titles => {
            let names = names.join(", ");
            let why =
                format!("{names}: goes with IMDb's title.basics.tsv, which is not among the files");
            return Err(Failure::Other(why));
        }
        _ => {}
    }
    if settings.votes_min.is_some() && !sides.has_votes() {
        let why = "--min-votes needs IMDb's title.ratings.tsv among the files";
        return Err(Failure::Other(why.to_owned()));
    }
    Ok((files, sides))
}
