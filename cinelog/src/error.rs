//! Why a command of the command line failed: one line (or a few) for the person who typed it.

use crate::{config::ConfigError, data_dir::DataDirError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The event log cannot be opened or used.
    #[error(transparent)]
    Log(#[from] event_log::LogError),
    /// A backup was not made or not restored.
    #[error(transparent)]
    Backup(#[from] crate::backup::BackupError),
    /// The projector failed.
    #[error("the projector stopped: {0}")]
    Projector(#[from] projector::ProjectorError),
    /// The read model cannot be opened for the projector.
    #[error(transparent)]
    ReadModel(#[from] projector::StoreError),
    /// The generations of the read model cannot be dealt with.
    #[error(transparent)]
    Generation(#[from] projector::GenerationError),
    /// The read model was not verified or not rebuilt.
    #[error(transparent)]
    Build(#[from] projector::BuildError),
    /// The read model cannot be opened for queries.
    #[error(transparent)]
    QueryStore(#[from] query_api::StoreError),
    /// The identity store cannot be opened or used.
    #[error(transparent)]
    Identity(#[from] identity::store::StoreError),
    /// There can be no change feed.
    #[error(transparent)]
    ChangeFeed(#[from] change_feed::postgres::ChangeFeedError),
    /// There can be no link to Redis.
    #[error("redis.url: {0}")]
    Redis(#[from] redis_link::RedisUrlError),
    /// The store of objects cannot be opened.
    #[error("the store of objects: {0}")]
    Objects(#[from] objects::ObjectsError),
    /// A file that a key of the configuration names cannot be used.
    #[error("{key}: {reason}")]
    KeyFile {
        /// The key, such as `query.cursor_key_file`.
        key: String,
        /// Which file, and what is wrong with it. Nothing that is in it.
        reason: String,
    },
    /// A server was waited for at the start, and did not come.
    #[error("{last} (waited {} s for {what}; see server.start_timeout)", limit.as_secs())]
    Waited {
        /// How long.
        limit: std::time::Duration,
        /// For what.
        what: String,
        /// What stood in the way in the end.
        last: Box<Failure>,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}
