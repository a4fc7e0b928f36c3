//! The connections that read, and how a read is done again whose connection turned out to be broken.

use std::time::Duration;

use sqlx::PgPool;

use super::{
    PostgresLogOptions,
    failure::{Kind, kind, log_error},
    session::answered,
};
use crate::LogError;

/// A pool of connections that read. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    pool: PgPool,
    statement_timeout: Duration,
    /// As many as there are connections can be broken at once, after the server was started again.
    attempts: u32,
}

impl Readers {
    pub(super) fn of(options: &PostgresLogOptions) -> Result<Self, LogError> {
        Ok(Self {
            pool: options.pool(options.readers)?,
            statement_timeout: options.statement_timeout,
            attempts: options.readers.max(1) + 1,
        })
    }

    /// Reads, and reads again where the connection was broken. `read` changes nothing, so it may be done
    /// any number of times.
    pub(super) async fn read<T, R>(&self, read: impl Fn(PgPool) -> R) -> Result<T, LogError>
    where
        R: Future<Output = Result<T, sqlx::Error>>,
    {
        let mut attempt = 1;
        loop {
            match answered(self.statement_timeout, read(self.pool.clone())).await {
                Err(error) if kind(&error) == Kind::Broken && attempt < self.attempts => {
                    tracing::debug!(%error, "a connection that reads the event log was broken");
                    attempt += 1;
                }
                result => return result.map_err(log_error),
            }
        }
    }

    /// Refuses new reads, and waits a bounded while for those that run.
    pub(super) async fn close(&self) {
        if tokio::time::timeout(self.statement_timeout, self.pool.close()).await.is_err() {
            tracing::warn!("the event log was closed while it was being read");
        }
    }
}
