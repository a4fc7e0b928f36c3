//! The queue in which appends wait for the appender, and how it takes them: as many as wait, up to
//! the limits of a batch. There is no timer: what waits alone goes alone, at once.

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    Append, AppendError, Appended, LogError,
    measure::{self, Outcome},
};

/// How much one batch takes. An append that is larger than that goes alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchLimits {
    /// Events; an append without events counts as one.
    pub(crate) events_max: usize,
    /// Bytes of event data.
    pub(crate) bytes_max: usize,
}

/// An append and who waits for its outcome.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) append: Append,
    bytes: usize,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
}

impl Waiting {
    fn weight(&self) -> usize {
        self.append.events.len().max(1)
    }

    /// Answers. Whoever asked may have gone away, which is their right.
    pub(crate) fn answer(self, result: Result<Appended, AppendError>) {
        self.answer.send(result).ok();
    }
}

/// A wish to forget idempotency keys, and who waits for how many it were.
#[derive(Debug)]
pub(crate) struct Forget {
    pub(crate) before: Timestamp,
    pub(crate) answer: oneshot::Sender<Result<u64, LogError>>,
}

#[derive(Debug)]
enum Request {
    Append(Waiting),
    Forget(Forget),
}

/// What the appender does next.
#[derive(Debug)]
pub(crate) enum Work {
    /// Appends to commit together, in the order in which they came; never empty.
    Batch(Vec<Waiting>),
    Forget(Forget),
}

/// The end at which appends enter.
#[derive(Debug)]
pub(crate) struct Submitter {
    requests: mpsc::Sender<Request>,
}

/// The end at which the appender takes them.
#[derive(Debug)]
pub(crate) struct Queue {
    requests: mpsc::Receiver<Request>,
    /// Taken from the queue, but too much for the batch it was to join.
    held: Option<Request>,
    limits: BatchLimits,
    stop: CancellationToken,
}

/// A queue of at most `length` requests. When `stop` is cancelled it refuses new ones, and ends when
/// it has given out those it has.
pub(crate) fn queue(
    length: usize,
    limits: BatchLimits,
    stop: CancellationToken,
) -> (Submitter, Queue) {
    let (sender, receiver) = mpsc::channel(length.max(1));
    (Submitter { requests: sender }, Queue { requests: receiver, held: None, limits, stop })
}

impl Submitter {
    /// Waits for a place in the queue, then for the outcome.
    pub(crate) async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let bytes =
            append.checked_bytes().inspect_err(|error| measure::answered(Outcome::from(error)))?;
        let (answer, outcome) = oneshot::channel();
        self.submit(Request::Append(Waiting { append, bytes, answer })).await?;
        outcome.await.map_err(|_| AppendError::Log(outcome_lost()))?
    }

    /// Waits for a place in the queue, then for the number of keys forgotten.
    pub(crate) async fn forget(&self, before: Timestamp) -> Result<u64, LogError> {
        let (answer, outcome) = oneshot::channel();
        self.submit(Request::Forget(Forget { before, answer })).await?;
        outcome.await.map_err(|_| outcome_lost())?
    }

    async fn submit(&self, request: Request) -> Result<(), LogError> {
        let closed = |_| LogError::Unavailable("the log is closed".to_owned());
        self.requests.send(request).await.map_err(closed)
    }
}

fn outcome_lost() -> LogError {
    LogError::Unavailable("the appender stopped before it answered".to_owned())
}

impl Queue {
    /// What to do next; waits until there is something. `None` when the queue has ended.
    pub(crate) async fn next(&mut self) -> Option<Work> {
        match self.receive().await? {
            Request::Forget(forget) => Some(Work::Forget(forget)),
            Request::Append(first) => Some(Work::Batch(self.fill(first))),
        }
    }

    async fn receive(&mut self) -> Option<Request> {
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        tokio::select! {
            biased;
            () = self.stop.cancelled(), if !self.requests.is_closed() => self.requests.close(),
            request = self.requests.recv() => return request,
        }
        self.requests.recv().await
    }

    /// Takes what else is waiting, until the batch is full.
    fn fill(&mut self, first: Waiting) -> Vec<Waiting> {
        let (mut events, mut bytes) = (first.weight(), first.bytes);
        let mut batch = vec![first];
        while let Ok(request) = self.requests.try_recv() {
            match request {
                Request::Append(waiting)
                    if events + waiting.weight() <= self.limits.events_max
                        && bytes + waiting.bytes <= self.limits.bytes_max =>
                {
                    events += waiting.weight();
                    bytes += waiting.bytes;
                    batch.push(waiting);
                }
                other => {
                    self.held = Some(other);
                    break;
                }
            }
        }
        batch
    }
}
