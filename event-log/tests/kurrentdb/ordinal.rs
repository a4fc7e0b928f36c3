//! The log on KurrentDB with the positions that the suite speaks of: 1 for the first event of the log,
//! 2 for the second, and so on.
//!
//! The server's positions have gaps, and nobody may know their numbers. What the suite asserts of
//! positions is asserted of their order all the same: each one that the log gives, wherever it gives it,
//! must be among those that reading the whole log gives, and stands for its place there. A position that
//! is not is a failed test.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use event_log::{
    Append, AppendError, Appended, CopyableLog, Direction, EventBatches, EventLog, LogError,
    Remembered, RememberedKey, RestoreError, kurrentdb::KurrentLog,
};
use events::{Digest, Position, RecordedEvent, Revision, StreamName};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

const PAGE_EVENTS: usize = 4096;

/// The log, seen so.
#[derive(Clone)]
pub(crate) struct Ordinal {
    log: Arc<KurrentLog>,
    /// The position of the first event, the second, …, as far as they were asked for.
    places: Arc<Mutex<Vec<Position>>>,
    /// What the suite made up as positions of remembered keys: they are kept as they are.
    made_up: Arc<Mutex<Vec<Position>>>,
}

impl Ordinal {
    pub(crate) fn of(log: Arc<KurrentLog>) -> Self {
        Self { log, places: Arc::default(), made_up: Arc::default() }
    }

    fn places(&self) -> Vec<Position> {
        self.places.lock().unwrap().clone()
    }

    /// Reads what is new in the log.
    async fn learn(&self) -> Result<Vec<Position>, LogError> {
        loop {
            let last = self.places().last().copied().unwrap_or(Position::START);
            let page = self.log.read_all(last, Direction::Forwards, PAGE_EVENTS).await?;
            let is_last = page.len() < PAGE_EVENTS;
            {
                let mut places = self.places.lock().unwrap();
                for event in page {
                    if places.last().is_none_or(|last| *last < event.position) {
                        places.push(event.position);
                    }
                }
            }
            if is_last {
                return Ok(self.places());
            }
        }
    }

    /// Which event is at a position of the server's.
    async fn ordinal(&self, position: Position) -> Result<Position, LogError> {
        if let Some(ordinal) = self.known(position) {
            return Ok(ordinal);
        }
        self.learn().await?;
        let nowhere = || panic!("the log gave position {position}, where it has no event");
        Ok(self.known(position).unwrap_or_else(nowhere))
    }

    fn known(&self, position: Position) -> Option<Position> {
        if position == Position::START {
            return Some(position);
        }
        let found = self.places.lock().unwrap().binary_search(&position).ok()?;
        Some(Position(found as u64 + 1))
    }

    /// Where the server has the n-th event. Beyond the last: beyond all.
    async fn place(&self, ordinal: Position) -> Result<Position, LogError> {
        let Some(index) = ordinal.0.checked_sub(1) else { return Ok(Position::START) };
        let places = self.learn().await?;
        let place = usize::try_from(index).ok().and_then(|index| places.get(index));
        Ok(place.copied().unwrap_or(Position(u64::MAX)))
    }

    async fn seen(&self, events: Vec<RecordedEvent>) -> Result<Vec<RecordedEvent>, LogError> {
        let mut seen = Vec::with_capacity(events.len());
        for event in events {
            seen.push(RecordedEvent { position: self.ordinal(event.position).await?, ..event });
        }
        Ok(seen)
    }
}

#[async_trait]
impl EventLog for Ordinal {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let Appended { revision, position } = self.log.append(append).await?;
        Ok(Appended { revision, position: self.ordinal(position).await? })
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.seen(self.log.read_stream(stream, from, limit).await?).await
    }

    async fn read_all(
        &self,
        from: Position,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let from = self.place(from).await?;
        self.seen(self.log.read_all(from, direction, limit).await?).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.ordinal(self.log.head().await?).await
    }

    async fn digest(&self, at: Position) -> Result<Digest, LogError> {
        self.log.digest(self.place(at).await?).await
    }

    fn subscribe_all(&self, from: Position) -> EventBatches {
        let this = self.clone();
        let subscribed = async move {
            // From beyond the end there is no place to name yet: what comes until then is passed over.
            let places = this.learn().await?;
            let start = usize::try_from(from.0).unwrap_or(usize::MAX).min(places.len());
            let start = start.checked_sub(1).map_or(Position::START, |index| places[index]);
            let batches = this.log.subscribe_all(start).and_then(move |batch| {
                let this = this.clone();
                async move { this.seen(batch).await }
            });
            Ok::<_, LogError>(batches.try_filter_map(
                move |mut batch: Vec<RecordedEvent>| async move {
                    batch.retain(|event| event.position > from);
                    Ok::<_, LogError>((!batch.is_empty()).then_some(batch))
                },
            ))
        };
        stream::once(subscribed).try_flatten().boxed()
    }

    async fn recall(&self, key: &str) -> Result<Option<Remembered>, LogError> {
        let Some(remembered) = self.log.recall(key).await? else { return Ok(None) };
        let Appended { revision, position } = remembered.appended;
        if self.made_up.lock().unwrap().contains(&position) {
            return Ok(Some(remembered));
        }
        let appended = Appended { revision, position: self.ordinal(position).await? };
        Ok(Some(Remembered { appended, ..remembered }))
    }

    async fn forget_keys(&self, before: Timestamp) -> Result<u64, LogError> {
        self.log.forget_keys(before).await
    }

    fn last_acknowledged(&self) -> Position {
        self.known(self.log.last_acknowledged()).unwrap()
    }

    fn health(&self) -> Result<(), LogError> {
        self.log.health()
    }

    async fn close(&self) {
        self.log.close().await;
    }
}

#[async_trait]
impl CopyableLog for Ordinal {
    async fn restore(
        &self,
        after: Digest,
        events: Vec<RecordedEvent>,
    ) -> Result<Digest, RestoreError> {
        self.log.restore(after, events).await
    }

    async fn remembered_keys(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RememberedKey>, LogError> {
        self.log.remembered_keys(after, limit).await
    }

    async fn restore_keys(&self, keys: Vec<RememberedKey>) -> Result<u64, LogError> {
        let made_up = keys.iter().map(|key| key.remembered.appended.position);
        self.made_up.lock().unwrap().extend(made_up);
        self.log.restore_keys(keys).await
    }
}
