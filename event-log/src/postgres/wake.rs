//! Waking the subscriptions of other processes, and being woken by them. Nothing relies on it: what was
//! not heard of is found by looking, at [`super::PostgresLogOptions::poll_interval`].
//!
//! A commit is announced after it, not in it. Postgres lets commits that notify through one at a time in the
//! whole cluster, so announcing in the commit would make appends wait for whoever else notifies. And many
//! commits in a row are announced as one.

use std::{sync::Arc, time::Duration};

use events::Position;
use sqlx::{PgPool, postgres::PgListener};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    PostgresLogOptions,
    read::HEAD,
    readers::Readers,
    row::{integer, number},
    session::answered,
};
use crate::{LogError, backoff::Backoff, group_commit::reached};

/// The channel. What is sent is the position that the log has reached.
const CHANNEL: &str = "cinelog_log";

/// How often a listener that hears nothing asks whether its connection is still there.
const ASK_INTERVAL: Duration = Duration::from_secs(10);

/// Announces what this process commits, until the appender ends.
pub(super) async fn announce(mut committed: watch::Receiver<Position>, readers: Readers) {
    while committed.changed().await.is_ok() {
        let position = *committed.borrow_and_update();
        let announced = readers.read(|pool| async move {
            sqlx::query("SELECT pg_notify($1, $2::bigint::text)")
                .bind(CHANNEL)
                .bind(integer(position.0)?)
                .execute(&pool)
                .await
                .map(drop)
        });
        if let Err(error) = announced.await {
            tracing::debug!(%error, "a commit was not announced");
        }
    }
}

/// Hears what other processes announce, until it is stopped.
pub(super) struct Listener {
    pool: PgPool,
    statement_timeout: Duration,
    head: Arc<watch::Sender<Position>>,
}

impl Listener {
    pub(super) fn new(
        options: &PostgresLogOptions,
        head: Arc<watch::Sender<Position>>,
    ) -> Result<Self, LogError> {
        let statement_timeout = options.statement_timeout;
        Ok(Self { pool: options.pool(1)?, statement_timeout, head })
    }

    /// Listens, and connects again where the connection broke.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        let listening = async {
            loop {
                match self.listen(&mut backoff).await {
                    Ok(()) => {}
                    Err(error) => tracing::debug!(%error, "not listening to the event log"),
                }
                sleep(backoff.next()).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = listening => {}
        }
        self.pool.close().await;
    }

    /// Listens over one connection until that breaks.
    async fn listen(&self, backoff: &mut Backoff) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.eager_reconnect(false);
        answered(self.statement_timeout, listener.listen(CHANNEL)).await?;
        *backoff = Backoff::default();
        // What was announced before anybody listened.
        let missed = sqlx::query_scalar(HEAD).fetch_one(&mut listener);
        let missed: i64 = answered(self.statement_timeout, missed).await?;
        reached(&self.head, Position(number(missed)?));
        loop {
            match timeout(ASK_INTERVAL, listener.try_recv()).await {
                Ok(heard) => match heard? {
                    Some(heard) => self.heard(heard.payload()),
                    None => return Ok(()),
                },
                Err(_silence) => {
                    let ask = sqlx::query("SELECT 1").execute(&mut listener);
                    answered(self.statement_timeout, ask).await?;
                }
            }
        }
    }

    /// What is no number was sent by somebody else.
    fn heard(&self, payload: &str) {
        if let Ok(position) = payload.parse() {
            reached(&self.head, Position(position));
        }
    }
}
