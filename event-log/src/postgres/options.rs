//! How the server is reached, and how much the log does at once.

use std::{fmt, str::FromStr, time::Duration};

use sqlx::{ConnectOptions, PgPool, postgres::PgConnectOptions, postgres::PgPoolOptions};

use super::session;
use crate::LogError;

/// Statements that a connection keeps prepared. There are about a dozen.
const STATEMENTS_MAX: usize = 64;

/// How the server is reached, and how much the log does at once.
#[derive(Clone)]
pub struct PostgresLogOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. Never shown, since it may hold a password.
    pub url: String,
    /// Connections that read, at least 1. Besides there is one that writes and one that listens.
    pub readers: u32,
    /// Appends that may wait; further callers wait for a place.
    pub queue_length: usize,
    /// Events in one transaction. A larger append has a transaction for itself.
    pub batch_events_max: usize,
    /// Bytes of event data in one transaction. A larger append has a transaction for itself.
    pub batch_bytes_max: usize,
    /// How long the server may take for one statement, waiting for locks included.
    pub statement_timeout: Duration,
    /// How long it may take to get a connection.
    pub connect_timeout: Duration,
    /// How long a batch is tried again whose connection broke, or which collided with another. Only the
    /// first such batch: while the log cannot be written, what comes is refused at once.
    pub retry_for: Duration,
    /// How often a subscription looks for events of which nobody told it.
    pub poll_interval: Duration,
    /// How often a log that could not be written is tried while nobody appends.
    pub probe_interval: Duration,
}

impl PostgresLogOptions {
    /// The defaults, for the server and database at `url`.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            readers: 4,
            queue_length: 1024,
            batch_events_max: 1024,
            batch_bytes_max: 8 << 20,
            statement_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            retry_for: Duration::from_secs(5),
            poll_interval: Duration::from_secs(1),
            probe_interval: Duration::from_secs(1),
        }
    }

    /// Where the log is, without the password.
    pub(super) fn place(&self) -> String {
        self.connection().map_or_else(
            |_| "an address that cannot be read".to_owned(),
            |options| {
                let database = options.get_database().unwrap_or(options.get_username());
                format!("{}:{}/{database}", options.get_host(), options.get_port())
            },
        )
    }

    /// One connection.
    pub(super) fn connection(&self) -> Result<PgConnectOptions, LogError> {
        let unreadable = |error: sqlx::Error| {
            LogError::Unavailable(format!("the server's address cannot be read: {error}"))
        };
        Ok(PgConnectOptions::from_str(&self.url)
            .map_err(unreadable)?
            .application_name("cinelog log")
            .statement_cache_capacity(STATEMENTS_MAX)
            .disable_statement_logging())
    }

    /// A pool of one connection that listens, which is not open yet.
    pub(super) fn listening(&self) -> Result<PgPool, LogError> {
        let statement_timeout = self.statement_timeout;
        Ok(PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(self.connect_timeout)
            .after_connect(move |connection, _| {
                Box::pin(session::settings(connection, statement_timeout))
            })
            .connect_lazy_with(self.connection()?))
    }
}

impl fmt::Debug for PostgresLogOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLogOptions")
            .field("at", &self.place())
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}
