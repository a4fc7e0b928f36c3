//! The log in KurrentDB, over its gRPC interface.
//!
//! A stream of the log is a stream of the server. The order of the log is that of the server's `$all`,
//! of which only the log's own streams are read; a position is the place of an event in the server's
//! files: it grows, with gaps. The server groups commits by itself, so each append is a call of its own.
//! What the server cannot promise, and so this adapter cannot, is listed in docs/kurrentdb.md.

mod append;
mod connection;
mod copying;
mod digest;
mod envelope;
mod failure;
mod forget;
mod keys;
mod locks;
mod names;
mod options;
mod read;
mod subscription;
mod write;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use events::{Digest, Position, RecordedEvent, Revision, StreamName};
use eventstore::{EventData, StreamState};
use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, watch},
    time::sleep,
};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

use crate::{
    Append, AppendError, Appended, Direction, EventBatches, EventLog, LogError, Remembered,
    health::Health,
    measure::{self, Outcome},
};
use append::{Answer, Appender};
use connection::Connection;
use digest::Digests;
use locks::{Locks, Want};
use read::Reader;
use subscription::Subscription;

pub use options::KurrentLogOptions;

/// An event log in KurrentDB.
///
/// When it is dropped, appends under way go on; [`close`](EventLog::close) waits for them.
pub struct KurrentLog {
    options: KurrentLogOptions,
    reader: Reader,
    appender: Appender,
    digests: Digests,
    locks: Locks,
    places: Arc<Semaphore>,
    places_max: usize,
    state: State,
    stop: CancellationToken,
    /// Appends under way.
    appending: TaskTracker,
    /// The probe. Dropped with the log.
    _probing: AbortOnDropHandle<()>,
}

/// What appends leave behind in this process.
#[derive(Clone)]
struct State {
    acknowledged: Arc<AtomicU64>,
    appended: watch::Sender<Position>,
    health: Health,
}

impl KurrentLog {
    /// Connects. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] where the URL cannot be read, the server cannot be reached or denies
    /// access; [`LogError::Damaged`] where the end of the log cannot be read.
    pub async fn open(options: KurrentLogOptions) -> Result<Self, LogError> {
        let stop = CancellationToken::new();
        let connection = Connection::new(&options, stop.clone())?;
        let reader = Reader::new(connection, options.names());
        measure::describe();
        measure::available(true);
        let position = reader.head().await?;
        measure::reached(position);
        tracing::info!(%position, namespace = options.namespace, "event log opened on KurrentDB");
        let appender = Appender { reader: reader.clone(), claim_lease: options.lease() };
        let state = State {
            acknowledged: Arc::default(),
            appended: watch::Sender::new(position),
            health: Health::default(),
        };
        let probing =
            tokio::spawn(probe(reader.clone(), state.health.clone(), options.probe_interval));
        let places_max =
            options.appends_max.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        let log = Self {
            digests: Digests::new(reader.clone()),
            locks: Locks::new(),
            places: Arc::new(Semaphore::new(places_max)),
            places_max,
            appending: TaskTracker::new(),
            options,
            reader,
            appender,
            state,
            stop,
            _probing: AbortOnDropHandle::new(probing),
        };
        Ok(log)
    }

    /// Appends under the locks of all streams concerned, to the end, whoever still waits for it.
    async fn append_locked(&self, append: Append) -> Answer {
        let closed = |_| LogError::Unavailable("the log is closed".to_owned());
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(closed)?;
        let mut wanted = vec![(append.stream.as_str(), Want::ToMove)];
        let given = append.given.as_ref().map(|(stream, _)| (stream.as_str(), Want::ToStay));
        let key = append.idempotency.as_ref().map(|entry| (entry.key.as_str(), Want::ToMove));
        wanted.extend(given);
        wanted.extend(key);
        let guards = self.locks.hold(&wanted).await;
        let (appender, state) = (self.appender.clone(), self.state.clone());
        let appending = self.appending.spawn(async move {
            let started = Instant::now();
            let answer = appender.append(&append).await;
            measure::committed(1, started.elapsed());
            state.note(&answer);
            drop((guards, place));
            answer
        });
        let lost = |error: tokio::task::JoinError| LogError::Unavailable(error.to_string());
        appending.await.map_err(lost)?
    }
}

impl State {
    /// Tells subscriptions that there is something up to here.
    fn wake(&self, position: Position) {
        measure::reached(position);
        self.appended.send_if_modified(|appended| {
            let has_grown = position > *appended;
            *appended = position.max(*appended);
            has_grown
        });
    }

    fn note(&self, answer: &Answer) {
        match answer {
            Ok((Appended { position, .. }, _)) => {
                self.health.succeeded();
                self.acknowledged.fetch_max(position.0, Ordering::AcqRel);
                self.wake(*position);
            }
            Err(AppendError::Log(error @ LogError::Unavailable(reason))) => {
                tracing::error!(%error, "the event log did not append");
                self.health.failed(reason);
            }
            Err(_) => {}
        }
    }
}

#[async_trait]
impl EventLog for KurrentLog {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let answer = match append.checked_bytes() {
            Ok(_) => self.append_locked(append).await,
            Err(too_large) => Err(too_large),
        };
        let (outcome, result) = match answer {
            Ok((appended, outcome)) => (outcome, Ok(appended)),
            Err(error) => (Outcome::from(&error), Err(error)),
        };
        measure::answered(outcome);
        result
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.stream(stream, from, limit).await
    }

    async fn read_all(
        &self,
        from: Position,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.all(from, direction, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.reader.head().await
    }

    async fn digest(&self, at: Position) -> Result<Digest, LogError> {
        self.digests.at(at).await
    }

    fn subscribe_all(&self, from: Position) -> EventBatches {
        let appended = self.state.appended.subscribe();
        let wait_max = self.options.poll_interval;
        Subscription::new(self.reader.clone(), appended, from, wait_max).batches()
    }

    async fn recall(&self, key: &str) -> Result<Option<Remembered>, LogError> {
        keys::recall(&self.reader, key).await
    }

    async fn forget_keys(&self, before: Timestamp) -> Result<u64, LogError> {
        forget::forget(&self.reader, before).await
    }

    fn last_acknowledged(&self) -> Position {
        Position(self.state.acknowledged.load(Ordering::Acquire))
    }

    fn health(&self) -> Result<(), LogError> {
        self.state.health.check()
    }

    async fn close(&self) {
        self.places.close();
        self.appending.close();
        self.appending.wait().await;
        // Whoever reads is told now.
        self.stop.cancel();
    }
}

/// Tries, while nothing can be appended, whether it can be again.
async fn probe(reader: Reader, health: Health, interval: Duration) {
    while !reader.connection.is_closed() {
        sleep(interval).await;
        if !health.is_failing() {
            continue;
        }
        let probe = EventData::binary("CinelogProbe", Bytes::new());
        match write::try_append(&reader.connection, reader.names.probe(), probe).await {
            Ok(()) => health.succeeded(),
            Err(failure) => health.failed(&LogError::from(failure).to_string()),
        }
    }
}

/// Our revision of an event that is the server's `number`th: the server counts from 0.
fn revision(number: u64) -> Revision {
    Revision(number.saturating_add(1))
}

/// The server's number of the event at a revision. `None` before the first.
fn number(revision: Revision) -> Option<u64> {
    revision.0.checked_sub(1)
}

/// What the server is to expect of a stream that is at a revision.
fn stream_state(revision: Revision) -> StreamState {
    number(revision).map_or(StreamState::NoStream, StreamState::StreamRevision)
}
