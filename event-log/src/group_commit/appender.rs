//! The appender: the one task that writes. It takes a batch from the queue, has the store commit it,
//! wakes the subscriptions and answers; then the next. While nothing can be written it finds out by
//! itself, now and then, whether that has passed. It knows no store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use events::Position;
use jiff::Timestamp;
use tokio::{sync::watch, time::timeout};

use super::{Forget, Queue, Verdict, Waiting, Work};
use crate::{
    Append, AppendError, Appended, LogError,
    health::Health,
    measure::{self, Outcome},
};

/// How many appends of a batch are refused each alone, with none that is not in between, before the rest
/// is not tried any more: then it is not they that are at fault.
const REFUSED_MAX: u32 = 8;

/// What a store does for the appender. It has one connection that writes, and opens another where that
/// one is broken.
pub(crate) trait Writer: Send + 'static {
    /// Decides and writes a batch in one transaction. After an error nothing of it is in the log, unless
    /// the store failed in the commit itself; then it may be.
    fn commit(
        &mut self,
        appends: &[&Append],
    ) -> impl Future<Output = Result<Committed, CommitError>> + Send;

    /// Writes something that is no event, to find out whether the store can be written.
    fn probe(&mut self) -> impl Future<Output = Result<(), LogError>> + Send;

    /// Forgets a slice of the idempotency keys that are older; gives how many.
    fn forget(&mut self, before: Timestamp) -> impl Future<Output = Result<u64, LogError>> + Send;

    /// Lets go of the store.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A batch that is durable.
#[derive(Debug)]
pub(crate) struct Committed {
    /// What became of each append, in their order.
    pub(crate) verdicts: Vec<Result<Verdict, AppendError>>,
    /// The position that the log has reached.
    pub(crate) head: Position,
    /// Whether anything was written: not where every append was refused, or had been made before.
    pub(crate) has_written: bool,
}

/// Why a batch was not committed.
#[derive(Debug)]
pub(crate) struct CommitError {
    pub(crate) error: LogError,
    /// Whether the store cannot keep what it was given, rather than failed: the fault is likely to be that
    /// of one append alone.
    pub(crate) is_refusal: bool,
}

/// The state of the task.
pub(crate) struct Appender<W> {
    pub(crate) writer: W,
    /// Wakes the subscriptions. When all its holders have dropped it, they end.
    pub(crate) news: Arc<watch::Sender<()>>,
    pub(crate) acknowledged: Arc<AtomicU64>,
    pub(crate) health: Health,
    /// How often a store that could not be written is tried while nobody appends.
    pub(crate) probe_interval: Duration,
}

impl<W: Writer> Appender<W> {
    /// Works until the queue ends, then lets go of the store.
    pub(crate) async fn run(mut self, mut queue: Queue) {
        loop {
            let work = if self.health.is_failing() {
                match timeout(self.probe_interval, queue.next()).await {
                    Ok(work) => work,
                    Err(_nobody_came) => {
                        self.probe().await;
                        continue;
                    }
                }
            } else {
                queue.next().await
            };
            match work {
                Some(Work::Batch(batch)) => self.append(batch).await,
                Some(Work::Forget(forget)) => self.forget(forget).await,
                None => break,
            }
        }
        drop(self.news);
        self.writer.close().await;
    }

    async fn probe(&mut self) {
        match self.writer.probe().await {
            Ok(()) => self.health.succeeded(),
            Err(error) => self.failed(&error),
        }
    }

    /// Notes that the store cannot be written, if that is what an error says.
    fn failed(&self, error: &LogError) {
        if let LogError::Unavailable(reason) = error {
            self.health.failed(reason);
        }
    }

    async fn append(&mut self, batch: Vec<Waiting>) {
        // What is left of it, in parts; the first is the last here.
        let (mut parts, mut refused) = (vec![batch], 0);
        while let Some(mut part) = parts.pop() {
            let appends: Vec<&Append> = part.iter().map(|waiting| &waiting.append).collect();
            match self.commit(&appends).await {
                Ok(committed) => {
                    refused = 0;
                    self.answer(part, committed);
                }
                // The fault of one append is not that of the others: it is in one of the halves.
                Err(CommitError { is_refusal: true, .. }) if part.len() > 1 => {
                    let rest = part.split_off(part.len() / 2);
                    parts.extend([rest, part]);
                }
                Err(CommitError { error, is_refusal }) => {
                    refused += 1;
                    let is_common = !is_refusal || refused == REFUSED_MAX;
                    self.fail(part, &error);
                    if is_common {
                        parts.drain(..).rev().for_each(|rest| self.fail(rest, &error));
                    }
                }
            }
        }
    }

    async fn commit(&mut self, appends: &[&Append]) -> Result<Committed, CommitError> {
        let started = Instant::now();
        let committed = self.writer.commit(appends).await;
        measure::committed(appends.len(), started.elapsed());
        let committed = committed?;
        // A full disk can still be read, and appends refused for what is read.
        if committed.has_written {
            self.health.succeeded();
        }
        // Where nothing was written, what others have written may have been seen.
        measure::reached(committed.head);
        self.news.send_replace(());
        Ok(committed)
    }

    fn answer(&self, batch: Vec<Waiting>, committed: Committed) {
        for (waiting, verdict) in batch.into_iter().zip(committed.verdicts) {
            let (outcome, result) = match verdict {
                Ok(Verdict::Accepted(accepted)) => (Outcome::Appended, Ok(accepted.appended)),
                Ok(Verdict::Repeated(appended)) => (Outcome::Repeated, Ok(appended)),
                Err(error) => (Outcome::from(&error), Err(error)),
            };
            measure::answered(outcome);
            if let Ok(Appended { position, .. }) = result {
                self.acknowledged.fetch_max(position.0, Ordering::Release);
            }
            waiting.answer(result);
        }
    }

    fn fail(&self, batch: Vec<Waiting>, error: &LogError) {
        tracing::error!(%error, appends = batch.len(), "the event log did not append");
        self.failed(error);
        for waiting in batch {
            let error = AppendError::Log(LogError::clone(error));
            measure::answered(Outcome::from(&error));
            waiting.answer(Err(error));
        }
    }

    async fn forget(&mut self, forget: Forget) {
        let result = self.writer.forget(forget.before).await;
        // Whoever asked may have gone away.
        forget.answer.send(result).ok();
    }
}
