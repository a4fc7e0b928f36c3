//! Carries jobs out, one after the other, a few at a time; goes on with those that were interrupted.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::join_all};
use http_kit::{Problem, ProblemType};
use tokio::time::{MissedTickBehavior, interval, timeout};
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

/// How often in a row the files of a job may fail before it does: for a minute and a half.
const FILE_ERRORS_MAX: u32 = 8;

/// How often it is looked for jobs that have been kept long enough, and for ends that are not on disk.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How long it is asked each time whether makers of jobs may still do this. While nothing can be found out, each
/// answer takes seconds, and other housework must not stand behind all of them.
const ASKING_MAX: Duration = Duration::from_secs(10);

/// How far a job was brought.
enum Advance {
    /// To its end.
    Finished(JobState, Option<String>),
    /// The server is stopping.
    Paused,
}

impl Advance {
    fn failed(why: impl Into<String>) -> Self {
        Self::Finished(JobState::Failed, Some(why.into()))
    }
}

/// Why a job does not go on at the moment.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Files(#[from] io::Error),
    #[error("the event log is unavailable")]
    Log,
    #[error("whether its maker may still do this cannot be found out")]
    Standing,
    #[error("the input cannot be read: {0}")]
    Input(String),
}

impl CommandState {
    /// Carries jobs out until `stop`. Those that are under way then stop between two lines, and go on
    /// after the next start.
    pub async fn run_jobs(self, stop: CancellationToken) {
        let workers = join_all((0..self.bulk.jobs_at_once).map(|_| self.take_jobs(&stop)));
        tokio::join!(workers, self.keep_house(&stop));
    }

    async fn take_jobs(&self, stop: &CancellationToken) {
        while let Some(job) = self.jobs.take(stop).await {
            self.carry_out(&job, stop).await;
            self.jobs.measure();
        }
    }

    /// Carries a job out, again and again where it is interrupted, until it is finished or it is time to
    /// stop.
    async fn carry_out(&self, job: &Job, stop: &CancellationToken) {
        let (mut pause, mut file_errors) = (PAUSES.0, 0);
        loop {
            let before = job.record().progress;
            let Err(error) = self.carry_on(job, stop).await else { return };
            if job.record().progress != before {
                (pause, file_errors) = (PAUSES.0, 0);
            }
            tracing::warn!(job = %job.id, %error, pause_s = pause.as_secs(), "job interrupted");
            file_errors += u32::from(!matches!(error, Interrupted::Log | Interrupted::Standing));
            if file_errors >= FILE_ERRORS_MAX {
                let failure = "Its files cannot be read or written.".to_owned();
                return self.jobs.finish(job, JobState::Failed, Some(failure)).await;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = job.cancel.cancelled() => {}
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSES.1),
            }
        }
    }

    /// Carries a job on as far as it goes, and notes how far.
    async fn carry_on(&self, job: &Job, stop: &CancellationToken) -> Result<(), Interrupted> {
        let folder = &self.jobs.0.folder;
        if job.cancel.is_cancelled() {
            // What it has brought about is counted, where that can be read.
            if let Ok(results) = Results::resume(folder.results(job.id)).await {
                self.jobs.note(job, &results);
            }
            self.jobs.finish(job, JobState::Cancelled, None).await;
            return Ok(());
        }
        let now = self.jobs.0.clock.now();
        if job.record.borrow().started_at.is_none() {
            let start = |record: &mut super::Record| {
                (record.state, record.started_at) = (JobState::Running, Some(now));
            };
            job.update(folder, start).await?;
        }
        match self.advance(job, stop).await? {
            Advance::Paused => job.update(folder, |_| {}).await?,
            Advance::Finished(state, failure) => self.jobs.finish(job, state, failure).await,
        }
        Ok(())
    }

    async fn advance(&self, job: &Job, stop: &CancellationToken) -> Result<Advance, Interrupted> {
        let folder = &self.jobs.0.folder;
        let input = match tokio::fs::File::open(folder.input(job.id)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Advance::failed("Its input is missing."));
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
        let mut work =
            Work::new(self.clone(), job.record().sender, job.standing(), lines, halt.clone());
        loop {
            let result = tokio::select! {
                biased;
                () = job.cancel.cancelled(), if !halt.is_cancelled() => {
                    halt.cancel();
                    continue;
                }
                result = work.next() => result,
                () = results.sync_due() => {
                    results.sync().await?;
                    continue;
                }
            };
            let Some(result) = result else { break };
            let collected = self.collect(result, job, &mut work, &mut results);
            results.write().await?;
            self.jobs.note(job, &results);
            if let Some(failure) = collected? {
                results.sync().await?;
                return Ok(Advance::failed(failure));
            }
        }
        results.sync().await?;
        Ok(match work.end() {
            End::Stopped if job.cancel.is_cancelled() => {
                Advance::Finished(JobState::Cancelled, None)
            }
            End::Stopped => Advance::Paused,
            End::Refused => refused(work.refusal())?,
            End::Broken(reason) => return Err(Interrupted::Input(reason.clone())),
            End::Whole | End::Idle(_) | End::TooManyLines(_) | End::TooManyBytes(_) => {
                Advance::Finished(JobState::Done, None)
            }
        })
    }

    async fn keep_house(&self, stop: &CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {
                    stop.run_until_cancelled(self.jobs.ask_about_makers()).await;
                    self.jobs.save_again().await;
                    self.jobs.remove_finished_before(self.bulk.jobs_keep).await;
                }
            }
        }
    }

    /// Takes a result, and those that are there without waiting, as many as are written at a time. Says
    /// why the job has failed where there is no room for one.
    fn collect(
        &self,
        first: LineResult,
        job: &Job,
        work: &mut Work,
        results: &mut Results,
    ) -> Result<Option<String>, Interrupted> {
        let (bytes_max, all_max) = (self.bulk.bytes_max, self.bulk.jobs_bytes_max);
        let mut next = Some(first);
        while let Some(result) = next {
            // It is no result: the line is tried again.
            if result.is_unavailable() {
                return Err(Interrupted::Log);
            }
            let (bytes, mut failure) = (results.bytes(), None);
            results.push(&result, |more| {
                if bytes + more > bytes_max {
                    failure = Some(format!("Its results have more than {bytes_max} bytes."));
                } else if !self.jobs.claim(job, more, all_max) {
                    failure = Some(format!(
                        "All jobs together may have {all_max} bytes at most, and they have."
                    ));
                }
                failure.is_none()
            })?;
            if failure.is_some() {
                return Ok(failure);
            }
            let has_room = results.buffered() < WRITE_BYTES;
            next = if has_room { work.next().now_or_never().flatten() } else { None };
        }
        Ok(None)
    }
}

/// What comes of a job whose maker may not do this any more.
fn refused(refusal: Option<Problem>) -> Result<Advance, Interrupted> {
    let refusal = refusal.filter(|refusal| refusal.problem_type() != ProblemType::Unavailable);
    let Some(refusal) = refusal else { return Err(Interrupted::Standing) };
    Ok(Advance::failed(format!("Its maker may not do this any more. {refusal}")))
}

impl Jobs {
    /// Asks whether makers of jobs that wait may still do this: what was revoked is not kept in mind for as long
    /// as a job may wait. Takes [`ASKING_MAX`] at most: those for whom there was no time are asked about once
    /// answers come faster, or when their jobs have their turn.
    async fn ask_about_makers(&self) {
        let unfinished = |job: &&Arc<Job>| !job.state().is_final();
        let waiting: Vec<Arc<Job>> = self.all().values().filter(unfinished).cloned().collect();
        let asking = async {
            for standing in waiting.iter().filter_map(|job| job.standing()) {
                // It keeps a refusal in mind, until the job has its turn.
                drop(standing.may_go_on().await);
            }
        };
        if timeout(ASKING_MAX, asking).await.is_err() {
            tracing::warn!("not all makers of jobs could be asked about in time");
        }
    }

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

    /// Takes room for results of a job, where there is as much.
    fn claim(&self, job: &Job, bytes: u64, bytes_max: u64) -> bool {
        let has_room = self.0.claim(bytes, bytes_max);
        if has_room {
            job.results_bytes.fetch_add(bytes, Ordering::SeqCst);
        }
        has_room
    }

    /// Notes what has been written of a job's results.
    fn note(&self, job: &Job, results: &Results) {
        let bytes = results.written().bytes;
        let before = job.results_bytes.swap(bytes, Ordering::SeqCst);
        self.0.bytes.fetch_add(bytes.wrapping_sub(before), Ordering::SeqCst);
        job.record.send_modify(|record| results.written().note(&mut record.progress));
    }
}
