//! Bulk requests that are answered before they are carried out, and carried out later, whatever happens
//! to the process in between.
//!
//! A job is a folder: `input.ndjson` as it came, `results.ndjson` as it grows, `job.json` for what else
//! there is to know. A job exists from the moment its folder has its name, which it gets when all of its
//! input is on disk. After a restart it goes on at the first line without a result; lines that were
//! carried out without their result being written are recalled by their keys.
//!
//! - `folder` is the files, `record` what a job is, `spool` how one is made, `results` how its results
//!   are written, `runner` how it is carried out.
//!
//! It knows nothing of HTTP but the problems that refuse a job.

mod folder;
mod record;
mod results;
mod runner;
mod spool;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use http_kit::Clock;
use tokio::sync::{Mutex as AsyncMutex, Notify, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::folder::Folder;
pub(crate) use self::{
    folder::stream,
    record::{JobDocument, JobState, Record},
    spool::Accepted,
};

/// All jobs. Clones are the same.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    folder: Folder,
    clock: Clock,
    /// By id, so in the order in which they were made.
    all: Mutex<BTreeMap<Uuid, Arc<Job>>>,
    /// Told when there is one more to work on.
    queued: Notify,
    /// Held while a job gets its name, so that one key makes one job.
    naming: AsyncMutex<()>,
    /// Jobs whose input is arriving.
    arriving: AtomicUsize,
    /// What all jobs hold on disk, in bytes.
    bytes: AtomicU64,
}

/// A job.
pub(crate) struct Job {
    pub(crate) id: Uuid,
    record: watch::Sender<Record>,
    /// Held while the record is written.
    saving: AsyncMutex<()>,
    /// Cancelled when it shall not go on.
    cancel: CancellationToken,
}

impl Job {
    fn new(record: Record) -> Self {
        let cancel = CancellationToken::new();
        if record.cancelling {
            cancel.cancel();
        }
        let (id, record) = (record.id, watch::Sender::new(record));
        Self { id, record, saving: AsyncMutex::default(), cancel }
    }

    /// What is known of it now.
    pub(crate) fn record(&self) -> Record {
        self.record.borrow().clone()
    }

    fn state(&self) -> JobState {
        self.record.borrow().state
    }

    /// Changes what is known of it, on disk first.
    async fn update(&self, folder: &Folder, change: impl Fn(&mut Record)) -> io::Result<()> {
        let _turn = self.saving.lock().await;
        let mut changed = self.record();
        change(&mut changed);
        folder.save(changed).await?;
        // What was counted in the meantime stays.
        self.record.send_modify(change);
        Ok(())
    }
}

impl Jobs {
    /// The jobs in `folder`, which is made where it is missing. Those that are not finished wait to be
    /// gone on with; what was never named is removed.
    ///
    /// # Errors
    /// Where the folder cannot be read or written. A job that cannot be read is logged and left alone.
    pub fn open(folder: impl Into<PathBuf>, clock: Clock) -> io::Result<Self> {
        let (folder, records) = Folder::open(folder.into())?;
        let bytes = records.iter().map(Record::bytes).sum();
        let job = |record: Record| (record.id, Arc::new(Job::new(record.at_start())));
        let jobs = Self(Arc::new(Inner {
            folder,
            clock,
            all: Mutex::new(records.into_iter().map(job).collect()),
            queued: Notify::new(),
            naming: AsyncMutex::default(),
            arriving: AtomicUsize::new(0),
            bytes: AtomicU64::new(bytes),
        }));
        jobs.measure();
        Ok(jobs)
    }

    /// The job with this id.
    pub(crate) fn get(&self, id: Uuid) -> Option<Arc<Job>> {
        self.all().get(&id).cloned()
    }

    /// The file that holds a job's results.
    pub(crate) fn results_file(&self, job: &Job) -> PathBuf {
        self.0.folder.results(job.id)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Uuid, Arc<Job>>> {
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the metrics up to date.
    fn measure(&self) {
        let count = |state| self.all().values().filter(|job| job.state() == state).count() as f64;
        metrics::gauge!("cinelog_jobs_queued").set(count(JobState::Queued));
        metrics::gauge!("cinelog_jobs_running").set(count(JobState::Running));
        metrics::gauge!("cinelog_jobs_bytes").set(self.0.bytes.load(Ordering::Relaxed) as f64);
    }
}
