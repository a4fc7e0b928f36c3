//! The inbox: what has come of the log by Kafka and is not folded in yet, kept in the schema of its
//! generation.
//!
//! Every projector puts in what comes of its partitions, whether it leads or not; the one that leads folds
//! it in, in the order of the log, and the batch that does so empties the inbox of it ([`super::batch`]). So
//! partitions are spread over projectors, and the fold stays one, with one order and one digest.
//!
//! How far a partition was read moves in the transaction that puts in what was read, from where whoever
//! moves it thinks it is: what a reader brings that has lost its partition meanwhile changes nothing.
//!
//! It is no promise of anything but speed: an event that does not come in time, or comes otherwise than the
//! log has it, is taken from the log ([`InboxFeed`]). Nothing here knows Kafka, but for `receiving`.

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

/// The inbox of one generation. Clones share its connections, of which one is for whoever puts in and one
/// for whoever folds.
#[derive(Clone)]
pub struct PostgresInbox {
    generation: u64,
    putting_in: Line,
    reading: Line,
    waits: BatchWaits,
    /// Told of whatever this process puts in.
    news: Arc<Notify>,
}

/// What became of what was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is in, and the partitions are read so far.
    In {
        /// How many events were not there already, nor folded in.
        events: u64,
    },
    /// Nothing has changed: of one of the partitions another reader has read on.
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
        // Nothing of it outlives a crash of the server: there is nothing to wait for.
        let session = Session { schema, waits: Waits::Bounded, commits: Commits::Lost };
        let line = || Line::new(options.clone(), session.clone());
        let waits = BatchWaits { short: options.answer_timeout, long: options.patience() };
        let (putting_in, reading, news) = (line(), line(), Arc::default());
        Self { generation, putting_in, reading, waits, news }
    }

    /// What tells the readers of this generation from those of all others.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub async fn name(&self) -> Result<String, StoreError> {
        let mut db = self.putting_in.take().await?;
        let name = within(self.waits.short, partitions::name(&mut db.connection)).await;
        Ok(format!("{}-{}", self.generation, db.after(name)?))
    }

    /// How far partitions of a topic were read. Those that never were are left out.
    ///
    /// # Errors
    /// [`StoreError`] where that cannot be read.
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

    /// Sets where a partition is read on, from where it is: `None` where it never was read. Gives whether
    /// it was there.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be set.
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

    /// Puts in what came of some partitions, and moves them on: all of it or nothing. What is folded in
    /// already is left out, and so is what cannot be kept, which is noted as refused.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be written; nothing has changed then, as far as can be told.
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

    /// How much waits to be folded in, of each partition that anything waits of.
    ///
    /// # Errors
    /// [`StoreError`] where that cannot be read.
    pub async fn held(&self) -> Result<Vec<Held>, StoreError> {
        let mut db = self.putting_in.take().await?;
        let held = within(self.waits.long, partitions::held(&mut db.connection)).await;
        db.after(held)
    }

    /// The records of a topic that were refused last, of each partition a bounded number: partition, offset
    /// and reason, in the order of the first two.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub async fn refused(&self, topic: &str) -> Result<Vec<(i32, i64, String)>, StoreError> {
        let mut db = self.reading.take().await?;
        let refused = within(self.waits.short, partitions::refused(&mut db.connection, topic));
        let refused = refused.await;
        db.after(refused)
    }

    /// What waits after a position, in the order of positions; a page of it.
    async fn page(&self, after: Position) -> Result<Vec<Waiting>, StoreError> {
        let mut db = self.reading.take().await?;
        let page = within(self.waits.short, rows::page(&mut db.connection, after)).await;
        db.after(page)
    }

    /// The furthest event that has come of any partition. `None` where nothing ever has.
    async fn frontier(&self) -> Result<Option<Position>, StoreError> {
        let mut db = self.reading.take().await?;
        let frontier = within(self.waits.short, partitions::frontier(&mut db.connection)).await;
        db.after(frontier)
    }

    /// Throws away what waits after one position and up to another.
    async fn discard(&self, after: Position, to: Position) -> Result<(), StoreError> {
        let mut db = self.reading.take().await?;
        let discarded = within(self.waits.short, rows::discard(&mut db.connection, after, to));
        let discarded = discarded.await;
        db.after(discarded)
    }

    /// The positions beyond one that something claims to have, at most [`BEYOND_MAX`] of them.
    async fn beyond(&self, head: Position) -> Result<Vec<Position>, StoreError> {
        let mut db = self.reading.take().await?;
        let beyond = partitions::beyond(&mut db.connection, head, BEYOND_MAX);
        let beyond = within(self.waits.short, beyond).await;
        db.after(beyond)
    }

    /// Throws away what claims one of some positions, as far as they are beyond another; gives how many
    /// events. No partition counts as having come to one of them.
    async fn discard_beyond(
        &self,
        head: Position,
        positions: &[Position],
    ) -> Result<u64, StoreError> {
        let mut db = self.reading.take().await?;
        let discarded = within(self.waits.long, async {
            // One after the other, so that this never holds what who puts in waits for, and waits itself.
            partitions::set_back(&mut db.connection, head, positions).await?;
            rows::discard_beyond(&mut db.connection, head, positions).await
        });
        let discarded = discarded.await;
        db.after(discarded)
    }

    /// Lets go of its connections, after what is under way has ended.
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
    // First: whoever else reads the same partition waits here, and finds it moved.
    if !partitions::advance(&mut transaction, topic, deliveries).await? {
        transaction.rollback().await.map_err(store_error)?;
        return Ok(Taken::Displaced);
    }
    let events = rows::insert(&mut transaction, deliveries).await?;
    partitions::refuse(&mut transaction, topic, deliveries).await?;
    transaction.commit().await.map_err(store_error)?;
    Ok(Taken::In { events })
}
