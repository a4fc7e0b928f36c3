//! A connection that is made when it is needed, and never waited for without end.
//!
//! A network that goes silent closes nothing: nobody hears of it who does not stop waiting. Whatever is
//! asked here has its time; a connection that has not answered in time is dropped as it is, since nothing
//! that is said on it can be believed to arrive.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection, PgConnection};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};

use super::options::{PostgresReadModelsOptions, Session};
use crate::StoreError;

/// How long a connection may take to say goodbye.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// The server has not answered.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer within {} s", .0.as_secs_f32())]
struct Silent(Duration);

/// Waits for an answer, for so long.
pub(super) async fn within<T, E: From<StoreError>>(
    most: Duration,
    asking: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(most, asking).await.unwrap_or_else(|_| Err(silent(most).into()))
}

/// What is said of a server that did not answer within `most`.
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
    /// Nothing is connected yet.
    pub(super) fn new(options: PostgresReadModelsOptions, session: Session) -> Self {
        Self { options, session, connection: Arc::default() }
    }

    /// The connection, made where there is none.
    pub(super) async fn take(&self) -> Result<Taken, StoreError> {
        let mut place = self.wait().await?;
        let connection = match place.take() {
            Some(connection) => connection,
            None => self.options.connect(&self.session).await?,
        };
        Ok(Taken { place, connection })
    }

    /// Closes the connection, after whoever uses it.
    pub(super) async fn close(&self) {
        // Who uses it for longer drops it.
        let Ok(mut place) = self.wait().await else { return };
        if let Some(connection) = place.take() {
            // Whether the server hears that changes nothing.
            drop(timeout(GOODBYE_MAX, connection.close()).await);
        }
    }

    async fn wait(&self) -> Result<OwnedMutexGuard<Option<PgConnection>>, StoreError> {
        let most = self.options.answer_timeout;
        timeout(most, Arc::clone(&self.connection).lock_owned()).await.map_err(|_| silent(most))
    }
}

/// The connection, in use. It is dropped with this, and what it was at is undone, unless it is given back.
pub(super) struct Taken {
    place: OwnedMutexGuard<Option<PgConnection>>,
    pub(super) connection: PgConnection,
}

impl Taken {
    /// Gives the connection back where what it was used for went well.
    pub(super) fn after<T>(self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if done.is_ok() {
            self.give_back();
        }
        done
    }

    /// Gives the connection back, which is at nothing.
    pub(super) fn give_back(mut self) {
        *self.place = Some(self.connection);
    }
}
