//! The event log: a file of SQLite, a database of Postgres, or KurrentDB.

use std::sync::Arc;

use event_log::{
    CopyableLog, EventLog,
    postgres::{PostgresLog, PostgresLogOptions},
    sqlite::{SqliteLog, SqliteLogOptions},
};

use crate::{
    config::{Config, LogUrl, Role, ServerUrl},
    data_dir::DataDir,
    error::Failure,
    patience::patiently,
};

/// What is waited for, where it is on a server.
const WHAT: &str = "the event log";

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
            let open = async || Ok(PostgresLog::open(postgres(config, url)).await?);
            Ok(Arc::new(patiently(config, WHAT, open).await?))
        }
        LogUrl::KurrentDb(url) => kurrentdb(config, url).await,
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
            let options = postgres(config, url);
            let exists = async || Ok(PostgresLog::exists(&options).await?);
            match patiently(config, WHAT, exists).await? {
                true => Ok(Some(beside(config, url).await?)),
                false => Ok(None),
            }
        }
        // There is nothing to be made, and so no difference.
        LogUrl::KurrentDb(url) => Ok(Some(kurrentdb(config, url).await?)),
    }
}

/// Opens the event log for the roles of this process: who takes no commands changes nothing on a server,
/// not even tables. A file is this process's own.
pub(crate) async fn event_log_of(
    config: &Config,
    data: &DataDir,
) -> Result<Arc<dyn EventLog>, Failure> {
    match &config.log.url {
        LogUrl::Postgres(url) if !config.server.roles.has(Role::Command) => {
            beside(config, url).await
        }
        _ => event_log(config, data).await,
    }
}

/// Opens the log of a database to read it only; waits until somebody has made it.
async fn beside(config: &Config, url: &ServerUrl) -> Result<Arc<dyn EventLog>, Failure> {
    let open = async || Ok(PostgresLog::open_reader(postgres(config, url)).await?);
    Ok(Arc::new(patiently(config, WHAT, open).await?))
}

fn postgres(config: &Config, url: &ServerUrl) -> PostgresLogOptions {
    PostgresLogOptions {
        readers: config.log.readers,
        statement_timeout: config.log.statement_timeout,
        connect_timeout: config.log.connect_timeout,
        ..PostgresLogOptions::at(url.reveal())
    }
}

#[cfg(feature = "kurrentdb")]
async fn kurrentdb(config: &Config, url: &ServerUrl) -> Result<Arc<dyn EventLog>, Failure> {
    use event_log::kurrentdb::{KurrentLog, KurrentLogOptions};

    let open = async || {
        let deadline = config.log.statement_timeout;
        let options = KurrentLogOptions { deadline, ..KurrentLogOptions::at(url.reveal()) };
        Ok(KurrentLog::open(options).await?)
    };
    Ok(Arc::new(patiently(config, WHAT, open).await?))
}

/// The configuration is refused before it comes to this, and says how to get a binary that can.
#[cfg(not(feature = "kurrentdb"))]
async fn kurrentdb(_: &Config, url: &ServerUrl) -> Result<Arc<dyn EventLog>, Failure> {
    Err(Failure::Other(format!("this binary was built without KurrentDB, where {url} is")))
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
        LogUrl::KurrentDb(url) => kurrentdb_copyable(url).await,
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
        LogUrl::KurrentDb(url) => kurrentdb_copyable(url).await,
    }
}

#[cfg(feature = "kurrentdb")]
async fn kurrentdb_copyable(url: &ServerUrl) -> Result<Arc<dyn CopyableLog>, Failure> {
    use event_log::kurrentdb::{KurrentLog, KurrentLogOptions};

    Ok(Arc::new(KurrentLog::open(KurrentLogOptions::at(url.reveal())).await?))
}

/// A URL of the command line is refused before it comes to this, too.
#[cfg(not(feature = "kurrentdb"))]
async fn kurrentdb_copyable(url: &ServerUrl) -> Result<Arc<dyn CopyableLog>, Failure> {
    Err(Failure::Other(format!("this binary was built without KurrentDB, where {url} is")))
}
