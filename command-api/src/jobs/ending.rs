//! How a job ends: by itself or because somebody cancels it. And how it goes away, when it has been kept
//! long enough.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{Job, JobState, Jobs, Record};

/// How long whoever cancels a job waits for it to stop.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

impl Jobs {
    /// Notes the end of a job, also where that cannot be written now: [`Self::save_again`] does it then.
    pub(super) async fn finish(&self, job: &Job, state: JobState, failure: Option<String>) {
        let now = self.0.clock.now();
        let end = |record: &mut Record| {
            if !record.state.is_final() {
                record.finish(state, failure.clone(), now);
            }
        };
        if let Err(error) = job.update_at_once(&self.0.folder, end).await {
            tracing::warn!(job = %job.id, %error, "the end of a job is not on disk yet");
        }
        let progress = job.record().progress;
        tracing::info!(job = %job.id, ?state, progress.succeeded, progress.refused, "job finished");
    }

    /// Writes what could not be written before of jobs that are finished.
    pub(super) async fn save_again(&self) {
        let is_unsaved = |job: &&Arc<Job>| job.state().is_final() && !job.is_finished_on_disk();
        let unsaved: Vec<Arc<Job>> = self.all().values().filter(is_unsaved).cloned().collect();
        for job in unsaved {
            if let Err(error) = job.update(&self.0.folder, |_| {}).await {
                tracing::warn!(job = %job.id, %error, "the end of a job is not on disk yet");
            }
        }
    }

    /// Sees to it that a job goes no further, and waits a while for it to stop. Does nothing to one
    /// that is finished.
    ///
    /// # Errors
    /// Where it cannot be written. The job goes no further all the same, but may after a restart.
    pub(crate) async fn cancel(&self, job: &Job) -> io::Result<()> {
        job.cancel.cancel();
        let now = self.0.clock.now();
        let cancel = |record: &mut Record| {
            record.cancelling = !record.state.is_final();
            if record.state == JobState::Queued {
                record.finish(JobState::Cancelled, None, now);
            }
        };
        job.update_at_once(&self.0.folder, cancel).await?;
        let mut record = job.record.subscribe();
        let finished = record.wait_for(|record| record.state.is_final());
        // Whoever asks learns from the state whether it has stopped.
        tokio::time::timeout(CANCEL_PATIENCE, finished).await.map(drop).unwrap_or_default();
        self.measure();
        Ok(())
    }

    /// Removes jobs that finished before that. From then on they are there for nobody; files that cannot
    /// be removed now are removed the next time.
    pub(super) async fn remove_finished_before(&self, keep: Duration) {
        let Ok(before) = self.0.clock.now().checked_sub(keep) else { return };
        let is_old = |job: &Arc<Job>| {
            let finished_at = job.record.borrow().finished_at;
            finished_at.is_some_and(|at| at <= before) && job.is_finished_on_disk()
        };
        {
            let mut all = self.all();
            let mut leaving = self.leaving();
            leaving.extend(all.extract_if(.., |_, job| is_old(job)).map(|(_, job)| job));
        }
        let leaving = self.leaving().clone();
        for job in leaving {
            match self.0.folder.remove(job.id).await {
                Ok(()) => {
                    self.leaving().retain(|other| other.id != job.id);
                    self.0.bytes.fetch_sub(job.bytes(), Ordering::SeqCst);
                    tracing::info!(job = %job.id, "job removed");
                }
                Err(error) => tracing::warn!(job = %job.id, %error, "job cannot be removed"),
            }
        }
        self.measure();
    }
}
