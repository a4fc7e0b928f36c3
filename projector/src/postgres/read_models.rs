//! All generations of a read model, each in a schema.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use events::Digest;
use read_model::Checkpoint;
use sqlx::{Executor, PgConnection, PgPool};

use super::{
    PostgresReadModel, PostgresReadModelsOptions, checkpoint, control,
    failure::store_error,
    locks::{Hold, WorkLock},
    options::Session,
    schema::Schema,
    snapshot::PostgresSnapshot,
};
use crate::{
    GenerationError, StoreError,
    port::{Generation, Guard, Place, ReadModel, ReadModels, Snapshot, Work},
};

/// Connections for what is asked of all generations.
const CONTROL_CONNECTIONS: u32 = 2;

/// The generations of a read model in one database.
#[derive(Clone)]
pub struct PostgresReadModels {
    options: PostgresReadModelsOptions,
    control: PgPool,
}

impl fmt::Debug for PostgresReadModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address, which may hold a password.
        f.debug_struct("PostgresReadModels").finish_non_exhaustive()
    }
}

impl PostgresReadModels {
    /// The read model in the database that `options` name. Nothing is connected yet.
    ///
    /// # Errors
    /// [`StoreError::Open`] where the address cannot be read.
    pub fn at(options: PostgresReadModelsOptions) -> Result<Self, StoreError> {
        let control = options.pool(CONTROL_CONNECTIONS, Session::control())?;
        Ok(Self { options, control })
    }

    /// A connection to what is there already.
    async fn connect(&self, place: Place) -> Result<PgConnection, GenerationError> {
        let schema = Schema::of(place);
        let session = Session::holding(Some(schema.to_string()));
        let mut db = self.options.connect(session).await.map_err(store_error)?;
        let is_there = "SELECT to_regclass(format('%I.checkpoint', $1::text)) IS NOT NULL";
        let query = sqlx::query_scalar(is_there).bind(schema.to_string());
        match query.fetch_one(&mut db).await.map_err(store_error)? {
            true => Ok(db),
            false => {
                let reason = "there is no such schema".to_owned();
                Err(StoreError::Open { place: schema.to_string(), reason }.into())
            }
        }
    }

    /// A connection that changes which generations there are; its statements may take long.
    async fn changing(&self) -> Result<PgConnection, StoreError> {
        self.options.connect(Session::holding(None)).await.map_err(store_error)
    }
}

#[async_trait]
impl ReadModels for PostgresReadModels {
    async fn live(&self) -> Result<u64, GenerationError> {
        Ok(control::live(&self.control).await?.unwrap_or(1))
    }

    async fn is_new(&self) -> Result<bool, GenerationError> {
        let live = control::live(&self.control).await?;
        Ok(live.is_none() && !control::exists(&self.control, 1).await?)
    }

    async fn exists(&self, number: u64) -> Result<bool, GenerationError> {
        Ok(control::exists(&self.control, number).await?)
    }

    async fn list(&self) -> Result<Vec<Generation>, GenerationError> {
        Ok(control::list(&self.control).await?)
    }

    async fn reserve(&self) -> Result<u64, GenerationError> {
        Ok(control::reserve(&mut self.changing().await?).await?)
    }

    async fn switch(&self, number: u64) -> Result<(), GenerationError> {
        control::switch(&mut self.changing().await?, number).await
    }

    async fn hold(&self, number: u64) -> Result<Box<dyn Guard>, GenerationError> {
        Ok(Box::new(Hold::take(&self.options, number).await?))
    }

    async fn remove(&self, number: u64) -> Result<(), GenerationError> {
        control::remove(&mut self.changing().await?, number).await
    }

    async fn lock(&self, work: Work) -> Result<Box<dyn Guard>, GenerationError> {
        Ok(Box::new(WorkLock::take(&self.options, work).await?))
    }

    async fn remove_unfinished(&self) -> Result<(), GenerationError> {
        Ok(control::remove_unfinished(&mut self.changing().await?).await?)
    }

    async fn finish(&self, number: u64) -> Result<(), GenerationError> {
        let mut db = self.connect(Place::Building(number)).await?;
        // So that queries are planned well from the first on, and read indexes alone where they can.
        let vacuum = "VACUUM (ANALYZE) movie, movie_facet, facet, rating, movie_search";
        db.execute(vacuum).await.map_err(store_error)?;
        Ok(control::finish(&mut db, number).await?)
    }

    async fn remove_scratch(&self) -> Result<(), GenerationError> {
        let scratch = Schema::of(Place::Scratch);
        Ok(control::drop_schema(&mut self.changing().await?, &scratch).await?)
    }

    async fn open(&self, place: Place) -> Result<Arc<dyn ReadModel>, GenerationError> {
        Ok(Arc::new(PostgresReadModel::open(&self.options, place).await?))
    }

    async fn peek(&self, place: Place) -> Result<(Checkpoint, Digest), GenerationError> {
        Ok(checkpoint::read(&mut self.connect(place).await?).await?)
    }

    async fn snapshot(&self, place: Place) -> Result<Box<dyn Snapshot>, GenerationError> {
        Ok(Box::new(PostgresSnapshot::begin(self.connect(place).await?).await?))
    }
}
