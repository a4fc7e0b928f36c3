//! An import at work: what it stands on, and file after file, each from where an earlier one has stopped.

use std::{
    collections::HashMap,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    sync::Arc,
};

use event_log::EventLog;
use http_kit::Clock;

use super::places::own_rejects;
use crate::{
    cli::ImportArgs,
    config::Config,
    data_dir::DataDir,
    error::Failure,
    import::{
        Carrier, Checkpoint, Done, Import, Importer, Join, Known, Opened, Progress, Rejects,
        Settings, Sides, Source,
    },
    wire,
};

/// An import that is ready to run.
pub(super) struct Run<'a> {
    args: &'a ImportArgs,
    importer: Importer,
    log: Option<Arc<dyn EventLog>>,
    join: Option<Join>,
    /// Where checkpoints are. `None` where nothing is to be written.
    folder: Option<PathBuf>,
    /// Those of the files that can be gone on with.
    checkpoints: HashMap<PathBuf, Checkpoint>,
}

impl<'a> Run<'a> {
    pub(super) async fn prepare(
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
    pub(super) fn take_checkpoints(&mut self, files: &[Opened]) -> Result<(), Failure> {
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
    pub(super) async fn import(&self, files: Vec<Opened>) -> Result<Vec<Done>, Failure> {
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
    pub(super) fn notes(&self) -> Vec<String> {
        self.join.as_ref().map(|join| join.notes.clone()).unwrap_or_default()
    }

    /// Everything is in the log: nothing is to be gone on with.
    pub(super) async fn close(self) -> Result<(), Failure> {
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
