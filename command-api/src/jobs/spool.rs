//! How a job is made: its input is written to disk as it comes, and only then is it promised.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
};

use futures::StreamExt;
use http::{HeaderValue, header};
use http_kit::{
    Problem, ProblemType,
    access::{Recollection, Standing},
};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::{Inner, Job, JobState, Jobs, Record, folder::Nameless, record::Progress};
use crate::{
    bulk::{BulkOptions, Input, Sender},
    problem::CommandError,
};

/// How many jobs there are at most, those that are finished and kept among them.
const JOBS_KEPT_MAX: usize = 20_000;

/// A job that a request asked for.
pub(crate) struct Accepted {
    pub(crate) job: Arc<Job>,
    /// Whether an earlier request with the same key had made it.
    pub(crate) repeated: bool,
}

/// What is known of an input that has been written.
struct Spooled {
    bytes: u64,
    lines: u64,
    fingerprint: String,
}

/// A place among the jobs that are not finished, and room on disk.
struct Reservation<'a> {
    jobs: &'a Inner,
    bytes: u64,
    kept: bool,
}

impl Jobs {
    /// Makes a job of what `sender` is sending; it is on disk when this returns. With a key that has
    /// made a job before, that one is given, if the input is the same; it goes on for as long as `standing` holds
    /// from now on.
    pub(crate) async fn accept(
        &self,
        sender: Sender,
        standing: Option<Standing>,
        input: Input,
        options: &BulkOptions,
    ) -> Result<Accepted, Problem> {
        let mut reservation = self.reserve(options)?;
        let id = self.0.clock.new_id();
        let mut files = self.0.folder.prepare(id).await.map_err(no_room)?;
        let spooled = spool(input, &mut files, &mut reservation, &sender, options).await?;

        let _naming = self.0.naming.lock().await;
        if let Some(job) = self.made_with(&sender) {
            if job.record().fingerprint != spooled.fingerprint {
                return Err(CommandError::KeyReused.into());
            }
            if !job.state().is_final() {
                let maker = maker(standing.as_ref());
                let vouch = |record: &mut Record| record.maker.clone_from(&maker);
                job.update(&self.0.folder, vouch).await.map_err(no_room)?;
                job.vouch(standing);
            }
            return Ok(Accepted { job, repeated: true });
        }
        let record = self.new_record(id, sender, maker(standing.as_ref()), &spooled);
        self.0.folder.name(files, record.clone()).await.map_err(no_room)?;
        reservation.keep();
        let job = Arc::new(Job::new(record, 0));
        job.vouch(standing);
        self.all().insert(id, Arc::clone(&job));
        drop(reservation);
        self.measure();
        self.0.queued.notify_one();
        tracing::info!(job = %id, lines = spooled.lines, bytes = spooled.bytes, "job accepted");
        Ok(Accepted { job, repeated: false })
    }

    fn new_record(
        &self,
        id: Uuid,
        mut sender: Sender,
        maker: Option<Recollection>,
        spooled: &Spooled,
    ) -> Record {
        let client_key = sender.key.clone();
        // Clients' keys have no spaces, so none of theirs is ever this.
        sender.key.get_or_insert_with(|| format!("job {id}"));
        Record {
            id,
            sender,
            maker,
            client_key,
            fingerprint: spooled.fingerprint.clone(),
            input_bytes: spooled.bytes,
            state: JobState::Queued,
            cancelling: false,
            progress: Progress { total: spooled.lines, ..Progress::default() },
            created_at: self.0.clock.now(),
            started_at: None,
            finished_at: None,
            failure: None,
        }
    }

    /// The job that the same account made with the same key.
    fn made_with(&self, sender: &Sender) -> Option<Arc<Job>> {
        let key = sender.key.as_ref()?;
        let is_it = |job: &&Arc<Job>| {
            let record = job.record.borrow();
            record.client_key.as_ref() == Some(key) && record.sender.account == sender.account
        };
        self.all().values().find(is_it).cloned()
    }

    fn reserve(&self, options: &BulkOptions) -> Result<Reservation<'_>, Problem> {
        let all = self.all();
        let unfinished = all.values().filter(|job| !job.state().is_final()).count();
        let arriving = self.0.arriving.load(Ordering::Relaxed);
        if all.len() + self.leaving().len() + arriving >= JOBS_KEPT_MAX {
            return Err(unavailable().detail("There are too many jobs that are kept."));
        }
        if unfinished + arriving >= options.jobs_max {
            return Err(unavailable().detail(format!(
                "There are {} jobs that are not finished, and no more are taken.",
                options.jobs_max
            )));
        }
        // Under the lock, so that no two take the last place.
        self.0.arriving.fetch_add(1, Ordering::Relaxed);
        Ok(Reservation { jobs: &self.0, bytes: 0, kept: false })
    }
}

impl Reservation<'_> {
    /// Takes more room on disk.
    fn grow(&mut self, bytes: u64, bytes_max: u64) -> Result<(), Problem> {
        if !self.jobs.claim(bytes, bytes_max) {
            return Err(unavailable().detail(format!(
                "All jobs together may have {bytes_max} bytes at most, and they have."
            )));
        }
        self.bytes += bytes;
        Ok(())
    }

    fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.jobs.arriving.fetch_sub(1, Ordering::Relaxed);
        if !self.kept {
            self.jobs.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

/// What is kept of whoever makes a job.
fn maker(standing: Option<&Standing>) -> Option<Recollection> {
    standing.map(|standing| standing.recollection().clone())
}

/// Writes the input.
async fn spool(
    mut input: Input,
    files: &mut Nameless,
    reservation: &mut Reservation<'_>,
    sender: &Sender,
    options: &BulkOptions,
) -> Result<Spooled, Problem> {
    let mut hash = Sha256::new().chain_update([u8::from(sender.dry_run)]);
    let (mut bytes, mut count) = (0, Count::default());
    loop {
        let piece = match tokio::time::timeout(options.idle_timeout, input.next()).await {
            Err(_) => return Err(Problem::new(ProblemType::RequestTimeout)),
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                return Err(Problem::new(ProblemType::MalformedRequest)
                    .detail("The body did not arrive whole."));
            }
            Ok(Some(Ok(piece))) => piece,
        };
        bytes += piece.len() as u64;
        count.add(&piece);
        within(bytes, options.bytes_max, "bytes")?;
        within(count.ends, options.lines_max, "lines")?;
        reservation.grow(piece.len() as u64, options.jobs_bytes_max)?;
        hash.update(&piece);
        files.input.write_all(&piece).await.map_err(no_room)?;
    }
    files.input.flush().await.map_err(no_room)?;
    let fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Spooled { bytes, lines: count.total(), fingerprint })
}

/// Counts lines in passing.
#[derive(Default)]
struct Count {
    ends: u64,
    lines: u64,
    is_in_line: bool,
}

impl Count {
    fn add(&mut self, piece: &[u8]) {
        for byte in piece {
            if *byte == b'\n' {
                self.ends += 1;
                self.lines += u64::from(std::mem::take(&mut self.is_in_line));
            } else if !byte.is_ascii_whitespace() {
                self.is_in_line = true;
            }
        }
    }

    /// The lines that are not blank.
    fn total(&self) -> u64 {
        self.lines + u64::from(self.is_in_line)
    }
}

fn within(number: u64, max: u64, what: &str) -> Result<(), Problem> {
    match number <= max {
        true => Ok(()),
        false => Err(Problem::new(ProblemType::PayloadTooLarge)
            .detail(format!("A job may have {max} {what} at most."))),
    }
}

fn unavailable() -> Problem {
    Problem::new(ProblemType::Unavailable)
        .header(header::RETRY_AFTER, HeaderValue::from_static("60"))
}

fn no_room(error: io::Error) -> Problem {
    unavailable().detail("The job cannot be kept.").caused_by(error)
}
