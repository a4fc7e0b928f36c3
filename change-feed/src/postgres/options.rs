//! How the feed reaches Postgres, and how much it holds.

use std::{str::FromStr, time::Duration};

use sqlx::postgres::PgConnectOptions;

use super::ChangeFeedError;

/// How the feed reaches Postgres, and how much it holds.
#[derive(Clone)]
pub struct PostgresChangeFeedOptions {
    /// The database of the read model; feeds of one database hear each other.
    pub url: String,
    /// Changes held for a slow subscriber before it misses some, at least 1.
    pub capacity: usize,
    /// Changes that wait to be sent, at least 1. Others are told that they missed those that do not fit.
    pub queue_length: usize,
    /// How long a connection may be silent before it is asked whether it still lives, and how long the answer
    /// may take before changes count as missed. So a subscriber may be out of date, without being told, for
    /// twice this.
    pub silence_max: Duration,
    /// How long connecting, sending or an answer may take before the connection is given up.
    pub patience: Duration,
}

impl PostgresChangeFeedOptions {
    /// The defaults, for the database at `url`.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            capacity: 1024,
            queue_length: 1024,
            silence_max: Duration::from_millis(500),
            patience: Duration::from_secs(5),
        }
    }

    pub(super) fn connection(&self) -> Result<PgConnectOptions, ChangeFeedError> {
        let options = PgConnectOptions::from_str(&self.url)
            .map_err(|error| ChangeFeedError::InvalidUrl(error.to_string()))?;
        Ok(options.application_name("cinelog change feed").options([
            // Nothing here is kept, so nothing has to wait for a disk.
            ("synchronous_commit", "off"),
            // The server finds a listener that is gone within half a minute: until then it keeps what
            // the listener has not heard.
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "4"),
        ]))
    }
}

impl std::fmt::Debug for PostgresChangeFeedOptions {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresChangeFeedOptions")
            .field("capacity", &self.capacity)
            .field("queue_length", &self.queue_length)
            .field("silence_max", &self.silence_max)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
