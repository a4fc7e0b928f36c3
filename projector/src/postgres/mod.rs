//! The read model in Postgres: a generation is a schema, and of several projectors one leads.
//!
//! A batch is one transaction: the rows of leader and checkpoint are locked and compared, documents are loaded,
//! events are folded in, and changes and the new checkpoint are written. It is durable before it is announced,
//! so that nothing that a client has seen is lost when the server crashes. Only a generation that is being
//! built, which nobody sees, is written without waiting for the disk.

mod batch;
mod checkpoint;
mod control;
mod facets;
mod failure;
mod films;
pub mod inbox;
mod leader;
mod line;
mod load;
mod locks;
mod migrate;
mod movies;
mod options;
mod parked;
mod ratings;
mod read_models;
mod schema;
mod snapshot;
mod tables;
mod words;
mod write;

use std::{
    fmt,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use events::{Digest, Position, StreamName};
use read_model::Checkpoint;
use sqlx::PgConnection;

use crate::{
    StoreError,
    port::{Batch, Leadership, ParkedStream, Place, ReadModel},
};
use batch::PostgresBatch;
use line::{Line, within};
pub use options::PostgresReadModelsOptions;
use options::{Commits, Session, Waits};
pub use read_models::PostgresReadModels;
use schema::Schema;

/// How long after the end of its lease a leader may keep its row locked while the server waits for it.
const STUCK_MAX: Duration = Duration::from_secs(30);

/// The epoch of a projector that does not lead.
const NO_EPOCH: i64 = 0;

/// One generation, open for the projector, over one connection.
struct PostgresReadModel {
    schema: Schema,
    line: Line,
    waits: BatchWaits,
    /// The epoch with which this one took the lead, or [`NO_EPOCH`].
    epoch: AtomicI64,
    lease_ms: i64,
}

/// How long answers are waited for.
#[derive(Debug, Clone, Copy)]
struct BatchWaits {
    /// For statements that take the server no time.
    short: Duration,
    /// For statements that work on all of a batch.
    long: Duration,
}

impl PostgresReadModel {
    async fn open(options: &PostgresReadModelsOptions, place: Place) -> Result<Self, StoreError> {
        let schema = Schema::of(place);
        let commits = match place {
            Place::Generation(_) => Commits::Durable,
            Place::Building(_) | Place::Scratch => Commits::Lost,
        };
        let session = Session { schema: Some(schema.to_string()), waits: Waits::Bounded, commits };
        let lease_ms = i64::try_from(options.lease.as_millis()).unwrap_or(i64::MAX);
        let line = Line::new(options.clone(), session);
        let waits = BatchWaits { short: options.answer_timeout, long: options.patience() };
        let model = Self { schema, line, waits, epoch: AtomicI64::new(NO_EPOCH), lease_ms };
        let mut db = model.line.take().await?;
        // If that fails, the connection is dropped, with the locks that it may have.
        let prepared = prepare(&mut db.connection, &model.schema, waits).await;
        db.after(prepared)?;
        Ok(model)
    }

    /// The epoch with which the lead was taken.
    fn epoch(&self) -> Result<i64, StoreError> {
        match self.epoch.load(Ordering::SeqCst) {
            NO_EPOCH => Err(StoreError::Deposed),
            epoch => Ok(epoch),
        }
    }

    async fn keep_or_take(&self, db: &mut PgConnection) -> Result<Leadership, StoreError> {
        let epoch = self.epoch.load(Ordering::SeqCst);
        if epoch != NO_EPOCH && leader::keep(db, epoch, self.lease_ms).await? {
            return Ok(Leadership::Leading);
        }
        self.epoch.store(NO_EPOCH, Ordering::SeqCst);
        if let Some(epoch) = leader::take(db, self.lease_ms).await? {
            self.epoch.store(epoch, Ordering::SeqCst);
            tracing::debug!(epoch, "took the lead of the read model");
            return Ok(Leadership::Leading);
        }
        let stuck_ms = i64::try_from(STUCK_MAX.as_millis()).unwrap_or(i64::MAX);
        if leader::end_stuck(db, stuck_ms).await? > 0 {
            tracing::warn!("the connection of a leader that is asleep was ended");
        }
        Ok(Leadership::Following)
    }
}

impl fmt::Debug for PostgresReadModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address, which may hold a password.
        f.debug_struct("PostgresReadModel").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// Brings the tables up to date, and makes sure that they are those of the generation.
async fn prepare(
    db: &mut PgConnection,
    schema: &Schema,
    waits: BatchWaits,
) -> Result<(), StoreError> {
    migrate::run(db, schema, waits).await?;
    let (Place::Generation(number) | Place::Building(number)) = schema.place() else {
        return Ok(());
    };
    let (stored, _) = within(waits.short, checkpoint::read(db)).await?;
    if stored.generation == number {
        return Ok(());
    }
    if stored.position != Position::START {
        let reason = format!("it is generation {}, not {number}", stored.generation);
        return Err(StoreError::Open { place: schema.to_string(), reason });
    }
    within(waits.short, checkpoint::set_generation(db, number)).await
}

#[async_trait]
impl ReadModel for PostgresReadModel {
    async fn lead(&self) -> Result<Leadership, StoreError> {
        let mut db = self.line.take().await?;
        let done = within(self.waits.short, self.keep_or_take(&mut db.connection)).await;
        db.after(done)
    }

    async fn resign(&self) -> Result<(), StoreError> {
        let epoch = self.epoch.swap(NO_EPOCH, Ordering::SeqCst);
        if epoch == NO_EPOCH {
            return Ok(());
        }
        let mut db = self.line.take().await?;
        let done = within(self.waits.short, leader::resign(&mut db.connection, epoch)).await;
        db.after(done)
    }

    async fn digest(&self) -> Result<(Checkpoint, Digest), StoreError> {
        let mut db = self.line.take().await?;
        let asked = async {
            match checkpoint::read(&mut db.connection).await {
                Err(error) => {
                    Err(checkpoint::unseen(&mut db.connection, &self.schema, error).await)
                }
                read => read,
            }
        };
        let done = within(self.waits.short, asked).await;
        db.after(done)
    }

    async fn begin(&self, from: Checkpoint, _events: usize) -> Result<Box<dyn Batch>, StoreError> {
        let epoch = self.epoch()?;
        let db = self.line.take().await?;
        Ok(Box::new(PostgresBatch::begin(db, from, epoch, self.lease_ms, self.waits).await?))
    }

    async fn parked_streams(&self) -> Result<u64, StoreError> {
        let mut db = self.line.take().await?;
        let done = within(self.waits.short, parked::count(&mut db.connection)).await;
        db.after(done)
    }

    async fn parked(&self, after: Position, limit: u32) -> Result<Vec<ParkedStream>, StoreError> {
        let mut db = self.line.take().await?;
        let done = within(self.waits.short, parked::list(&mut db.connection, after, limit)).await;
        db.after(done)
    }

    async fn parked_stream(&self, name: &str) -> Result<Option<ParkedStream>, StoreError> {
        let mut db = self.line.take().await?;
        let done = within(self.waits.short, parked::find(&mut db.connection, name)).await;
        db.after(done)
    }

    async fn ask_retry(&self, stream: Option<&str>) -> Result<u64, StoreError> {
        let mut db = self.line.take().await?;
        let done = within(self.waits.short, parked::ask_retry(&mut db.connection, stream)).await;
        db.after(done)
    }

    async fn asked(&self, limit: u32) -> Result<Vec<StreamName>, StoreError> {
        let mut db = self.line.take().await?;
        let done = within(self.waits.short, parked::asked(&mut db.connection, limit)).await;
        db.after(done)
    }

    async fn refuse_retry(&self, stream: &StreamName) -> Result<(), StoreError> {
        let epoch = self.epoch()?;
        let mut db = self.line.take().await?;
        let refused = parked::refuse_retry(&mut db.connection, stream, epoch);
        let done = within(self.waits.short, refused).await;
        db.after(done)
    }

    async fn close(&self) {
        if let Err(error) = self.resign().await {
            // The lease runs out by itself.
            tracing::debug!(%error, "the lead was not given up");
        }
        self.line.close().await;
    }
}
