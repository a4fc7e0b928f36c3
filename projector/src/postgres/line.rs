//! A connection that is made when it is needed, and never waited for without end.
//!
//! A network that goes silent closes no connections, so only a deadline notices it. Everything that is asked here has
//! one. A connection that has not answered in time is dropped at once, since nothing that is sent on it can be
//! relied on to arrive.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection, PgConnection};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};

use super::options::{PostgresReadModelsOptions, Session};
use crate::StoreError;

/// How long closing a connection may take.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// The server did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer within {} s", .0.as_secs_f32())]
struct Silent(Duration);

/// Waits for an answer, at most so long.
pub(super) async fn within<T, E: From<StoreError>>(
    most: Duration,
    asking: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(most, asking).await.unwrap_or_else(|_| Err(silent(most).into()))
}

/// The error for a server that did not answer within `most`.
pub(super) fn silent(most: Duration) -> StoreError {
    StoreError::Unavailable(Box::new(Silent(most)))
}

/// One connection, for one user at a time. Clones share it.
#[derive(Clone)]
pub(super) struct Line {
    options: PostgresReadModelsOptions,
    session: Session,
    connection: Arc<Mutex<Option<PgConnection>>>,
}

impl Line {
    /// A line that is not connected yet.
    pub(super) fn new(options: PostgresReadModelsOptions, session: Session) -> Self {
        Self { options, session, connection: Arc::default() }
    }

    /// The connection; it is made if there is none.
    pub(super) async fn take(&self) -> Result<Taken, StoreError> {
        let mut place = self.wait().await?;
        let connection = match place.take() {
            Some(connection) => connection,
            None => self.options.connect(&self.session).await?,
        };
        Ok(Taken { place, connection })
    }

    /// Closes the connection, after its user is done with it.
    pub(super) async fn close(&self) {
        // A user that takes longer drops it.
        let Ok(mut place) = self.wait().await else { return };
        if let Some(connection) = place.take() {
            // If the server does not hear that, it notices later.
            drop(timeout(GOODBYE_MAX, connection.close()).await);
        }
    }

    async fn wait(&self) -> Result<OwnedMutexGuard<Option<PgConnection>>, StoreError> {
        let most = self.options.answer_timeout;
        timeout(most, Arc::clone(&self.connection).lock_owned()).await.map_err(|_| silent(most))
    }
}

/// The connection, in use. Unless it is given back, it is dropped with this, and its transaction is rolled back.
pub(super) struct Taken {
    place: OwnedMutexGuard<Option<PgConnection>>,
    pub(super) connection: PgConnection,
}

impl Taken {
    /// Gives the connection back if its use succeeded.
    pub(super) fn after<T>(self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if done.is_ok() {
            self.give_back();
        }
        done
    }

    /// Gives the connection back. It must not be in a transaction.
    pub(super) fn give_back(mut self) {
        *self.place = Some(self.connection);
    }
}
