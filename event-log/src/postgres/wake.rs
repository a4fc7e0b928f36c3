//! Waking the subscriptions of other processes, and being woken by them. Nothing relies on it: what was
//! not heard of is found by looking, at [`super::PostgresLogOptions::poll_interval`].
//!
//! A commit is announced after it, not in it. Postgres lets commits that notify through one at a time in the
//! whole cluster, so announcing in the commit would make appends wait for whoever else notifies. And many
//! commits in a row are announced as one. What is announced is that there is news; the position that is
//! sent with it is for people who listen.

use std::{sync::Arc, time::Duration};

use events::Position;
use sqlx::{PgPool, postgres::PgListener};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{PostgresLogOptions, failure::log_error, readers::Readers, session::answered};
use crate::{LogError, backoff::Backoff, sql::integer};

/// The channel. What is sent is the position that the log has reached.
const CHANNEL: &str = "cinelog_log";

/// How often a listener that hears nothing asks whether its connection is still there.
const ASK_INTERVAL: Duration = Duration::from_secs(10);

/// Announces what this process commits, until the appender ends.
pub(super) async fn announce(mut committed: watch::Receiver<Position>, readers: Readers) {
    while committed.changed().await.is_ok() {
        let position = *committed.borrow_and_update();
        let announced = readers.read(|mut reader| async move {
            sqlx::query("SELECT pg_notify($1, $2::bigint::text)")
                .bind(CHANNEL)
                .bind(integer(position.0)?)
                .execute(&mut *reader)
                .await
                .map(drop)
        });
        if let Err(error) = announced.await {
            tracing::debug!(%error, "a commit was not announced");
        }
    }
}

/// How long a connection that was listened over may take to close.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// Hears what other processes announce, until it is stopped.
pub(super) struct Listener {
    options: PostgresLogOptions,
    news: Arc<watch::Sender<()>>,
}

impl Listener {
    pub(super) fn new(options: &PostgresLogOptions, news: Arc<watch::Sender<()>>) -> Self {
        Self { options: options.clone(), news }
    }

    /// Listens, and connects again where the connection broke.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        while !stop.is_cancelled() {
            if let Err(error) = self.listen(&stop, &mut backoff).await {
                tracing::debug!(%error, "not listening to the event log");
            }
            stop.run_until_cancelled(sleep(backoff.next())).await;
        }
    }

    /// Listens over a connection of its own until that breaks, or it is stopped.
    async fn listen(
        &self,
        stop: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<(), LogError> {
        // sqlx listens over a pool only, and keeps the place of a connection that does not answer: so
        // there is a new one each time.
        let pool = self.options.listening()?;
        let listened = stop.run_until_cancelled(self.hear(&pool, backoff)).await;
        if timeout(CLOSE_MAX, pool.close()).await.is_err() {
            tracing::debug!("a connection that listened to the event log did not close cleanly");
        }
        listened.unwrap_or(Ok(())).map_err(log_error)
    }

    async fn hear(&self, pool: &PgPool, backoff: &mut Backoff) -> Result<(), sqlx::Error> {
        let limit = self.options.statement_timeout;
        let mut listener = PgListener::connect_with(pool).await?;
        listener.eager_reconnect(false);
        answered(limit, listener.listen(CHANNEL)).await?;
        *backoff = Backoff::default();
        // What was announced before anybody listened.
        self.news.send_replace(());
        loop {
            match timeout(ASK_INTERVAL, listener.try_recv()).await {
                Ok(heard) => match heard? {
                    Some(_) => self.news.send_replace(()),
                    None => return Ok(()),
                },
                Err(_silence) => {
                    answered(limit, sqlx::query("SELECT 1").execute(&mut listener)).await?;
                }
            }
        }
    }
}
