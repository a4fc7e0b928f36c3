//! The connections that read, and how a read is done again whose connection turned out to be broken.
//!
//! Not sqlx's pool: that one asks each connection that is given back whether it is still there, and waits for
//! the answer without a limit. One that a dead network keeps would be neither given out nor replaced.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard, Semaphore, SemaphorePermit},
    time::{sleep, timeout},
};

use super::{
    PostgresLogOptions,
    failure::{Kind, kind, log_error},
    session::{self, GRACE, answered, close, no_answer},
};
use crate::{LogError, backoff::Backoff};

/// How long a connection may wait for its next use. After that, something in between may have forgotten it.
const IDLE_MAX: Duration = Duration::from_secs(5 * 60);

/// Connections that read: at most so many, opened when they are needed. Clones share them.
#[derive(Clone)]
pub(super) struct Readers {
    server: PgConnectOptions,
    count: u32,
    connect_timeout: Duration,
    statement_timeout: Duration,
    /// One for each connection that there may be.
    places: Arc<Semaphore>,
    /// Those that nobody uses. Only what has answered comes back here.
    idle: Arc<Mutex<Vec<Idle>>>,
}

/// A connection that is lent for one read.
pub(super) type Reader = OwnedMutexGuard<PgConnection>;

struct Idle {
    connection: PgConnection,
    since: Instant,
}

impl Readers {
    pub(super) fn of(options: &PostgresLogOptions) -> Result<Self, LogError> {
        let count = options.readers.max(1);
        Ok(Self {
            server: options.connection()?,
            count,
            connect_timeout: options.connect_timeout,
            statement_timeout: options.statement_timeout,
            places: Arc::new(Semaphore::new(count as usize)),
            idle: Arc::default(),
        })
    }

    /// Reads, and reads again where the connection was broken. `read` changes nothing, so it may be done
    /// any number of times. All of it takes no longer than to get a connection and one statement may.
    pub(super) async fn read<T, R>(&self, read: impl Fn(Reader) -> R) -> Result<T, LogError>
    where
        R: Future<Output = Result<T, sqlx::Error>>,
    {
        let wait = self.connect_timeout + self.statement_timeout + GRACE;
        let reading = async {
            let _place = self.place().await?;
            // As many as there are connections can be broken at once, after the server was started again.
            let mut attempts_left = self.count;
            loop {
                let connection = Arc::new(AsyncMutex::new(self.connection().await?));
                let reader = Arc::clone(&connection).lock_owned().await;
                let result = answered(self.statement_timeout, read(reader)).await;
                match &result {
                    Err(error) if kind(error) == Kind::Broken => {
                        tracing::debug!(%error, "a connection that reads the event log was broken");
                        if attempts_left == 0 {
                            return result;
                        }
                        attempts_left -= 1;
                    }
                    _ => {
                        // Who had it lent is done with it.
                        self.give_back(Arc::into_inner(connection));
                        return result;
                    }
                }
            }
        };
        // Dropped in mid-query, here or by the caller, the connection is closed and its place is free.
        timeout(wait, reading).await.unwrap_or_else(|_| Err(no_answer(wait))).map_err(log_error)
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, sqlx::Error> {
        match timeout(self.connect_timeout, self.places.acquire()).await {
            Ok(place) => place.map_err(|_closed| sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    async fn connection(&self) -> Result<PgConnection, sqlx::Error> {
        if let Some(connection) = self.rested() {
            return Ok(connection);
        }
        let (started, mut backoff) = (Instant::now(), Backoff::default());
        loop {
            let connecting =
                session::connect(&self.server, self.connect_timeout, self.statement_timeout);
            let error = match connecting.await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            let delay = backoff.next();
            let passes = kind(&error) == Kind::Broken;
            if !passes || started.elapsed() + delay > self.connect_timeout {
                return Err(error);
            }
            sleep(delay).await;
        }
    }

    /// The connection that was used last, and none that has waited for too long.
    fn rested(&self) -> Option<PgConnection> {
        let mut idle = self.idle();
        idle.retain(|idle| idle.since.elapsed() < IDLE_MAX);
        idle.pop().map(|idle| idle.connection)
    }

    fn give_back(&self, connection: Option<AsyncMutex<PgConnection>>) {
        if let Some(connection) = connection
            && !self.places.is_closed()
        {
            let connection = connection.into_inner();
            self.idle().push(Idle { connection, since: Instant::now() });
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses new reads, and waits a bounded while for those that run.
    pub(super) async fn close(&self) {
        // Whoever comes now waits behind this, and is refused when the places are closed.
        let all = timeout(self.statement_timeout, self.places.acquire_many(self.count)).await;
        self.places.close();
        if all.is_err() {
            tracing::warn!("the event log was closed while it was being read");
        }
        let idle = std::mem::take(&mut *self.idle());
        for Idle { connection, .. } in idle {
            close(connection).await;
        }
    }
}

// The server's options hold a password.
impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("count", &self.count).finish_non_exhaustive()
    }
}
