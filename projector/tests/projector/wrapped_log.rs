//! A real log whose subscriptions are tampered with.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use event_log::{
    Append, AppendError, Appended, Direction, EventBatches, EventLog, LogError, Remembered,
};
use events::{Digest, Position, RecordedEvent, Revision, StreamName};
use futures::{StreamExt, stream};

type Wrap = dyn Fn(EventBatches) -> EventBatches + Send + Sync;

/// A log that does to each subscription what it is told, and may not tell its end; all else is the
/// log's own.
pub(crate) struct WrappedLog {
    log: Arc<dyn EventLog>,
    wrap: Box<Wrap>,
    headless: bool,
    /// Whoever asks for its end next gets no answer.
    silent_once: Arc<AtomicBool>,
}

impl WrappedLog {
    pub(crate) fn new(
        log: Arc<dyn EventLog>,
        wrap: impl Fn(EventBatches) -> EventBatches + Send + Sync + 'static,
    ) -> Self {
        Self { log, wrap: Box::new(wrap), headless: false, silent_once: Arc::default() }
    }

    /// The log, of which nobody can tell the end.
    pub(crate) fn headless(log: Arc<dyn EventLog>) -> Self {
        Self { headless: true, ..Self::new(log, |batches| batches) }
    }

    /// The log, which does not answer who asks for its end for the first time after the flag was set.
    pub(crate) fn silent_once(log: Arc<dyn EventLog>, flag: &Arc<AtomicBool>) -> Self {
        Self { silent_once: Arc::clone(flag), ..Self::new(log, |batches| batches) }
    }
}

/// The same events in batches of one.
pub(crate) fn one_by_one(batches: EventBatches) -> EventBatches {
    let split = |batch: Result<Vec<RecordedEvent>, LogError>| {
        stream::iter(match batch {
            Ok(events) => events.into_iter().map(|event| Ok(vec![event])).collect(),
            Err(error) => vec![Err(error)],
        })
    };
    batches.flat_map(split).boxed()
}

#[async_trait]
impl EventLog for WrappedLog {
    fn subscribe_all(&self, from: Position) -> EventBatches {
        (self.wrap)(self.log.subscribe_all(from))
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.log.append(append).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_stream(stream, from, limit).await
    }

    async fn read_all(
        &self,
        from: Position,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_all(from, direction, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        if self.silent_once.swap(false, Ordering::SeqCst) {
            return pending().await;
        }
        if self.headless {
            return Err(LogError::Unavailable("its end cannot be found".to_owned()));
        }
        self.log.head().await
    }

    async fn digest(&self, at: Position) -> Result<Digest, LogError> {
        self.log.digest(at).await
    }

    async fn recall(&self, key: &str) -> Result<Option<Remembered>, LogError> {
        self.log.recall(key).await
    }

    async fn forget_keys(&self, before: jiff::Timestamp) -> Result<u64, LogError> {
        self.log.forget_keys(before).await
    }

    fn last_acknowledged(&self) -> Position {
        self.log.last_acknowledged()
    }

    fn health(&self) -> Result<(), LogError> {
        self.log.health()
    }

    async fn close(&self) {
        self.log.close().await;
    }
}
