//! Bulk requests that are answered before they are carried out, and carried out later, whatever happens
//! to the process in between.
//!
//! A job is a folder: `input.ndjson` as it came, `results.ndjson` as it grows, `job.json` for what else
//! there is to know. A job exists from the moment its folder has its name, which it gets when all of its
//! input is on disk. After a restart it goes on at the first line without a result; lines that were
//! carried out without their result being written are recalled by their keys.
//!
//! - `folder` is the files, `record` what a job is, `spool` how one is made, `results` how its results
//!   are written, `runner` how it is carried out, `ending` how it ends and goes away.
//!
//! It knows nothing of HTTP but the problems that refuse a job.

mod ending;
mod folder;
mod record;
mod results;
mod runner;
mod spool;

#[cfg(test)]
mod hanging;
#[cfg(test)]
mod makers;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trouble;

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use http_kit::{
    Clock,
    access::{Recall, Standing},
};
use jiff::Timestamp;
use tokio::sync::{Mutex as AsyncMutex, Notify, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::folder::Folder;
pub(crate) use self::{
    folder::stream,
    record::{JobDocument, JobState, Record},
    spool::Accepted,
};
use crate::{measure, routes::EDITS};

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
    /// Jobs that are there for nobody any more, and whose files are not removed yet.
    leaving: Mutex<Vec<Arc<Job>>>,
    /// What all jobs hold on disk, in bytes: inputs and results.
    bytes: AtomicU64,
}

/// A job.
pub(crate) struct Job {
    pub(crate) id: Uuid,
    record: watch::Sender<Record>,
    /// With how many bytes its results count among those of all jobs.
    results_bytes: AtomicU64,
    /// Whether more is known of it than is on disk.
    is_unsaved: AtomicBool,
    /// Held while the record is written.
    saving: AsyncMutex<()>,
    /// Cancelled when it shall not go on.
    cancel: CancellationToken,
    /// Whether its maker may still do this: as whoever asked for it last is asked about, with what they showed or,
    /// after a restart, with what is kept of it.
    standing: Mutex<Option<Standing>>,
}

impl Job {
    fn new(record: Record, results_bytes: u64) -> Self {
        let cancel = CancellationToken::new();
        if record.cancelling {
            cancel.cancel();
        }
        let (id, record) = (record.id, watch::Sender::new(record));
        Self {
            id,
            record,
            results_bytes: AtomicU64::new(results_bytes),
            is_unsaved: AtomicBool::new(false),
            saving: AsyncMutex::default(),
            cancel,
            standing: Mutex::default(),
        }
    }

    /// From now on it goes on for as long as this holds.
    fn vouch(&self, standing: Option<Standing>) {
        *self.vouched() = standing.map(Standing::for_later);
    }

    fn standing(&self) -> Option<Standing> {
        self.vouched().clone()
    }

    fn vouched(&self) -> MutexGuard<'_, Option<Standing>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.save(folder, &change).await?;
        // What was counted in the meantime stays.
        self.record.send_modify(change);
        Ok(())
    }

    /// Changes what is known of it, also where that cannot be written now.
    async fn update_at_once(
        &self,
        folder: &Folder,
        change: impl Fn(&mut Record),
    ) -> io::Result<()> {
        let _turn = self.saving.lock().await;
        let saved = self.save(folder, &change).await;
        self.record.send_modify(change);
        saved
    }

    async fn save(&self, folder: &Folder, change: impl Fn(&mut Record)) -> io::Result<()> {
        let mut changed = self.record();
        change(&mut changed);
        let saved = folder.save(changed).await;
        self.is_unsaved.store(saved.is_err(), Ordering::SeqCst);
        saved
    }

    /// Whether a start would find it finished.
    fn is_finished_on_disk(&self) -> bool {
        self.state().is_final() && !self.is_unsaved.load(Ordering::SeqCst)
    }

    /// What it holds on disk.
    fn bytes(&self) -> u64 {
        self.record.borrow().input_bytes + self.results_bytes.load(Ordering::SeqCst)
    }
}

impl Inner {
    /// Takes room on disk, where there is as much within `bytes_max` for all jobs together.
    fn claim(&self, bytes: u64, bytes_max: u64) -> bool {
        let within = |held: u64| held.checked_add(bytes).filter(|all| *all <= bytes_max);
        self.bytes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, within).is_ok()
    }
}

impl Jobs {
    /// The jobs in `folder`, which is made where it is missing. Those that are not finished wait to be
    /// gone on with, for as long as their makers may, which `recall` says; what was never named is removed.
    ///
    /// # Errors
    /// Where the folder cannot be read or written. A job that cannot be read is logged and left alone.
    pub fn open(folder: impl Into<PathBuf>, clock: Clock, recall: &Recall) -> io::Result<Self> {
        let (folder, records) = Folder::open(folder.into())?;
        let job = |(record, results_bytes): (Record, u64)| {
            let maker = record.maker.clone();
            let job = Job::new(record.at_start(), results_bytes);
            job.vouch(maker.and_then(|maker| recall.standing(maker, EDITS)));
            (job.id, Arc::new(job))
        };
        let all: BTreeMap<_, _> = records.into_iter().map(job).collect();
        let bytes = all.values().map(|job| job.bytes()).sum();
        let jobs = Self(Arc::new(Inner {
            folder,
            clock,
            all: Mutex::new(all),
            queued: Notify::new(),
            naming: AsyncMutex::default(),
            arriving: AtomicUsize::new(0),
            leaving: Mutex::default(),
            bytes: AtomicU64::new(bytes),
        }));
        jobs.measure();
        Ok(jobs)
    }

    /// The job with this id.
    pub(crate) fn get(&self, id: Uuid) -> Option<Arc<Job>> {
        self.all().get(&id).cloned()
    }

    /// When the oldest of the jobs that are not finished was made. What the log remembers for their sake
    /// must not be forgotten.
    #[must_use]
    pub fn oldest_unfinished(&self) -> Option<Timestamp> {
        let all = self.all();
        let unfinished = all.values().filter(|job| !job.is_finished_on_disk());
        unfinished.map(|job| job.record.borrow().created_at).min()
    }

    /// The file that holds a job's results.
    pub(crate) fn results_file(&self, job: &Job) -> PathBuf {
        self.0.folder.results(job.id)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Uuid, Arc<Job>>> {
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leaving(&self) -> MutexGuard<'_, Vec<Arc<Job>>> {
        self.0.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the metrics up to date.
    fn measure(&self) {
        let count = |state| self.all().values().filter(|job| job.state() == state).count();
        let bytes = self.0.bytes.load(Ordering::Relaxed);
        measure::jobs(count(JobState::Queued), count(JobState::Running), bytes);
    }
}
