//! The inbox: events that came by Kafka and are not folded in yet. It is in the schema of its generation.
//!
//! Every projector puts in what comes of its partitions, whether it leads or not. The one that leads folds them in,
//! in the order of the log, and the same batch removes them from the inbox ([`super::batch`]). So partitions are
//! spread over projectors, while there is one fold, with one order and one digest.
//!
//! How far a partition was read is written in the transaction that puts in what was read, and compared first: a
//! reader that has lost its partition meanwhile changes nothing.
//!
//! The inbox only serves speed. An event that does not come in time, or is not the one that the log has, is taken
//! from the log ([`InboxFeed`]). Only `receiving` knows Kafka.

mod beyond;
mod chain;
mod feed;
mod hashing;
mod keeping;
mod measure;
mod options;
mod partitions;
#[cfg(feature = "kafka")]
mod receiving;
mod rows;
mod sound;

use std::{fmt, sync::Arc};

use event_log::Delivery;
use events::Position;
use sqlx::{Connection, PgConnection};
use tokio::sync::Notify;

use super::{
    BatchWaits, PostgresReadModelsOptions,
    failure::store_error,
    line::{Line, within},
    options::{Commits, Session, Waits},
    schema::Schema,
};
use crate::{StoreError, port::Place};
use chain::Waiting;
pub use feed::InboxFeed;
pub use options::InboxFeedOptions;
pub use partitions::{Held, Reached};
#[cfg(feature = "kafka")]
pub use receiving::{ReceivingOptions, receive};

/// How many positions beyond the end of the log are looked at together.
const BEYOND_MAX: i64 = 1 << 16;

/// The inbox of one generation. Clones share its two connections: one for putting in, one for folding.
#[derive(Clone)]
pub struct PostgresInbox {
    generation: u64,
    putting_in: Line,
    reading: Line,
    waits: BatchWaits,
    /// Notified when this process has put something in.
    news: Arc<Notify>,
}

/// The result of putting in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The events are in, and the partitions have moved on.
    In {
        /// How many events were new: neither in the inbox nor folded in already.
        events: u64,
    },
    /// Nothing has changed: another reader has moved one of the partitions on.
    Displaced,
}

impl fmt::Debug for PostgresInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address, which may hold a password.
        f.debug_struct("PostgresInbox")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl PostgresInbox {
    /// The inbox of a generation, which must have been made. Nothing is connected yet.
    #[must_use]
    pub fn at(options: &PostgresReadModelsOptions, generation: u64) -> Self {
        let schema = Some(Schema::of(Place::Generation(generation)).to_string());
        // The inbox need not survive a crash of the server, so commits need not wait for the disk.
        let session = Session { schema, waits: Waits::Bounded, commits: Commits::Lost };
        let line = || Line::new(options.clone(), session.clone());
        let waits = BatchWaits { short: options.answer_timeout, long: options.patience() };
        let (putting_in, reading, news) = (line(), line(), Arc::default());
        Self { generation, putting_in, reading, waits, news }
    }

    /// A name for the readers of this generation, different from that of all others.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn name(&self) -> Result<String, StoreError> {
        let mut db = self.putting_in.take().await?;
        let name = within(self.waits.short, partitions::name(&mut db.connection)).await;
        Ok(format!("{}-{}", self.generation, db.after(name)?))
    }

    /// How far partitions of a topic were read. Those that were never read are left out.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub async fn reached(
        &self,
        topic: &str,
        partitions: &[i32],
    ) -> Result<Vec<Reached>, StoreError> {
        let mut db = self.putting_in.take().await?;
        let asked = partitions::reached(&mut db.connection, topic, partitions);
        let reached = within(self.waits.short, asked).await;
        db.after(reached)
    }

    /// Moves a partition from one offset to another; `None`: it was never read. Gives whether it was at the
    /// first one; if not, nothing has changed.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub async fn place(
        &self,
        topic: &str,
        partition: i32,
        from: Option<i64>,
        to: i64,
    ) -> Result<bool, StoreError> {
        let mut db = self.putting_in.take().await?;
        let asked = partitions::place(&mut db.connection, topic, partition, from, to);
        let placed = within(self.waits.short, asked).await;
        db.after(placed)
    }

    /// Puts in what came of some partitions, and moves them on: all of it or nothing. Events that are folded in
    /// already are left out. So are those that cannot be kept; they are noted as refused.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written. Then nothing has changed, unless only the answer was lost.
    pub async fn put_in(
        &self,
        topic: &str,
        deliveries: Vec<Delivery>,
    ) -> Result<Taken, StoreError> {
        let deliveries: Vec<_> = deliveries.into_iter().map(sound::checked).collect();
        let mut db = self.putting_in.take().await?;
        let putting = put_in(&mut db.connection, topic, &deliveries);
        let taken = within(self.waits.long, putting).await;
        let taken = db.after(taken)?;
        if matches!(taken, Taken::In { .. }) {
            self.news.notify_waiters();
        }
        Ok(taken)
    }

    /// How much of each partition waits to be folded in. Partitions of which nothing waits are left out.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub async fn held(&self) -> Result<Vec<Held>, StoreError> {
        let mut db = self.putting_in.take().await?;
        let held = within(self.waits.long, partitions::held(&mut db.connection)).await;
        db.after(held)
    }

    /// The last refused records of a topic, a bounded number of each partition: partition, offset and reason, in the
    /// order of the first two.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn refused(&self, topic: &str) -> Result<Vec<(i32, i64, String)>, StoreError> {
        let mut db = self.reading.take().await?;
        let refused = within(self.waits.short, partitions::refused(&mut db.connection, topic));
        let refused = refused.await;
        db.after(refused)
    }

    /// A page of the events after a position, in the order of positions.
    async fn page(&self, after: Position) -> Result<Vec<Waiting>, StoreError> {
        let mut db = self.reading.take().await?;
        let page = within(self.waits.short, rows::page(&mut db.connection, after)).await;
        db.after(page)
    }

    /// The furthest position that has come of any partition. `None`: nothing has come yet.
    async fn frontier(&self) -> Result<Option<Position>, StoreError> {
        let mut db = self.reading.take().await?;
        let frontier = within(self.waits.short, partitions::frontier(&mut db.connection)).await;
        db.after(frontier)
    }

    /// Throws away the events after one position and up to another.
    async fn discard(&self, after: Position, to: Position) -> Result<(), StoreError> {
        let mut db = self.reading.take().await?;
        let discarded = within(self.waits.short, rows::discard(&mut db.connection, after, to));
        let discarded = discarded.await;
        db.after(discarded)
    }

    /// The positions beyond `head` that events here claim to have, at most [`BEYOND_MAX`] of them.
    async fn beyond(&self, head: Position) -> Result<Vec<Position>, StoreError> {
        let mut db = self.reading.take().await?;
        let beyond = partitions::beyond(&mut db.connection, head, BEYOND_MAX);
        let beyond = within(self.waits.short, beyond).await;
        db.after(beyond)
    }

    /// Throws away the events that claim one of `positions`, if that is beyond `head`; gives how many.
    /// Partitions that seemed to have come that far do not count as such any more.
    async fn discard_beyond(
        &self,
        head: Position,
        positions: &[Position],
    ) -> Result<u64, StoreError> {
        let mut db = self.reading.take().await?;
        let discarded = within(self.waits.long, async {
            // Not in one transaction: it would hold rows that putting in waits for, while waiting itself.
            partitions::set_back(&mut db.connection, head, positions).await?;
            rows::discard_beyond(&mut db.connection, head, positions).await
        });
        let discarded = discarded.await;
        db.after(discarded)
    }

    /// Closes the connections, after what is under way has ended.
    pub async fn close(&self) {
        self.putting_in.close().await;
        self.reading.close().await;
    }
}

async fn put_in(
    db: &mut PgConnection,
    topic: &str,
    deliveries: &[Delivery],
) -> Result<Taken, StoreError> {
    let mut transaction = db.begin().await.map_err(store_error)?;
    // First: another reader of the same partition waits here, and then finds it moved.
    if !partitions::advance(&mut transaction, topic, deliveries).await? {
        transaction.rollback().await.map_err(store_error)?;
        return Ok(Taken::Displaced);
    }
    let events = rows::insert(&mut transaction, deliveries).await?;
    partitions::refuse(&mut transaction, topic, deliveries).await?;
    transaction.commit().await.map_err(store_error)?;
    Ok(Taken::In { events })
}
