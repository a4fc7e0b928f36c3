//! Which adapter stands behind each port: the one place that maps URLs to adapters.

use std::{path::Path, sync::Arc};

use event_log::{
    EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use projector::{
    FileLock, GenerationError, Generations,
    sqlite::{SqliteReadModel, SqliteReadModelOptions},
};
use query_api::SqliteStore;
use read_model::{ChangeFeed, InProcessChangeFeed};

use crate::{
    config::{Config, LogUrl, ReadModelUrl, ServerUrl},
    data_dir::DataDir,
    error::Failure,
    import::Catalogue,
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
    Catalogue::open(&path).await.map_err(|error| {
        Failure::Other(format!("the read model {} cannot be read: {error}", path.display()))
    })
}

/// The read model, in all the generations that there are of it.
#[derive(Debug, Clone)]
pub(crate) struct ReadModels {
    generations: Generations,
    readers: u32,
}

/// A generation that is open for the projector. As long as this lives, nobody removes it.
#[derive(Debug)]
pub(crate) struct OpenGeneration {
    /// Which one.
    pub(crate) number: u64,
    /// Where the projector writes.
    pub(crate) read_model: SqliteReadModel,
    _in_use: FileLock,
}

/// Where the read model is.
pub(crate) fn read_models(config: &Config, data: &DataDir) -> Result<ReadModels, Failure> {
    match &config.read_model.url {
        ReadModelUrl::Sqlite(path) => {
            Ok(ReadModels::new(&data.file(path), config.read_model.readers))
        }
        ReadModelUrl::Postgres(url) => Err(no_adapter("read_model.url", url)),
    }
}

fn no_adapter(key: &str, url: &ServerUrl) -> Failure {
    Failure::Other(format!("{key}: this Cinelog knows no way to {url} yet"))
}

impl ReadModels {
    /// The read model whose first generation is at `path`, read over so many connections.
    pub(crate) fn new(path: &Path, readers: u32) -> Self {
        Self { generations: Generations::new(path), readers }
    }

    /// The files.
    pub(crate) fn generations(&self) -> &Generations {
        &self.generations
    }

    /// Which generation is live.
    pub(crate) fn live(&self) -> Result<u64, Failure> {
        Ok(self.generations.live()?)
    }

    /// Opens the live generation for the projector. Where its file is gone, a new one is made live,
    /// with a number of its own: what caches remember of the old one is not taken for the new one's.
    pub(crate) async fn open_live(&self) -> Result<OpenGeneration, Failure> {
        let (is_new, live) = (self.generations.is_new()?, self.generations.live()?);
        let number = match is_new || self.generations.path(live).is_file() {
            true => live,
            false => self.generations.reserve()?,
        };
        let opened = self.open(number).await?;
        if number != live {
            tracing::warn!(
                gone = live,
                made = number,
                "the live generation is gone, making another"
            );
        }
        // Also where it is live already: from now on is known that it was there.
        self.generations.switch(number)?;
        Ok(opened)
    }

    /// Opens a generation for the projector, which must have been made.
    pub(crate) async fn existing(&self, number: u64) -> Result<OpenGeneration, Failure> {
        match self.generations.path(number).is_file() {
            true => self.open(number).await,
            false => Err(GenerationError::Missing(number).into()),
        }
    }

    async fn open(&self, number: u64) -> Result<OpenGeneration, Failure> {
        let in_use = self.generations.hold(number)?;
        let options = SqliteReadModelOptions {
            generation: Some(number),
            ..SqliteReadModelOptions::at(self.generations.path(number))
        };
        let read_model = SqliteReadModel::open_with(options).await?;
        Ok(OpenGeneration { number, read_model, _in_use: in_use })
    }

    /// Opens a generation for queries. It must have been made.
    pub(crate) async fn store(&self, generation: u64) -> Result<SqliteStore, Failure> {
        Ok(SqliteStore::open(&self.generations.path(generation), self.readers).await?)
    }
}

/// What carries news of changes from the projector to the queries.
pub(crate) fn change_feed() -> Arc<dyn ChangeFeed> {
    Arc::new(InProcessChangeFeed::new(FEED_CAPACITY))
}
