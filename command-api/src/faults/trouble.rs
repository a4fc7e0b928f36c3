//! A log that is in trouble, of a kind that a test chooses.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use async_trait::async_trait;
use event_log::{
    Append, AppendError, Appended, Direction, EventBatches, EventLog, LogError, Remembered,
};
use events::{Digest, Position, RecordedEvent, Revision, StreamName};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::testing::Api;

/// What is wrong with appends.
pub(super) enum Trouble {
    /// The first so many are never made.
    RequestsLost(AtomicU32),
    /// Of the first so many, nobody hears that they were made.
    AnswersLost(AtomicU32),
    /// Each gives a permit to the first when it begins, and takes one from the second to go on.
    Slow(Semaphore, Semaphore),
    /// Nothing, but the events that are read of streams are counted.
    Counted(AtomicU32),
    /// The first so many ask for a key before another process has put it there.
    AskedTooEarly(AtomicU32),
    /// So long as this is set, streams hold events that nobody understands.
    Unintelligible(AtomicBool),
}

/// A log that is in trouble.
struct Troubled {
    log: Arc<dyn EventLog>,
    trouble: Arc<Trouble>,
}

impl Trouble {
    pub(super) async fn api(self: &Arc<Self>) -> Api {
        let trouble = Arc::clone(self);
        Api::over(|log| Arc::new(Troubled { log, trouble })).await
    }
}

/// Whether there are any left; one less from now on.
fn one_of(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn broken() -> AppendError {
    LogError::Unavailable("the connection broke: s3cret".to_owned()).into()
}

#[async_trait]
impl EventLog for Troubled {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        match &*self.trouble {
            Trouble::RequestsLost(left) if one_of(left) => return Err(broken()),
            Trouble::AnswersLost(left) if one_of(left) => {
                self.log.append(append).await?;
                return Err(broken());
            }
            Trouble::Slow(begun, go) => {
                begun.add_permits(1);
                go.acquire().await.unwrap().forget();
            }
            Trouble::RequestsLost(_)
            | Trouble::AnswersLost(_)
            | Trouble::Counted(_)
            | Trouble::AskedTooEarly(_)
            | Trouble::Unintelligible(_) => {}
        }
        self.log.append(append).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let mut events = self.log.read_stream(stream, from, limit).await?;
        match &*self.trouble {
            Trouble::Counted(read) => {
                read.fetch_add(u32::try_from(events.len()).unwrap(), Ordering::SeqCst);
            }
            Trouble::Unintelligible(on) if on.load(Ordering::SeqCst) => {
                events.iter_mut().for_each(|event| event.schema_version = 99);
            }
            _ => {}
        }
        Ok(events)
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
        self.log.head().await
    }

    fn subscribe_all(&self, from: Position) -> EventBatches {
        self.log.subscribe_all(from)
    }

    async fn digest(&self, at: Position) -> Result<Digest, LogError> {
        self.log.digest(at).await
    }

    async fn recall(&self, key: &str) -> Result<Option<Remembered>, LogError> {
        match &*self.trouble {
            Trouble::AskedTooEarly(left) if one_of(left) => Ok(None),
            _ => self.log.recall(key).await,
        }
    }

    async fn forget_keys(&self, before: Timestamp) -> Result<u64, LogError> {
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
