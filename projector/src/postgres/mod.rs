//! The read model in Postgres: a generation is a schema, and of several projectors one leads.
//!
//! A batch is one transaction: the rows of leader and checkpoint are locked and compared, documents are
//! loaded, events folded in, changes and the new checkpoint written. It is durable when it is told of: what
//! a client has seen does not go back when the server crashes. Only what is being built, which nobody
//! sees, is written without waiting for the disk.

mod batch;
mod checkpoint;
mod control;
mod facets;
mod failure;
mod leader;
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
mod write;

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use events::{Digest, Position, StreamName};
use read_model::Checkpoint;
use sqlx::{PgConnection, PgPool};

use crate::{
    StoreError,
    port::{Batch, Leadership, ParkedStream, Place, ReadModel},
};
use batch::PostgresBatch;
use failure::store_error;
pub use options::PostgresReadModelsOptions;
use options::{Commits, Session, Waits};
pub use read_models::PostgresReadModels;
use schema::Schema;

/// How long past its lease a leader may hold on to its row. No batch takes as long.
const STUCK_MAX: Duration = Duration::from_secs(30);

/// The epoch of whoever does not lead.
const NO_EPOCH: i64 = 0;

/// One generation, open for the projector, over one connection.
#[derive(Debug)]
struct PostgresReadModel {
    pool: PgPool,
    /// That with which the lead was taken.
    epoch: AtomicI64,
    lease_ms: i64,
}

impl PostgresReadModel {
    async fn open(options: &PostgresReadModelsOptions, place: Place) -> Result<Self, StoreError> {
        let schema = Schema::of(place);
        let commits = match place {
            Place::Generation(_) => Commits::Durable,
            Place::Building(_) | Place::Scratch => Commits::Lost,
        };
        let session = Session { schema: Some(schema.to_string()), waits: Waits::Bounded, commits };
        let pool = options.pool(1, session)?;
        let lease_ms = i64::try_from(options.lease.as_millis()).unwrap_or(i64::MAX);
        let model = Self { pool, epoch: AtomicI64::new(NO_EPOCH), lease_ms };
        let mut connection =
            model.pool.acquire().await.map_err(|error| cannot_open(&schema, &error))?;
        if let Err(error) = prepare(&mut connection, &schema).await {
            // With the locks that it may have.
            connection.close_on_drop();
            return Err(error);
        }
        drop(connection);
        Ok(model)
    }
}

/// Brings the tables up to date, and makes sure that they are those of the generation.
async fn prepare(db: &mut PgConnection, schema: &Schema) -> Result<(), StoreError> {
    migrate::run(db, schema).await?;
    let (Place::Generation(number) | Place::Building(number)) = schema.place() else {
        return Ok(());
    };
    let (stored, _) = checkpoint::read(db).await?;
    if stored.generation == number {
        return Ok(());
    }
    if stored.position != Position::START {
        let reason = format!("it is generation {}, not {number}", stored.generation);
        return Err(StoreError::Open { place: schema.to_string(), reason });
    }
    checkpoint::set_generation(db, number).await
}

fn cannot_open(schema: &Schema, error: &sqlx::Error) -> StoreError {
    StoreError::Open { place: schema.to_string(), reason: error.to_string() }
}

#[async_trait]
impl ReadModel for PostgresReadModel {
    async fn lead(&self) -> Result<Leadership, StoreError> {
        let mut db = self.pool.acquire().await.map_err(store_error)?;
        let epoch = self.epoch.load(Ordering::SeqCst);
        if epoch != NO_EPOCH && leader::keep(&mut db, epoch, self.lease_ms).await? {
            return Ok(Leadership::Leading);
        }
        self.epoch.store(NO_EPOCH, Ordering::SeqCst);
        if let Some(epoch) = leader::take(&mut db, self.lease_ms).await? {
            self.epoch.store(epoch, Ordering::SeqCst);
            tracing::debug!(epoch, "took the lead of the read model");
            return Ok(Leadership::Leading);
        }
        let stuck_ms = i64::try_from(STUCK_MAX.as_millis()).unwrap_or(i64::MAX);
        if leader::end_stuck(&mut db, stuck_ms).await? > 0 {
            tracing::warn!("the connection of a leader that is asleep was ended");
        }
        Ok(Leadership::Following)
    }

    async fn resign(&self) -> Result<(), StoreError> {
        let epoch = self.epoch.swap(NO_EPOCH, Ordering::SeqCst);
        if epoch == NO_EPOCH {
            return Ok(());
        }
        let mut db = self.pool.acquire().await.map_err(store_error)?;
        leader::resign(&mut db, epoch).await
    }

    async fn digest(&self) -> Result<(Checkpoint, Digest), StoreError> {
        let mut db = self.pool.acquire().await.map_err(store_error)?;
        checkpoint::read(&mut db).await
    }

    async fn begin(&self, from: Checkpoint, _events: usize) -> Result<Box<dyn Batch>, StoreError> {
        let epoch = self.epoch.load(Ordering::SeqCst);
        if epoch == NO_EPOCH {
            return Err(StoreError::Deposed);
        }
        let connection = self.pool.acquire().await.map_err(store_error)?;
        Ok(Box::new(PostgresBatch::begin(connection, from, epoch, self.lease_ms).await?))
    }

    async fn parked_streams(&self) -> Result<u64, StoreError> {
        parked::count(&self.pool).await
    }

    async fn parked(&self, after: Position, limit: u32) -> Result<Vec<ParkedStream>, StoreError> {
        parked::list(&self.pool, after, limit).await
    }

    async fn parked_stream(&self, name: &str) -> Result<Option<ParkedStream>, StoreError> {
        parked::find(&self.pool, name).await
    }

    async fn ask_retry(&self, stream: Option<&str>) -> Result<u64, StoreError> {
        parked::ask_retry(&self.pool, stream).await
    }

    async fn asked(&self, limit: u32) -> Result<Vec<StreamName>, StoreError> {
        parked::asked(&self.pool, limit).await
    }

    async fn refuse_retry(&self, stream: &StreamName) -> Result<(), StoreError> {
        parked::refuse_retry(&self.pool, stream).await
    }

    async fn close(&self) {
        if let Err(error) = self.resign().await {
            // It runs out by itself.
            tracing::debug!(%error, "the lead was not given up");
        }
        self.pool.close().await;
    }
}
