//! The queue in which appends wait for the appender, and how it takes them: as many as wait, up to
//! the limits of a batch. There is no timer. The appender lets others have their turn for as long as
//! that brings it more appends: what is about to wait joins, and what waits alone goes alone, at once.

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Append, AppendError, Appended, LogError,
    measure::{self, Outcome},
};

/// How often others get their turn before a batch goes, at most.
const TURNS_MAX: usize = 8;

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
#[expect(clippy::large_enum_variant, reason = "nearly all of them are of the large one")]
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
    /// Taken from the queue and not given out yet.
    batch: Batch,
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
    (
        Submitter { requests: sender },
        Queue { requests: receiver, held: None, batch: Batch::default(), limits, stop },
    )
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
    /// What to do next; waits until there is something. `None` when the queue has ended. Nothing is
    /// lost where this is dropped and asked for again.
    pub(crate) async fn next(&mut self) -> Option<Work> {
        if self.batch.appends.is_empty() {
            match self.receive().await? {
                Request::Forget(forget) => return Some(Work::Forget(forget)),
                Request::Append(first) => self.batch.push(first),
            }
        }
        // The first turn is for those that are about to come.
        for _ in 0..TURNS_MAX {
            yield_now().await;
            if !self.fill() {
                break;
            }
        }
        Some(Work::Batch(std::mem::take(&mut self.batch).appends))
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

    /// Takes what else is waiting. Whether more may come: the batch has grown, and is not full.
    fn fill(&mut self) -> bool {
        let before = self.batch.appends.len();
        while self.held.is_none() {
            match self.requests.try_recv() {
                Ok(Request::Append(waiting)) if self.batch.has_room(&waiting, self.limits) => {
                    self.batch.push(waiting);
                }
                Ok(other) => self.held = Some(other),
                Err(_) => return self.batch.appends.len() > before,
            }
        }
        false
    }
}

/// Appends that are to be committed together, and how much they are.
#[derive(Debug, Default)]
struct Batch {
    appends: Vec<Waiting>,
    events: usize,
    bytes: usize,
}

impl Batch {
    fn has_room(&self, waiting: &Waiting, limits: BatchLimits) -> bool {
        self.events + waiting.weight() <= limits.events_max
            && self.bytes + waiting.bytes <= limits.bytes_max
    }

    fn push(&mut self, waiting: Waiting) {
        self.events += waiting.weight();
        self.bytes += waiting.bytes;
        self.appends.push(waiting);
    }
}

#[cfg(test)]
mod tests {
    use events::{EventId, Metadata, NewEvent, StreamName};
    use futures::{FutureExt, future::join_all, poll};
    use jiff::Timestamp;
    use serde_json::value::RawValue;
    use tokio_util::sync::CancellationToken;
    use uuid::Uuid;

    use super::{BatchLimits, Queue, Submitter, Work, queue};
    use crate::{Append, AppendError, Appended, Expected, LogError};

    fn append(events: usize, bytes: usize) -> Append {
        let event = NewEvent {
            id: EventId(Uuid::nil()),
            event_type: String::new(),
            schema_version: 1,
            metadata: Metadata::at(Timestamp::UNIX_EPOCH),
            data: RawValue::from_string(format!("\"{}\"", "x".repeat(bytes - 2))).unwrap(),
        };
        let stream = StreamName::new("movie-1").unwrap();
        Append::new(stream, Expected::Any, vec![event; events])
    }

    fn small_queue(stop: &CancellationToken) -> (Submitter, Queue) {
        let limits = BatchLimits { events_max: 4, bytes_max: 100 };
        queue(100, limits, stop.clone())
    }

    /// How the queue divides appends that all wait already, each given by its events and their bytes.
    async fn batches(appends: &[(usize, usize)]) -> Vec<usize> {
        let stop = CancellationToken::new();
        let (submitter, mut queue) = small_queue(&stop);
        let mut waiting = join_all(
            appends.iter().map(|&(events, bytes)| submitter.append(append(events, bytes))),
        );
        assert!(poll!(&mut waiting).is_pending());
        stop.cancel();
        let mut sizes = Vec::new();
        while let Some(work) = queue.next().await {
            match work {
                Work::Batch(batch) => sizes.push(batch.len()),
                Work::Forget(_) => panic!("nothing was to be forgotten"),
            }
        }
        sizes
    }

    #[tokio::test]
    async fn what_waits_together_is_one_batch() {
        assert_eq!(batches(&[(1, 10), (1, 10), (1, 10)]).await, [3]);
    }

    #[tokio::test]
    async fn a_batch_has_no_more_events_than_its_limit() {
        assert_eq!(batches(&[(2, 10), (2, 10), (1, 10), (3, 10), (1, 10)]).await, [2, 2, 1]);
    }

    #[tokio::test]
    async fn a_batch_has_no_more_bytes_than_its_limit() {
        assert_eq!(batches(&[(1, 60), (1, 40), (1, 60), (1, 41)]).await, [2, 1, 1]);
    }

    #[tokio::test]
    async fn an_append_beyond_the_limits_goes_alone() {
        assert_eq!(batches(&[(1, 10), (9, 10), (1, 10), (1, 500), (1, 10)]).await, [1, 1, 1, 1, 1]);
    }

    #[tokio::test]
    async fn appends_without_events_count_too() {
        assert_eq!(batches(&[(0, 10); 6]).await, [4, 2]);
    }

    #[tokio::test]
    async fn forgetting_waits_its_turn() {
        let stop = CancellationToken::new();
        let (submitter, mut queue) = small_queue(&stop);
        let mut waiting = (
            submitter.append(append(1, 10)).boxed(),
            submitter.forget(Timestamp::UNIX_EPOCH).boxed(),
            submitter.append(append(1, 10)).boxed(),
        );
        assert!(poll!(&mut waiting.0).is_pending());
        assert!(poll!(&mut waiting.1).is_pending());
        assert!(poll!(&mut waiting.2).is_pending());
        assert!(matches!(queue.next().await, Some(Work::Batch(_))));
        assert!(matches!(queue.next().await, Some(Work::Forget(_))));
        assert!(matches!(queue.next().await, Some(Work::Batch(_))));
    }

    #[tokio::test]
    async fn a_queue_that_is_stopped_refuses_what_is_new() {
        let stop = CancellationToken::new();
        let (submitter, mut queue) = small_queue(&stop);
        stop.cancel();
        assert!(queue.next().await.is_none());
        let result = submitter.append(append(1, 10)).await;
        assert!(matches!(result, Err(AppendError::Log(LogError::Unavailable(_)))), "{result:?}");
    }

    #[tokio::test]
    async fn a_queue_that_is_stopped_gives_out_what_waits() {
        let stop = CancellationToken::new();
        let (submitter, mut queue) = small_queue(&stop);
        let mut waiting = submitter.append(append(1, 10)).boxed();
        assert!(poll!(&mut waiting).is_pending());
        stop.cancel();
        let Some(Work::Batch(batch)) = queue.next().await else { panic!("it was lost") };
        let at = Appended { revision: events::Revision(1), position: events::Position(1) };
        for waiting in batch {
            waiting.answer(Ok(at));
        }
        assert_eq!(waiting.await.unwrap(), at);
        assert!(queue.next().await.is_none());
    }
}
