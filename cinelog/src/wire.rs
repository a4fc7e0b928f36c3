//! Which adapter stands behind each port: the one place that maps URLs to adapters.

use std::{path::Path, sync::Arc};

use event_log::{
    EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use projector::{
    ReadModels,
    sqlite::{Generations, SqliteReadModels},
};
use query_api::{SqliteStore, Store};
use read_model::{ChangeFeed, InProcessChangeFeed};

use crate::{
    config::{Config, LogUrl, ReadModelUrl, ServerUrl},
    data_dir::DataDir,
    error::Failure,
    import::{Catalogue, SqliteFilms},
};

/// How many batches a slow subscriber may be behind before it misses some.
const FEED_CAPACITY: usize = 1024;

/// Opens the event log.
pub(crate) async fn event_log(
    config: &Config,
    data: &DataDir,
) -> Result<Arc<dyn EventLog>, Failure> {
    match &config.log.url {
        LogUrl::Sqlite(path) => {
            let options = SqliteLogOptions {
                readers: config.log.readers,
                ..SqliteLogOptions::at(data.file(path))
            };
            Ok(Arc::new(SqliteLog::open(options).await?))
        }
        LogUrl::Postgres(url) | LogUrl::KurrentDb(url) => Err(no_adapter("log.url", url)),
    }
}

/// Opens the event log to read it only, beside whoever writes to it. `None` where there is none yet.
pub(crate) async fn event_log_reader(
    config: &Config,
    data: &DataDir,
) -> Result<Option<Arc<dyn EventLog>>, Failure> {
    match &config.log.url {
        LogUrl::Sqlite(path) if !data.file(path).exists() => Ok(None),
        LogUrl::Sqlite(path) => {
            let options = SqliteLogOptions::at(data.file(path));
            Ok(Some(Arc::new(SqliteLog::open_reader(options).await?)))
        }
        LogUrl::Postgres(url) | LogUrl::KurrentDb(url) => Err(no_adapter("log.url", url)),
    }
}

/// Opens the live read model for imports to find films in. `None` where there is none yet.
pub(crate) async fn catalogue(
    config: &Config,
    data: &DataDir,
) -> Result<Option<Catalogue>, Failure> {
    let path = match &config.read_model.url {
        ReadModelUrl::Sqlite(path) => path,
        ReadModelUrl::Postgres(url) => return Err(no_adapter("read_model.url", url)),
    };
    let generations = Generations::new(data.file(path));
    let path = generations.path(generations.live()?);
    let films = SqliteFilms::open(&path).await.map_err(|error| {
        Failure::Other(format!("the read model {} cannot be read: {error}", path.display()))
    })?;
    Ok(films.map(Catalogue::of))
}

/// The read model, in all the generations that there are of it.
pub(crate) async fn read_models(
    config: &Config,
    data: &DataDir,
) -> Result<Arc<dyn ReadModels>, Failure> {
    match &config.read_model.url {
        ReadModelUrl::Sqlite(path) => Ok(Arc::new(SqliteReadModels::at(data.file(path)))),
        ReadModelUrl::Postgres(url) => Err(no_adapter("read_model.url", url)),
    }
}

/// Where queries read, in any generation.
pub(crate) fn stores(config: &Config, data: &DataDir) -> Result<Stores, Failure> {
    match &config.read_model.url {
        ReadModelUrl::Sqlite(path) => Ok(Stores::at(&data.file(path), config.read_model.readers)),
        ReadModelUrl::Postgres(url) => Err(no_adapter("read_model.url", url)),
    }
}

/// Opens generations for queries.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    generations: Generations,
    readers: u32,
}

impl Stores {
    /// Those of the read model whose first generation is at `path`, read over so many connections.
    pub(crate) fn at(path: &Path, readers: u32) -> Self {
        Self { generations: Generations::new(path), readers }
    }

    /// Opens a generation for queries. It must have been made.
    pub(crate) async fn open(&self, generation: u64) -> Result<Arc<dyn Store>, Failure> {
        let path = self.generations.path(generation);
        Ok(Arc::new(SqliteStore::open(&path, self.readers).await?))
    }
}

fn no_adapter(key: &str, url: &ServerUrl) -> Failure {
    Failure::Other(format!("{key}: this Cinelog knows no way to {url} yet"))
}

/// What carries news of changes from the projector to the queries.
pub(crate) fn change_feed() -> Arc<dyn ChangeFeed> {
    Arc::new(InProcessChangeFeed::new(FEED_CAPACITY))
}
