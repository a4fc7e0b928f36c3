//! Connections that only read, and statements that are given up in time.
//!
//! A connection of the pool may have died since it was last used, and testing it first would cost every read a
//! trip. So the statement itself finds out: if the connection is broken, it is sent once more, on a
//! connection that has just answered. That is safe, since a read may be repeated.

use std::{pin::pin, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, QueryBuilder,
    pool::PoolConnection,
    postgres::{PgPoolOptions, PgRow},
};
use tokio::time::timeout;

use super::{failure::is_gone, options::PostgresStoreOptions, reach::Reach};
use crate::store::StoreError;

/// How much longer than the server's own timeout a statement is waited for, in case the server does not answer at
/// all.
const SILENCE_MAX: Duration = Duration::from_secs(1);

/// Words are candidates from this share of common trigrams on. It is small, because the distance between the words
/// decides later.
const SIMILAR_FROM: f64 = 0.15;

/// How a connection is used. The two kinds need different plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Reads by a key. They are planned once, perhaps before there are any films; a plan never scans a
    /// table.
    Rows,
    /// Lists. They are planned each time, for what is asked; a plan never scans a whole table, or sorts what an index
    /// has in order already.
    Lists,
}

/// A pool of connections for one use.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pool: PgPool,
    reach: Reach,
    /// For errors.
    place: String,
    statement_timeout: Duration,
}

/// Makes a statement. It is called again if the statement has to be sent again.
pub(super) type Statement<'s> = &'s (dyn Fn() -> QueryBuilder<Postgres> + Send + Sync);

impl Session {
    /// A pool that connects when it has to, with at most so many connections.
    pub(super) fn new(
        options: &PostgresStoreOptions,
        connections: u32,
        usage: Use,
    ) -> Result<Self, StoreError> {
        let settings: Arc<str> = settings(options, usage).into();
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(options.connect_timeout)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                let settings = Arc::clone(&settings);
                Box::pin(async move { configure(connection, &settings).await })
            })
            .connect_lazy_with(options.connection()?);
        let reach = Reach::of(options)?;
        let (place, statement_timeout) = (options.place(), options.statement_timeout);
        Ok(Self { pool, reach, place, statement_timeout })
    }

    /// The most connections.
    pub(super) fn connections(&self) -> u32 {
        self.pool.options().get_max_connections()
    }

    /// The rows that a statement gives. How many there may be is up to the statement.
    pub(super) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<PgRow>, StoreError> {
        let connection = self.connection().await?;
        match self.send(connection, statement).await {
            Err(error) if is_broken(&error) => {}
            done => return done.map_err(|error| self.error(error)),
        }
        let connection = self.living().await?;
        self.send(connection, statement).await.map_err(|error| self.error(error))
    }

    /// The one row that a statement gives.
    pub(super) async fn row(&self, statement: Statement<'_>) -> Result<PgRow, StoreError> {
        let mut rows = self.rows(statement).await?;
        rows.pop().ok_or_else(|| StoreError::damaged(sqlx::Error::RowNotFound))
    }

    /// Closes all connections, when what they are reading is read.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// A connection, which may have died since it was last used. If the server refuses connections, the caller
    /// learns that sooner than the pool would give up.
    async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let acquiring = pin!(self.pool.acquire());
        let acquired = tokio::select! {
            biased;
            acquired = acquiring => acquired,
            refused = self.reach.refused() => return Err(refused),
        };
        match acquired {
            Err(sqlx::Error::PoolTimedOut) => Err(self.reach.in_vain()),
            Err(error @ sqlx::Error::Database(_)) => Err(self.reach.error(&error.to_string())),
            acquired => Ok(acquired?),
        }
    }

    /// What a statement's failure means.
    fn error(&self, error: sqlx::Error) -> StoreError {
        if is_gone(&error) { StoreError::Missing(self.place.clone()) } else { error.into() }
    }

    async fn send(
        &self,
        mut connection: PoolConnection<Postgres>,
        statement: Statement<'_>,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut query = statement();
        let reading = query.build().fetch_all(&mut *connection);
        match timeout(self.statement_timeout + SILENCE_MAX, reading).await {
            Ok(done) => done,
            Err(silence) => {
                // Not given back to the pool: a late answer to this statement may still arrive on it.
                drop(connection.detach());
                Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, silence)))
            }
        }
    }

    /// A connection that has just answered. All connections of the pool may have died together.
    async fn living(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        for _ in 0..self.connections() {
            let mut connection = self.connection().await?;
            match timeout(SILENCE_MAX, connection.ping()).await {
                Ok(Ok(())) => return Ok(connection),
                Ok(Err(_)) | Err(_) => drop(connection.detach()),
            }
        }
        self.connection().await
    }
}

async fn configure(connection: &mut PgConnection, settings: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(settings)).execute(connection).await?;
    Ok(())
}

/// The first statements on a connection. The schema's name is made of a number, so that it needs no quoting.
pub(super) fn settings(options: &PostgresStoreOptions, usage: Use) -> String {
    let (schema, timeout) = (options.schema(), options.statement_timeout.as_millis().max(1));
    let mut settings = format!(
        "SET search_path = {schema}; SET statement_timeout = {timeout}; \
         SET default_transaction_read_only = on; SET jit = off; \
         SET pg_trgm.similarity_threshold = {SIMILAR_FROM};"
    );
    settings += match usage {
        Use::Rows => "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;",
        Use::Lists => {
            "SET plan_cache_mode = force_custom_plan; SET enable_seqscan = off; \
             SET enable_sort = off;"
        }
    };
    settings
}

/// Whether the connection broke before the statement was answered, as far as one can tell.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::TimedOut,
        sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // The server ended the connection: it was told to, is shutting down or starting.
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| ["57P01", "57P02", "57P05"].contains(&&*code))
        }
        _ => false,
    }
}
