//! The port: what every event log promises.

use async_trait::async_trait;
use events::{Digest, Position, RecordedEvent, Revision, StreamName};
use futures::stream::BoxStream;

use crate::{Append, AppendError, Appended, LogError, Remembered};

/// Which way to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From old to new.
    Forwards,
    /// From new to old.
    Backwards,
}

/// A subscription: batches of consecutive events, none of them empty. It ends only after an error.
pub type EventBatches = BoxStream<'static, Result<Vec<RecordedEvent>, LogError>>;

/// A log of events in one global order, divided into streams.
///
/// **Durability.** When [`append`](Self::append) has answered, its events survive the death of the
/// process and of the machine's power.
///
/// **Order.** Positions grow in the order in which events become visible: a reader that has seen
/// position `p` has seen, or can see, every event before `p`. Revisions of a stream are 1, 2, 3, …
/// without gaps, in the order of their positions. The events of one append are neighbours.
///
/// What lies between two positions is the store's own: on SQLite and Postgres they are 1, 2, 3, … without
/// gaps, in the order of the events; on KurrentDB they are opaque numbers that only grow. So nobody counts by
/// them: one compares them, and asks for what comes after one. [`digest`](Self::digest) counts.
///
/// **Atomicity.** Of one append all events become visible together, or none do. Appends that run at
/// the same time may share a transaction (group commit), yet each succeeds or fails on its own.
///
/// **Repetition.** Appending the same event ids to the same stream again, with the same expectation,
/// gives the first result and changes nothing. So a caller that does not know the outcome of an
/// append ([`LogError::Unavailable`]) tries again with the same ids.
///
/// An id that is in the log without this being such a repetition is [`AppendError::DuplicateEvent`].
///
/// **Dependence.** An append may name another stream and its revision ([`Append::given`]): it is refused
/// with [`AppendError::GivenChanged`] where that stream is elsewhere at the moment of the append, which
/// is looked at before its own expectation. So a decision may rest on what is known of two streams
/// without reading either. A repetition gets the first result, wherever that stream is by then.
///
/// **Idempotency keys.** What an append asks to be remembered is stored with its events, or neither
/// is. A key that is taken refuses the append ([`AppendError::KeyTaken`]) before its expectation is
/// looked at, except where the append is a repetition.
///
/// **Fidelity.** Data is kept byte for byte, times to the microsecond.
///
/// **Bounds.** One event's data has at most [`MAX_EVENT_BYTES`] bytes, one append at most
/// [`MAX_APPEND_EVENTS`] events and [`MAX_APPEND_BYTES`] bytes of data; reads and subscriptions hold
/// a bounded number of events in memory. Appends wait in a bounded queue; when it is full, callers
/// wait for their turn.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Appends events to a stream and waits until they are durable.
    ///
    /// A dropped future may or may not have appended.
    async fn append(&self, append: Append) -> Result<Appended, AppendError>;

    /// Reads a stream from revision `from` (included), oldest first, at most `limit` events. An
    /// unknown stream is an empty one.
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError>;

    /// Reads the whole log, at most `limit` events: forwards the ones after `from`, backwards the
    /// ones before it, newest first. `from` itself is never among them.
    async fn read_all(
        &self,
        from: Position,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError>;

    /// The position of the last event, [`Position::START`] for an empty log.
    async fn head(&self) -> Result<Position, LogError>;

    /// The digest of all events up to and with the one at `at`; of all there are, where `at` is beyond
    /// the last. The work is bounded, wherever `at` is: no log is hashed from its beginning for it.
    async fn digest(&self, at: Position) -> Result<Digest, LogError>;

    /// Every event after `from`, once, in order: first those that the log has, then new ones as they
    /// are appended, with no gap and no repeat between the two. A slow subscriber holds nobody up.
    fn subscribe_all(&self, from: Position) -> EventBatches;

    /// What an earlier append left under this idempotency key. `None` where there was none, or where
    /// it has been forgotten.
    async fn recall(&self, key: &str) -> Result<Option<Remembered>, LogError>;

    /// Forgets the idempotency keys of appends that happened before `before`; gives how many.
    async fn forget_keys(&self, before: jiff::Timestamp) -> Result<u64, LogError>;

    /// The highest position that this process has acknowledged to a caller of
    /// [`append`](Self::append); [`Position::START`] where there was none.
    ///
    /// A reader in the same process that waits for it sees every write that was acknowledged here.
    fn last_acknowledged(&self) -> Position;

    /// Whether appends get through, as far as this process knows without trying: an error since one of
    /// them failed with [`LogError::Unavailable`], until the store can be written again. A log finds
    /// that out by itself, within seconds, also when nobody appends.
    fn health(&self) -> Result<(), LogError>;

    /// Refuses new appends, waits until those that wait are answered, and lets go of the store. What
    /// is asked afterwards fails with [`LogError::Unavailable`], and subscriptions end with it.
    async fn close(&self);
}

/// The largest data of one event, in bytes.
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// The most events in one append.
pub const MAX_APPEND_EVENTS: usize = 10_000;

/// The most data in one append, of all its events together, in bytes.
pub const MAX_APPEND_BYTES: usize = 16 << 20;

/// The longest idempotency key, in bytes.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 512;
