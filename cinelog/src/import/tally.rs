//! What is kept of an import while it runs: counts, what was refused, how far it has come.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::EventLog;

use super::{
    Outcome, Settled,
    checkpoint::{Checkpoint, Progress, Standing},
    format::{Complaint, Layout, Raw},
    opened::Opened,
    progress,
    reader::Report,
    rejects::Rejects,
    summary::Summary,
};
use crate::error::Failure;

/// How often a checkpoint is written, at most.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// Counts what records came to, shows it, and writes down what is to be kept of it.
pub(super) struct Tally<'a> {
    name: String,
    layout: Layout,
    summary: Summary,
    /// Where the films go.
    log: Option<Arc<dyn EventLog>>,
    /// How many records have been dealt with, by an earlier import too.
    pub(super) records: u64,
    rejects: Option<&'a mut Rejects>,
    checkpoint: Option<&'a Checkpoint>,
    saved_at: Instant,
    progress: progress::Progress,
}

impl<'a> Tally<'a> {
    pub(super) fn new(
        opened: &Opened,
        log: Option<Arc<dyn EventLog>>,
        resumed: Option<Progress>,
        rejects: Option<&'a mut Rejects>,
        checkpoint: Option<&'a Checkpoint>,
    ) -> Self {
        let name = opened.source.to_string();
        let (records, summary) =
            resumed.map_or((0, Summary::default()), |at| (at.records, at.summary));
        let progress = progress::Progress::new(&name, opened.size, Arc::clone(&opened.read));
        let (layout, saved_at) = (opened.layout.clone(), Instant::now());
        Self { name, layout, summary, log, records, rejects, checkpoint, saved_at, progress }
    }

    /// Counts the records of a piece, in their order.
    pub(super) async fn count(&mut self, piece: Vec<Settled>) -> Result<(), Failure> {
        let mut films = 0;
        for (raw, outcome) in piece {
            let Some(outcome) = outcome else { continue };
            films += 1;
            self.summary.count(&outcome);
            if let (Outcome::Refused(complaints), Some(raw)) = (&outcome, &raw) {
                self.progress.refused(raw, complaints);
                self.write_down(raw, complaints)?;
            }
        }
        self.records += films;
        self.progress.advance(films);
        if let Some(rejects) = &mut self.rejects {
            rejects.flush().map_err(|error| unwritable(rejects, &error))?;
        }
        if self.saved_at.elapsed() >= CHECKPOINT_INTERVAL { self.save(false).await } else { Ok(()) }
    }

    fn write_down(&mut self, raw: &Raw, complaints: &[Complaint]) -> Result<(), Failure> {
        let Some(rejects) = &mut self.rejects else { return Ok(()) };
        rejects
            .write(&self.name, &self.layout, raw, complaints)
            .map_err(|error| unwritable(rejects, &error))
    }

    /// Writes down how far it has come.
    pub(super) async fn save(&mut self, is_done: bool) -> Result<(), Failure> {
        let (Some(checkpoint), Some(log)) = (self.checkpoint, &self.log) else { return Ok(()) };
        // As it is now it has all that was counted.
        let standing = Standing::of(log.as_ref()).await?;
        let rejects = self.rejects.as_ref().map(|rejects| rejects.place());
        let progress = Progress {
            records: self.records,
            summary: self.summary.clone(),
            rejects: rejects.map(|(path, bytes)| (path.to_path_buf(), bytes)),
            is_done,
            log: standing,
        };
        self.saved_at = Instant::now();
        checkpoint
            .save(&progress)
            .map_err(|error| Failure::Other(format!("a checkpoint cannot be written: {error}")))
    }

    /// The file has ended.
    pub(super) async fn finish(mut self, report: Report) -> Result<Summary, Failure> {
        self.summary.unused_columns = report.unused;
        self.summary.notes = report.notes;
        self.save(true).await?;
        self.progress.finish();
        Ok(self.summary)
    }
}

fn unwritable(rejects: &Rejects, error: &io::Error) -> Failure {
    let path = rejects.place().0.display();
    Failure::Other(format!("what was refused cannot be written to {path}: {error}"))
}
