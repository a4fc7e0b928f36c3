//! Carries jobs out, one after the other, a few at a time; goes on with those that were interrupted, and
//! removes those that have been kept long enough.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::join_all};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Job, JobState, Jobs, folder::stream, results::Results};
use crate::{
    bulk::{BulkOptions, End, LineResult, Lines, Work},
    state::CommandState,
};

/// How much of results is written at a time, in bytes.
const WRITE_BYTES: usize = 64 << 10;

/// How long a job waits after the log or the disk has failed; twice as long each time, up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How often it is looked for jobs that have been kept long enough.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How long whoever cancels a job waits for it to stop.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// How far a job was brought.
enum Advance {
    /// To its end.
    Finished(JobState, Option<String>),
    /// The server is stopping.
    Paused,
}

/// Why a job does not go on at the moment.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Files(#[from] io::Error),
    #[error("the event log is unavailable")]
    Log,
    #[error("the input cannot be read: {0}")]
    Input(String),
}

impl CommandState {
    /// Carries jobs out until `stop`. Those that are under way then stop between two lines, and go on
    /// after the next start.
    pub async fn run_jobs(self, stop: CancellationToken) {
        let workers = join_all((0..self.bulk.jobs_at_once).map(|_| self.take_jobs(&stop)));
        tokio::join!(workers, self.remove_old_jobs(&stop));
    }

    async fn take_jobs(&self, stop: &CancellationToken) {
        while let Some(job) = self.jobs.take(stop).await {
            let mut pause = PAUSES.0;
            while let Err(error) = self.carry_on(&job, stop).await {
                tracing::warn!(job = %job.id, %error, pause_s = pause.as_secs(), "job interrupted");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSES.1),
                }
            }
            self.jobs.measure();
        }
    }

    /// Carries a job on as far as it goes, and notes how far.
    async fn carry_on(&self, job: &Job, stop: &CancellationToken) -> Result<(), Interrupted> {
        let folder = &self.jobs.0.folder;
        let now = self.jobs.0.clock.now();
        if job.record.borrow().started_at.is_none() {
            let start = |record: &mut super::Record| {
                (record.state, record.started_at) = (JobState::Running, Some(now));
            };
            job.update(folder, start).await?;
        }
        match self.advance(job, stop).await? {
            Advance::Paused => job.update(folder, |_| {}).await?,
            Advance::Finished(state, failure) => {
                let now = self.jobs.0.clock.now();
                job.update(folder, |record| record.finish(state, failure.clone(), now)).await?;
                let progress = job.record().progress;
                tracing::info!(
                    job = %job.id, ?state, progress.succeeded, progress.refused, "job finished"
                );
            }
        }
        Ok(())
    }

    async fn advance(&self, job: &Job, stop: &CancellationToken) -> Result<Advance, Interrupted> {
        let folder = &self.jobs.0.folder;
        let input = match tokio::fs::File::open(folder.input(job.id)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let failure = "Its input is missing.".to_owned();
                return Ok(Advance::Finished(JobState::Failed, Some(failure)));
            }
            input => input?,
        };
        let mut results = Results::resume(folder.results(job.id)).await?;
        self.jobs.note(job, &results);
        // It was bounded when it was accepted.
        let unbounded =
            BulkOptions { lines_max: u64::MAX, bytes_max: u64::MAX, ..BulkOptions::default() };
        let lines = Lines::kept(stream(input).boxed(), &unbounded).after(results.written().line);
        let halt = stop.child_token();
        let mut work = Work::new(self.clone(), job.record().sender, lines, halt.clone());
        loop {
            let result = tokio::select! {
                biased;
                () = job.cancel.cancelled(), if !halt.is_cancelled() => {
                    halt.cancel();
                    continue;
                }
                result = work.next() => result,
            };
            let Some(result) = result else { break };
            let collected = collect(result, &mut work, &mut results);
            results.write().await?;
            self.jobs.note(job, &results);
            collected?;
            let (bytes, bytes_max) =
                (job.record.borrow().progress.results_bytes, self.bulk.bytes_max);
            if bytes > bytes_max {
                let failure = format!("Its results have more than {bytes_max} bytes.");
                return Ok(Advance::Finished(JobState::Failed, Some(failure)));
            }
        }
        results.sync().await?;
        Ok(match work.end() {
            End::Stopped if job.cancel.is_cancelled() => {
                Advance::Finished(JobState::Cancelled, None)
            }
            End::Stopped => Advance::Paused,
            End::Broken(reason) => return Err(Interrupted::Input(reason.clone())),
            End::Whole | End::Idle(_) | End::TooManyLines(_) | End::TooManyBytes(_) => {
                Advance::Finished(JobState::Done, None)
            }
        })
    }

    async fn remove_old_jobs(&self, stop: &CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => self.jobs.remove_finished_before(self.bulk.jobs_keep).await,
            }
        }
    }
}

/// Takes a result, and those that are there without waiting, as many as are written at a time.
fn collect(first: LineResult, work: &mut Work, results: &mut Results) -> Result<(), Interrupted> {
    let mut next = Some(first);
    while let Some(result) = next {
        // It is no result: the line is tried again.
        if result.is_unavailable() {
            return Err(Interrupted::Log);
        }
        results.push(&result)?;
        let has_room = results.buffered() < WRITE_BYTES;
        next = if has_room { work.next().now_or_never().flatten() } else { None };
    }
    Ok(())
}

impl Jobs {
    /// The next job that waits, when there is one. `None` when it is time to stop.
    async fn take(&self, stop: &CancellationToken) -> Option<Arc<Job>> {
        loop {
            let queued = self.0.queued.notified();
            if stop.is_cancelled() {
                return None;
            }
            if let Some(job) = self.take_first() {
                self.measure();
                return Some(job);
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = queued => {}
            }
        }
    }

    fn take_first(&self) -> Option<Arc<Job>> {
        let all = self.all();
        let job = all.values().find(|job| job.state() == JobState::Queued)?;
        job.record.send_modify(|record| record.state = JobState::Running);
        Some(Arc::clone(job))
    }

    /// Notes what has been written of a job's results.
    fn note(&self, job: &Job, results: &Results) {
        job.record.send_modify(|record| {
            let before = record.progress.results_bytes;
            results.written().note(&mut record.progress);
            let after = record.progress.results_bytes;
            self.0.bytes.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        });
    }

    /// Sees to it that a job goes no further, and waits a while for it to stop. Does nothing to one
    /// that is finished.
    pub(crate) async fn cancel(&self, job: &Job) -> io::Result<()> {
        let now = self.0.clock.now();
        let cancel = |record: &mut super::Record| {
            record.cancelling = !record.state.is_final();
            if record.state == JobState::Queued {
                record.finish(JobState::Cancelled, None, now);
            }
        };
        job.update(&self.0.folder, cancel).await?;
        job.cancel.cancel();
        let mut record = job.record.subscribe();
        let finished = record.wait_for(|record| record.state.is_final());
        // Whoever asks learns from the state whether it has stopped.
        tokio::time::timeout(CANCEL_PATIENCE, finished).await.map(drop).unwrap_or_default();
        self.measure();
        Ok(())
    }

    pub(super) async fn remove_finished_before(&self, keep: Duration) {
        let Ok(before) = self.0.clock.now().checked_sub(keep) else { return };
        let is_old = |job: &&Arc<Job>| {
            job.record.borrow().finished_at.is_some_and(|finished| finished <= before)
        };
        let old: Vec<Arc<Job>> = self.all().values().filter(is_old).cloned().collect();
        for job in old {
            match self.0.folder.remove(job.id).await {
                Ok(()) => {
                    self.all().remove(&job.id);
                    self.0.bytes.fetch_sub(job.record().bytes(), Ordering::Relaxed);
                    tracing::info!(job = %job.id, "job removed");
                }
                Err(error) => tracing::warn!(job = %job.id, %error, "job cannot be removed"),
            }
        }
        self.measure();
    }
}
