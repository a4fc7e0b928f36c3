//! Why the server gives no connection. A pool that is refused keeps trying until its time is over, and does not say
//! what the server answered. A read that waits for it should learn both, and soon.

use std::{fmt, sync::Arc, time::Duration};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

use super::options::PostgresStoreOptions;
use crate::store::StoreError;

/// How long a read waits for a connection before the server is asked whether it gives any.
const ASK_AFTER: Duration = Duration::from_millis(300);

/// How long the server's answer holds, for all reads that wait.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// How long closing a connection may take.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// The server has no connection left for us. One of those that we have may still become free.
const TOO_MANY_CONNECTIONS: &str = "53300";

/// Finds out whether a server gives connections. Clones share its answers.
#[derive(Clone)]
pub(super) struct Reach {
    server: PgConnectOptions,
    /// For errors.
    place: String,
    connect_timeout: Duration,
    last: Arc<Mutex<Option<Answer>>>,
}

/// What the server said when it was asked for a connection.
struct Answer {
    at: Instant,
    /// `None`: it gave one.
    refusal: Option<Refusal>,
}

#[derive(Clone)]
struct Refusal {
    reason: String,
    /// Whether one of our own connections may still become free.
    may_wait: bool,
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the server's options, which may hold a password.
        f.debug_struct("Reach").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Reach {
    /// For the server that `options` name. It is not asked yet.
    pub(super) fn of(options: &PostgresStoreOptions) -> Result<Self, StoreError> {
        Ok(Self {
            server: options.connection()?,
            place: options.server(),
            connect_timeout: options.connect_timeout,
            last: Arc::default(),
        })
    }

    /// Returns when it is useless to wait for a connection any longer, which may be never.
    pub(super) async fn refused(&self) -> StoreError {
        sleep(ASK_AFTER.min(self.connect_timeout / 2)).await;
        loop {
            match self.ask().await {
                Some(refusal) if !refusal.may_wait => return self.error(&refusal.reason),
                _ => sleep(GOOD_FOR).await,
            }
        }
    }

    /// The error for a connection that was not there in time.
    pub(super) fn in_vain(&self) -> StoreError {
        let last = self.last.try_lock().ok();
        let refusal = last.as_ref().and_then(|last| last.as_ref()?.refusal.as_ref());
        match refusal {
            Some(refusal) => self.error(&refusal.reason),
            None => {
                let limit = self.connect_timeout.as_secs_f32();
                self.error(&format!("none came about or was free within {limit} s"))
            }
        }
    }

    /// Where no connection comes about, for this reason.
    pub(super) fn error(&self, reason: &str) -> StoreError {
        StoreError::Unavailable(format!("no connection to {}: {reason}", self.place).into())
    }

    /// Asks the server for a connection, for all who want to know now.
    async fn ask(&self) -> Option<Refusal> {
        let mut last = self.last.lock().await;
        if let Some(answer) = last.as_ref().filter(|answer| answer.at.elapsed() < GOOD_FOR) {
            return answer.refusal.clone();
        }
        let connecting = PgConnection::connect_with(&self.server);
        let refusal = match timeout(self.connect_timeout, connecting).await {
            Ok(Ok(connection)) => {
                // It has said what it was asked for; how it goes does not matter.
                let _ = timeout(CLOSE_MAX, connection.close()).await;
                None
            }
            Ok(Err(error)) => {
                let code = error.as_database_error().and_then(|error| error.code());
                let may_wait = code.is_some_and(|code| code == TOO_MANY_CONNECTIONS);
                Some(Refusal { reason: error.to_string(), may_wait })
            }
            Err(_) => Some(Refusal { reason: "it does not answer".to_owned(), may_wait: false }),
        };
        *last = Some(Answer { at: Instant::now(), refusal: refusal.clone() });
        refusal
    }
}
