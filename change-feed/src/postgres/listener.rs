//! Hears what anybody has sent, and notices when it cannot.

use std::{pin::pin, sync::Arc, time::Duration};

use read_model::{FeedItem, InProcessChangeFeed};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use super::{CHANNEL, PostgresChangeFeedOptions, payload};
use crate::measure;

/// How long to wait after a connection that failed.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// The task that listens.
pub(super) struct Listener {
    options: PgConnectOptions,
    silence_max: Duration,
    patience: Duration,
    here: Arc<InProcessChangeFeed>,
}

impl Listener {
    pub(super) fn new(
        options: PgConnectOptions,
        limits: &PostgresChangeFeedOptions,
        here: Arc<InProcessChangeFeed>,
    ) -> Self {
        Self { options, silence_max: limits.silence_max, patience: limits.patience, here }
    }

    /// Works without end. `connection` is the first, where there is one already.
    pub(super) async fn run(self, mut connection: Option<PgListener>) {
        loop {
            let mut listening = match connection.take() {
                Some(first) => first,
                None => {
                    let listening = self.missing_meanwhile(self.connect()).await;
                    // What was sent before is lost; from here on nothing is.
                    self.missed();
                    tracing::info!("changes of other processes are heard again");
                    listening
                }
            };
            measure::listening(true);
            let reason = self.listen(&mut listening).await;
            measure::listening(false);
            self.missed();
            tracing::warn!(
                reason,
                "changes of other processes are not heard any more, trying again"
            );
        }
    }

    /// One attempt to listen.
    pub(super) async fn try_connect(&self) -> Option<PgListener> {
        let connecting = async {
            // A pool since sqlx listens through one; it has this connection and no other.
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .acquire_timeout(self.patience)
                .connect_lazy_with(self.options.clone());
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        match timeout(self.patience, connecting).await {
            Ok(Ok(listener)) => Some(listener),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the change feed is not connected");
                None
            }
            Err(_) => None,
        }
    }

    async fn connect(&self) -> PgListener {
        loop {
            if let Some(listener) = self.try_connect().await {
                return listener;
            }
            sleep(TRY_AGAIN_AFTER).await;
        }
    }

    /// Hands on what is heard, until nothing can be heard any more; gives why.
    async fn listen(&self, connection: &mut PgListener) -> String {
        loop {
            match timeout(self.silence_max, connection.try_recv()).await {
                Ok(Ok(Some(heard))) => self.hear(heard.payload()),
                Ok(Ok(None)) => return "the connection was closed".to_owned(),
                Ok(Err(error)) => return error.to_string(),
                Err(_silence) => {
                    if let Err(reason) = self.missing_meanwhile(self.lives(connection)).await {
                        return reason;
                    }
                }
            }
        }
    }

    /// Whether a silent connection still lives: one that answers has told all that it had to tell.
    async fn lives(&self, connection: &mut PgListener) -> Result<(), String> {
        let asking = sqlx::raw_sql("SELECT 1").execute(connection);
        match timeout(self.patience, asking).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("there was no answer within {:?}", self.patience)),
        }
    }

    /// Waits for something, and tells again and again that changes may have been missed where that takes
    /// long: whatever the subscribers have remembered since the last time may be out of date too.
    async fn missing_meanwhile<T>(&self, waiting: impl Future<Output = T>) -> T {
        let mut waiting = pin!(waiting);
        let mut ticks = interval_at(Instant::now() + self.silence_max, self.silence_max);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                done = &mut waiting => return done,
                _ = ticks.tick() => self.missed(),
            }
        }
    }

    fn hear(&self, text: &str) {
        match payload::decode(text) {
            FeedItem::Missed => self.missed(),
            changed => self.here.tell(changed),
        }
    }

    fn missed(&self) {
        measure::missed();
        self.here.tell(FeedItem::Missed);
    }
}
