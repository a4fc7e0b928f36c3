//! `cinelog import`: films from files into the log, beside a running server or without one.

use std::{
    collections::HashMap,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

use http_kit::Clock;

use super::print;
use crate::{
    cli::ImportArgs,
    config::Config,
    data_dir::DataDir,
    demo::this_year,
    error::Failure,
    files::{is_linked_from, is_same_file, is_same_place, resolved, with_side_files},
    import::{
        Carrier, Checkpoint, Done, Finished, Import, Importer, Join, Known, Mapping, Opened,
        Progress, Reading, Rejects, Said, Settings, Sides, Source,
    },
    shutdown, telemetry, wire,
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

/// Refuses to read what is being written: to write what is refused to a file that is imported as well
/// would destroy it before it is read. A file that is named twice is a mistake too.
fn refuse_mixed_up(args: &ImportArgs, config: &Config) -> Result<(), Failure> {
    let files: Vec<&Path> =
        args.files.iter().filter(|path| path.is_file()).map(PathBuf::as_path).collect();
    for (index, file) in files.iter().enumerate() {
        if let Some(other) = files[..index].iter().find(|other| is_same_file(other, file)) {
            let (a, b) = (other.display(), file.display());
            return Err(Failure::Other(format!("{a} and {b} are the same file; name it once")));
        }
    }
    let imports = config.server.data.join(DataDir::IMPORTS);
    let rejects = match &args.rejects {
        Some(path) => vec![path.clone()],
        None => args
            .files
            .iter()
            .flat_map(|path| {
                let (beside, name) = own_rejects(&Source::named(path));
                [beside, imports.join(name)]
            })
            .collect(),
    };
    let map_file = args.map_file.as_deref();
    for rejects in &rejects {
        let is_read = |read: &Path| is_same_place(read, rejects);
        let what = if files.iter().copied().chain(map_file).any(is_read) {
            "is read"
        } else if is_of_data(rejects, config, args.rejects.is_none()) {
            "is of the data folder"
        } else {
            continue;
        };
        let rejects = rejects.display();
        return Err(Failure::Other(format!(
            "what is refused would be written to {rejects}, which {what}; say another file with --rejects"
        )));
    }
    Ok(())
}

/// Whether a path leads into the data folder, or to a store of it that is elsewhere. Where nothing was
/// said, rejects have a place in there; `is_usual` is whether that may be.
fn is_of_data(path: &Path, config: &Config, is_usual: bool) -> bool {
    let data = &config.server.data;
    let imports = resolved(&data.join(DataDir::IMPORTS));
    let stores = [config.log.url.file(), config.read_model.url.file()];
    let stores: Vec<PathBuf> = stores.into_iter().flatten().map(|store| data.join(store)).collect();
    if is_linked_from(path, data)
        || stores.iter().flat_map(|store| with_side_files(store)).any(|it| is_same_place(&it, path))
    {
        return true;
    }
    let place = resolved(path);
    let has_own_name = place.file_name() == path.file_name();
    let is_in_its_place = is_usual && has_own_name && place.parent() == Some(imports.as_path());
    place.starts_with(resolved(data)) && !is_in_its_place
}

/// Where what is refused of a source is written beside it, and the name of that file.
fn own_rejects(source: &Source) -> (PathBuf, std::ffi::OsString) {
    let path = match source {
        Source::File(path) => path.clone(),
        Source::Stdin | Source::Text { .. } => PathBuf::from("stdin"),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".rejects.ndjson");
    (path.with_file_name(&name), name)
}

/// An import that is ready to run.
struct Run<'a> {
    args: &'a ImportArgs,
    importer: Importer,
    log: Option<Arc<dyn event_log::EventLog>>,
    join: Option<Join>,
    /// Where checkpoints are. `None` where nothing is to be written.
    folder: Option<PathBuf>,
    /// Those of the files that can be gone on with.
    checkpoints: HashMap<PathBuf, Checkpoint>,
}

impl<'a> Run<'a> {
    async fn prepare(
        config: &Config,
        data: &DataDir,
        args: &'a ImportArgs,
        settings: Settings,
        clock: Clock,
        sides: Sides,
    ) -> Result<Self, Failure> {
        let log = match args.dry_run {
            true => wire::event_log_reader(config, data).await?,
            false => Some(wire::event_log(config, data).await?),
        };
        let catalogue = wire::catalogue(config, data).await?;
        let folder = if args.dry_run { None } else { Some(data.make_imports()?) };
        let scratch = folder.clone().unwrap_or_else(std::env::temp_dir);
        let join = Join::load(sides, settings.votes_min, &scratch)
            .await
            .map_err(|error| Failure::Other(error.to_string()))?;
        let carrier = match &log {
            Some(log) if !args.dry_run => Carrier::new(Arc::clone(log), clock, Known::Update),
            log => Carrier::rehearsal(log.clone(), clock),
        };
        let importer =
            Importer { carrier: Arc::new(carrier), catalogue, settings: Arc::new(settings) };
        Ok(Self { args, importer, log, join, folder, checkpoints: HashMap::new() })
    }

    /// Takes the checkpoints of all files before any is imported.
    fn take_checkpoints(&mut self, files: &[Opened]) -> Result<(), Failure> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let identity = (&self.importer.settings, &self.args.files, &self.args.rejects);
        for Opened { source, .. } in files {
            // A pipe cannot be read again.
            let Source::File(path) = source else { continue };
            if path.is_file() {
                let checkpoint = Checkpoint::of(folder, path, &identity)
                    .map_err(|error| Failure::Other(format!("{source}: {error}")))?;
                self.checkpoints.insert(path.clone(), checkpoint);
            }
        }
        Ok(())
    }

    /// Imports the files in their order.
    async fn import(&self, files: Vec<Opened>) -> Result<Vec<Done>, Failure> {
        let mut done = Vec::with_capacity(files.len());
        let mut shared = self.args.rejects.clone().map(|path| Rejects::new(path, None));
        let mut goes_on = !self.args.restart;
        for file in files {
            let checkpoint = match &file.source {
                Source::File(path) => self.checkpoints.get(path),
                Source::Stdin | Source::Text { .. } => None,
            };
            let mut own = None;
            let rejects = match &mut shared {
                Some(shared) => shared,
                None => own.insert(self.own_rejects(&file.source)),
            };
            let resumed = match checkpoint.filter(|_| goes_on) {
                Some(checkpoint) => self.resume(&file.source, checkpoint, rejects).await?,
                None => None,
            };
            // In a file of rejects that is written anew, what followed is gone.
            if self.args.rejects.is_some() {
                goes_on &= resumed.as_ref().is_some_and(|progress| progress.is_done);
            }
            done.push(self.import_file(file, checkpoint, resumed, rejects).await?);
        }
        Ok(done)
    }

    async fn import_file(
        &self,
        opened: Opened,
        checkpoint: Option<&Checkpoint>,
        resumed: Option<Progress>,
        rejects: &mut Rejects,
    ) -> Result<Done, Failure> {
        let name = opened.source.to_string();
        let resumed_after = resumed.as_ref().map_or(0, |progress| progress.records);
        if resumed_after > 0 && io::stderr().is_terminal() {
            eprintln!("{name}: going on after {resumed_after} records; --restart begins anew");
        }
        let summary = match resumed {
            Some(progress) if progress.is_done => progress.summary,
            resumed => {
                let import = Import {
                    join: self.join.as_ref().filter(|_| opened.imdb.is_some()),
                    opened,
                    rejects: Some(rejects),
                    checkpoint,
                    resumed,
                };
                self.importer.import(import).await?
            }
        };
        let written = rejects.written().filter(|_| summary.refused > 0).map(Path::to_path_buf);
        Ok(Done { name, summary, rejects: written, resumed_after })
    }

    /// How far an interrupted import has come, if it can be gone on with.
    async fn resume(
        &self,
        source: &Source,
        checkpoint: &Checkpoint,
        rejects: &mut Rejects,
    ) -> Result<Option<Progress>, Failure> {
        let (Some(progress), Some(log)) = (checkpoint.load(), &self.log) else { return Ok(None) };
        if !progress.log.is_of(log.as_ref()).await? {
            eprintln!(
                "{source}: an interrupted import of it went into another log; this one begins anew"
            );
            return Ok(None);
        }
        let resumed = match &progress.rejects {
            Some((path, bytes)) if progress.is_done => rejects.keep(path, *bytes),
            Some((path, bytes)) => rejects.go_on(path, *bytes),
            None => Ok(()),
        };
        if let Err(error) = resumed {
            if error.kind() == io::ErrorKind::ResourceBusy {
                return Err(Failure::Other(format!("{source}: what was refused of it: {error}")));
            }
            // Without what was refused so far the summary would not be true.
            eprintln!("{source}: what was refused of it is gone ({error}); it begins anew");
            return Ok(None);
        }
        Ok(Some(progress))
    }

    /// Beside the file, or in the data folder where nothing can be written there.
    fn own_rejects(&self, source: &Source) -> Rejects {
        let (beside, name) = own_rejects(source);
        Rejects::new(beside, self.folder.as_ref().map(|folder| folder.join(name)))
    }

    /// What is worth saying about the files that go with IMDb's titles.
    fn notes(&self) -> Vec<String> {
        self.join.as_ref().map(|join| join.notes.clone()).unwrap_or_default()
    }

    /// Everything is in the log: nothing is to be gone on with.
    async fn close(self) -> Result<(), Failure> {
        for checkpoint in self.checkpoints.values() {
            checkpoint.remove().map_err(|error| {
                Failure::Other(format!("a checkpoint cannot be removed: {error}"))
            })?;
        }
        if let Some(log) = &self.log {
            log.close().await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
