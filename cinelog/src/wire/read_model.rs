//! The read model: files of SQLite, or schemas of a Postgres database; and the news of what changes in it.

use std::{path::Path, sync::Arc};

use change_feed::postgres::{PostgresChangeFeed, PostgresChangeFeedOptions};
use projector::{
    GenerationError, ReadModels,
    port::Guard,
    postgres::{PostgresReadModels, PostgresReadModelsOptions},
    sqlite::{Generations, SqliteReadModels},
};
use query_api::{PostgresStore, PostgresStoreOptions, SqliteStore, Store};
use read_model::{ChangeFeed, InProcessChangeFeed};

use super::Redis;
use crate::{
    config::{Config, ReadModelUrl, ServerUrl},
    data_dir::DataDir,
    error::Failure,
    import::Catalogue,
    patience::patiently,
};

/// What is waited for, where it is on a server.
const WHAT: &str = "the read model";

/// How many batches a slow subscriber may be behind before it misses some.
const FEED_CAPACITY: usize = 1024;

/// The read model, in all the generations that there are of it.
pub(crate) async fn read_models(
    config: &Config,
    data: &DataDir,
) -> Result<Arc<dyn ReadModels>, Failure> {
    match &config.read_model.url {
        ReadModelUrl::Sqlite(path) => Ok(Arc::new(SqliteReadModels::at(data.file(path)))),
        ReadModelUrl::Postgres(url) => {
            let open = async || {
                let read_models = PostgresReadModels::at(postgres(config, url))?;
                // Nothing was connected until now.
                read_models.live().await?;
                Ok(read_models)
            };
            Ok(Arc::new(patiently(config, WHAT, open).await?))
        }
    }
}

/// How the projector reaches its database.
pub(super) fn postgres(config: &Config, url: &ServerUrl) -> PostgresReadModelsOptions {
    PostgresReadModelsOptions {
        connect_timeout: config.read_model.connect_timeout,
        ..PostgresReadModelsOptions::at(url.reveal())
    }
}

/// Opens generations for queries.
#[derive(Debug, Clone)]
pub(crate) struct Stores(Place);

#[derive(Debug, Clone)]
enum Place {
    Sqlite {
        generations: Generations,
        readers: u32,
    },
    /// Of some generation.
    Postgres(PostgresStoreOptions),
}

/// Where queries read, in any generation.
pub(crate) fn stores(config: &Config, data: &DataDir) -> Stores {
    match &config.read_model.url {
        ReadModelUrl::Sqlite(path) => Stores::at(&data.file(path), config.read_model.readers),
        ReadModelUrl::Postgres(url) => Stores(Place::Postgres(PostgresStoreOptions {
            connections: config.read_model.readers,
            statement_timeout: config.read_model.statement_timeout,
            connect_timeout: config.read_model.connect_timeout,
            ..PostgresStoreOptions::at(url.reveal(), 1)
        })),
    }
}

impl Stores {
    /// Those of the read model whose first generation is the file `path`, read over so many connections.
    pub(crate) fn at(path: &Path, readers: u32) -> Self {
        Self(Place::Sqlite { generations: Generations::new(path), readers })
    }

    /// Opens a generation for queries. It must have been made.
    pub(crate) async fn open(&self, generation: u64) -> Result<Arc<dyn Store>, Failure> {
        match &self.0 {
            Place::Sqlite { generations, readers } => {
                let path = generations.path(generation);
                Ok(Arc::new(SqliteStore::open(&path, *readers).await?))
            }
            Place::Postgres(options) => {
                let options = PostgresStoreOptions { generation, ..options.clone() };
                Ok(Arc::new(PostgresStore::open(options).await?))
            }
        }
    }
}

/// Opens the live generation for queries, with what keeps it from being removed. Where a projector of
/// another process is to make it, that is waited for.
pub(crate) async fn live_store(
    config: &Config,
    read_models: &dyn ReadModels,
    stores: &Stores,
) -> Result<(Arc<dyn Store>, Box<dyn Guard>), Failure> {
    let open = async || {
        let live = read_models.live().await?;
        // Held first: what is found to be there then stays.
        let held = read_models.hold(live).await?;
        Ok((stores.open(live).await?, held))
    };
    match config.read_model.url {
        ReadModelUrl::Sqlite(_) => open().await,
        ReadModelUrl::Postgres(_) => patiently(config, WHAT, open).await,
    }
}

/// Opens the live read model for imports to find films in. `None` where there is none yet.
pub(crate) async fn catalogue(
    config: &Config,
    data: &DataDir,
) -> Result<Option<Catalogue>, Failure> {
    let read_models = read_models(config, data).await?;
    let live = read_models.live().await?;
    match read_models.films(live, config.read_model.statement_timeout).await {
        Ok(films) => Ok(Some(Catalogue::of(films))),
        Err(GenerationError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What carries news of changes from the projector to the queries. Beside a read model on a server others
/// may project, so that news come from there, or from Redis.
pub(crate) async fn change_feed(
    config: &Config,
    redis: &Redis,
) -> Result<Arc<dyn ChangeFeed>, Failure> {
    if let Some(feed) = redis.change_feed(config, FEED_CAPACITY).await {
        return Ok(feed);
    }
    match &config.read_model.url {
        ReadModelUrl::Sqlite(_) => Ok(Arc::new(InProcessChangeFeed::new(FEED_CAPACITY))),
        ReadModelUrl::Postgres(url) => {
            let options = PostgresChangeFeedOptions {
                capacity: FEED_CAPACITY,
                patience: config.read_model.connect_timeout,
                ..PostgresChangeFeedOptions::at(url.reveal())
            };
            Ok(Arc::new(PostgresChangeFeed::connect(options).await?))
        }
    }
}
