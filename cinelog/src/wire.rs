//! Which adapter stands behind each port: the one place that maps URLs to adapters.

use std::{path::Path, sync::Arc};

use change_feed::postgres::{PostgresChangeFeed, PostgresChangeFeedOptions};
use event_log::{
    CopyableLog, EventLog,
    postgres::{PostgresLog, PostgresLogOptions},
    sqlite::{SqliteLog, SqliteLogOptions},
};
use projector::{
    ReadModels,
    sqlite::{Generations, SqliteReadModels},
};
use query_api::{SqliteStore, Store};
use read_model::{ChangeFeed, InProcessChangeFeed};

use crate::{
    config::{Config, LogUrl, ReadModelUrl, Role, ServerUrl},
    data_dir::DataDir,
    error::Failure,
    import::{Catalogue, SqliteFilms},
    patience::patiently,
};

/// How many batches a slow subscriber may be behind before it misses some.
const FEED_CAPACITY: usize = 1024;

/// Opens the event log to read and to append.
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
        LogUrl::Postgres(url) => {
            let open = async || Ok(PostgresLog::open(postgres_log(config, url)).await?);
            Ok(Arc::new(patiently(config, "the event log", open).await?))
        }
        LogUrl::KurrentDb(url) => Err(no_adapter("log.url", url)),
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
        LogUrl::Postgres(url) => {
            let open = async || Ok(PostgresLog::open_reader(postgres_log(config, url)).await?);
            Ok(Some(Arc::new(patiently(config, "the event log", open).await?)))
        }
        LogUrl::KurrentDb(url) => Err(no_adapter("log.url", url)),
    }
}

/// Opens the event log for the roles of this process: who takes no commands changes nothing on a server,
/// not even tables. A file is this process's own.
pub(crate) async fn event_log_of(
    config: &Config,
    data: &DataDir,
) -> Result<Arc<dyn EventLog>, Failure> {
    let is_own = config.log.url.file().is_some() || config.server.roles.has(Role::Command);
    let reader = if is_own { None } else { event_log_reader(config, data).await? };
    match reader {
        Some(reader) => Ok(reader),
        None => event_log(config, data).await,
    }
}

fn postgres_log(config: &Config, url: &ServerUrl) -> PostgresLogOptions {
    PostgresLogOptions {
        readers: config.log.readers,
        statement_timeout: config.log.statement_timeout,
        connect_timeout: config.log.connect_timeout,
        ..PostgresLogOptions::at(url.reveal())
    }
}

/// Opens an event log that a URL of the command line names, to read it only.
pub(crate) async fn log_to_copy(url: &LogUrl) -> Result<Arc<dyn CopyableLog>, Failure> {
    match url {
        LogUrl::Sqlite(path) if !path.exists() => {
            Err(Failure::Other(format!("{} is not there", path.display())))
        }
        LogUrl::Sqlite(path) => {
            Ok(Arc::new(SqliteLog::open_reader(SqliteLogOptions::at(path)).await?))
        }
        LogUrl::Postgres(url) => {
            let options = PostgresLogOptions::at(url.reveal());
            Ok(Arc::new(PostgresLog::open_reader(options).await?))
        }
        LogUrl::KurrentDb(_) => Err(no_copy(url)),
    }
}

/// Opens an event log that a URL of the command line names, making it where there is none.
pub(crate) async fn log_to_copy_into(url: &LogUrl) -> Result<Arc<dyn CopyableLog>, Failure> {
    match url {
        LogUrl::Sqlite(path) => Ok(Arc::new(SqliteLog::open(SqliteLogOptions::at(path)).await?)),
        LogUrl::Postgres(url) => {
            let options = PostgresLogOptions::at(url.reveal());
            Ok(Arc::new(PostgresLog::open(options).await?))
        }
        LogUrl::KurrentDb(_) => Err(no_copy(url)),
    }
}

fn no_copy(url: &LogUrl) -> Failure {
    Failure::Other(format!("this Cinelog cannot copy from or to {url}"))
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

/// Opens the live generation for queries. Where a projector of another process is to make it, that is
/// waited for.
pub(crate) async fn live_store(
    config: &Config,
    read_models: &dyn ReadModels,
    stores: &Stores,
) -> Result<Arc<dyn Store>, Failure> {
    let open = async || stores.open(read_models.live().await?).await;
    match config.read_model.url {
        ReadModelUrl::Sqlite(_) => open().await,
        ReadModelUrl::Postgres(_) => patiently(config, "the read model", open).await,
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

/// What carries news of changes from the projector to the queries. Beside a read model on a server others
/// may project, so that news come from there.
pub(crate) async fn change_feed(config: &Config) -> Result<Arc<dyn ChangeFeed>, Failure> {
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
