//! All generations of a read model, each in a schema.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use events::Digest;
use read_model::Checkpoint;
use sqlx::{Executor, PgConnection};

use super::{
    PostgresReadModel, PostgresReadModelsOptions, checkpoint, control,
    failure::store_error,
    films::PostgresFilms,
    line::{Line, within},
    locks::{Hold, WorkLock},
    options::Session,
    schema::Schema,
    snapshot::PostgresSnapshot,
};
use crate::{
    GenerationError, StoreError,
    port::{Films, Generation, Guard, Place, ReadModel, ReadModels, Snapshot, Work},
};

/// How long finishing a generation may take: each of its tables is read once.
const FINISH_MAX: Duration = Duration::from_secs(2 * 3600);

/// The generations of a read model in one database.
#[derive(Clone)]
pub struct PostgresReadModels {
    options: PostgresReadModelsOptions,
    /// For questions about all generations.
    control: Line,
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
    /// [`StoreError::Open`] if the address cannot be read.
    pub fn at(options: PostgresReadModelsOptions) -> Result<Self, StoreError> {
        // So that an address that cannot be read is an error at once.
        options.connection()?;
        let control = Line::new(options.clone(), Session::control());
        Ok(Self { options, control })
    }

    /// A connection to a read model that exists.
    async fn connect(&self, place: Place) -> Result<PgConnection, GenerationError> {
        let schema = Schema::of(place);
        let session = Session::holding(Some(schema.to_string()));
        let mut db = self.options.connect(&session).await?;
        let asked = async {
            let is_there = "SELECT to_regclass(format('%I.checkpoint', $1::text)) IS NOT NULL";
            let query = sqlx::query_scalar(is_there).bind(schema.to_string());
            query.fetch_one(&mut db).await.map_err(store_error)
        };
        match within(self.options.answer_timeout, asked).await? {
            true => Ok(db),
            false => {
                let reason = "there is no such schema".to_owned();
                Err(StoreError::Open { place: schema.to_string(), reason }.into())
            }
        }
    }

    /// A connection for changing which generations there are. Its statements may take long.
    async fn changing(&self) -> Result<PgConnection, StoreError> {
        self.options.connect(&Session::holding(None)).await
    }

    /// Which generation was made live. `None`: nobody has made one live yet.
    async fn pointer(&self) -> Result<Option<u64>, StoreError> {
        let mut db = self.control.take().await?;
        let live = within(self.options.answer_timeout, control::live(&mut db.connection)).await;
        db.after(live)
    }

    async fn drop_schema(&self, place: Place) -> Result<(), GenerationError> {
        let mut db = self.changing().await?;
        let schema = Schema::of(place);
        Ok(within(self.options.patience(), control::drop_schema(&mut db, &schema)).await?)
    }
}

#[async_trait]
impl ReadModels for PostgresReadModels {
    async fn live(&self) -> Result<u64, GenerationError> {
        Ok(self.pointer().await?.unwrap_or(1))
    }

    async fn is_new(&self) -> Result<bool, GenerationError> {
        Ok(self.pointer().await?.is_none() && !self.exists(1).await?)
    }

    async fn exists(&self, number: u64) -> Result<bool, GenerationError> {
        let mut db = self.control.take().await?;
        let asked = control::exists(&mut db.connection, number);
        let exists = within(self.options.answer_timeout, asked).await;
        Ok(db.after(exists)?)
    }

    async fn list(&self) -> Result<Vec<Generation>, GenerationError> {
        let mut db = self.control.take().await?;
        let list = within(self.options.patience(), control::list(&mut db.connection)).await;
        Ok(db.after(list)?)
    }

    async fn reserve(&self) -> Result<u64, GenerationError> {
        let mut db = self.changing().await?;
        Ok(within(self.options.patience(), control::reserve(&mut db)).await?)
    }

    async fn switch(&self, number: u64) -> Result<(), GenerationError> {
        let mut db = self.changing().await?;
        within(self.options.patience(), control::switch(&mut db, number)).await
    }

    async fn hold(&self, number: u64) -> Result<Box<dyn Guard>, GenerationError> {
        Ok(Box::new(Hold::take(&self.options, number).await?))
    }

    async fn remove(&self, number: u64) -> Result<(), GenerationError> {
        let mut db = self.changing().await?;
        within(self.options.patience(), control::remove(&mut db, number)).await
    }

    async fn lock(&self, work: Work) -> Result<Box<dyn Guard>, GenerationError> {
        Ok(Box::new(WorkLock::take(&self.options, work).await?))
    }

    async fn remove_unfinished(&self) -> Result<(), GenerationError> {
        let mut db = self.changing().await?;
        Ok(within(self.options.patience(), control::remove_unfinished(&mut db)).await?)
    }

    async fn discard(&self, number: u64) -> Result<(), GenerationError> {
        self.drop_schema(Place::Building(number)).await
    }

    async fn finish(&self, number: u64) -> Result<(), GenerationError> {
        let mut db = self.connect(Place::Building(number)).await?;
        // So that queries are planned well from the first one on, and can be answered from indexes alone.
        let vacuum = "VACUUM (ANALYZE) movie, movie_facet, facet, rating, movie_search";
        let vacuumed = async { db.execute(vacuum).await.map(drop).map_err(store_error) };
        within(FINISH_MAX, vacuumed).await?;
        Ok(within(self.options.patience(), control::finish(&mut db, number)).await?)
    }

    async fn remove_scratch(&self) -> Result<(), GenerationError> {
        self.drop_schema(Place::Scratch).await
    }

    async fn open(&self, place: Place) -> Result<Arc<dyn ReadModel>, GenerationError> {
        Ok(Arc::new(PostgresReadModel::open(&self.options, place).await?))
    }

    async fn peek(&self, place: Place) -> Result<(Checkpoint, Digest), GenerationError> {
        let mut db = self.connect(place).await?;
        Ok(within(self.options.answer_timeout, checkpoint::read(&mut db)).await?)
    }

    async fn snapshot(&self, place: Place) -> Result<Box<dyn Snapshot>, GenerationError> {
        let db = self.connect(place).await?;
        Ok(Box::new(PostgresSnapshot::begin(db, self.options.patience()).await?))
    }

    async fn films(
        &self,
        number: u64,
        statement_max: Duration,
    ) -> Result<Box<dyn Films>, GenerationError> {
        if !self.exists(number).await? {
            return Err(GenerationError::Missing(number));
        }
        let schema = Schema::of(Place::Generation(number));
        Ok(Box::new(PostgresFilms::of(&schema, &self.options, statement_max)))
    }
}
