//! Which adapter stands behind each port: the one place that maps URLs to adapters.

use std::sync::Arc;

use event_log::{
    EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use projector::sqlite::SqliteReadModel;
use query_api::SqliteStore;
use read_model::{ChangeFeed, InProcessChangeFeed};

use crate::{
    config::{Config, StoreUrl},
    data_dir::DataDir,
    error::Failure,
    import::{Catalogue, live_read_model},
};

/// How many batches a slow subscriber may be behind before it misses some.
const FEED_CAPACITY: usize = 1024;

/// Opens the event log.
pub(crate) async fn event_log(
    config: &Config,
    data: &DataDir,
) -> Result<Arc<dyn EventLog>, Failure> {
    match &config.log.url {
        StoreUrl::Sqlite(path) => {
            let options = SqliteLogOptions {
                readers: config.log.readers,
                ..SqliteLogOptions::at(data.file(path))
            };
            Ok(Arc::new(SqliteLog::open(options).await?))
        }
    }
}

/// Opens the event log to read it only, beside whoever writes to it. `None` where there is none yet.
pub(crate) async fn event_log_reader(
    config: &Config,
    data: &DataDir,
) -> Result<Option<Arc<dyn EventLog>>, Failure> {
    match &config.log.url {
        StoreUrl::Sqlite(path) if !data.file(path).exists() => Ok(None),
        StoreUrl::Sqlite(path) => {
            let options = SqliteLogOptions::at(data.file(path));
            Ok(Some(Arc::new(SqliteLog::open_reader(options).await?)))
        }
    }
}

/// Opens the live read model for imports to find films in. `None` where there is none yet.
pub(crate) async fn catalogue(
    config: &Config,
    data: &DataDir,
) -> Result<Option<Catalogue>, Failure> {
    let StoreUrl::Sqlite(path) = &config.read_model.url;
    let path = live_read_model(&data.file(path));
    Catalogue::open(&path).await.map_err(|error| {
        Failure::Other(format!("the read model {} cannot be read: {error}", path.display()))
    })
}

/// Opens the read model for the projector, and makes it where there is none.
pub(crate) async fn read_model(
    config: &Config,
    data: &DataDir,
) -> Result<SqliteReadModel, Failure> {
    match &config.read_model.url {
        StoreUrl::Sqlite(path) => Ok(SqliteReadModel::open(data.file(path)).await?),
    }
}

/// Opens the read model for queries. It must have been made.
pub(crate) async fn query_store(config: &Config, data: &DataDir) -> Result<SqliteStore, Failure> {
    match &config.read_model.url {
        StoreUrl::Sqlite(path) => {
            Ok(SqliteStore::open(&data.file(path), config.read_model.readers).await?)
        }
    }
}

/// What carries news of changes from the projector to the queries.
pub(crate) fn change_feed() -> Arc<dyn ChangeFeed> {
    Arc::new(InProcessChangeFeed::new(FEED_CAPACITY))
}
