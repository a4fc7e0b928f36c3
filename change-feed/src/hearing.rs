//! Hears what anybody has sent, and notices when it cannot. Where it listens is its [`Wire`]'s business.

use std::{pin::pin, sync::Arc, time::Duration};

use read_model::{FeedItem, InProcessChangeFeed};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use crate::{measure, payload};

/// How long to wait after a connection that failed.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Where changes are heard, by one connection after the other.
pub(crate) trait Wire: Send + Sync + 'static {
    /// What listens.
    type Connection: Send + 'static;

    /// One attempt to listen; the reason, where it failed.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, String>> + Send;

    /// The next message; the reason, where there will be none. Who stops waiting loses nothing.
    fn next(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<String, String>> + Send;

    /// Asks the other side for an answer, whatever it says.
    fn ask(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), String>> + Send;
}

/// The task that listens, and hands on what it hears to the subscribers here.
pub(crate) struct Listener<W> {
    pub(crate) wire: W,
    pub(crate) here: Arc<InProcessChangeFeed>,
    /// How long a connection may be silent before it is asked for an answer. Subscribers are told at least so
    /// often while changes may be missed.
    pub(crate) silence_max: Duration,
    /// How long connecting or an answer may take.
    pub(crate) patience: Duration,
}

impl<W: Wire> Listener<W> {
    /// Works without end. `connection` is the first, where there is one already.
    pub(crate) async fn run(self, mut connection: Option<W::Connection>) {
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
    pub(crate) async fn try_connect(&self) -> Option<W::Connection> {
        match timeout(self.patience, self.wire.connect()).await {
            Ok(Ok(connection)) => Some(connection),
            Ok(Err(reason)) => {
                tracing::debug!(reason, "the change feed is not connected");
                None
            }
            Err(_) => None,
        }
    }

    async fn connect(&self) -> W::Connection {
        loop {
            if let Some(connection) = self.try_connect().await {
                return connection;
            }
            sleep(TRY_AGAIN_AFTER).await;
        }
    }

    /// Hands on what is heard, until nothing can be heard any more; gives why.
    async fn listen(&self, connection: &mut W::Connection) -> String {
        loop {
            match timeout(self.silence_max, self.wire.next(connection)).await {
                Ok(Ok(text)) => self.hear(&text),
                Ok(Err(reason)) => return reason,
                Err(_silence) => {
                    if let Err(reason) = self.missing_meanwhile(self.lives(connection)).await {
                        return reason;
                    }
                }
            }
        }
    }

    /// Whether a silent connection still lives: one that answers has told all that it had to tell.
    async fn lives(&self, connection: &mut W::Connection) -> Result<(), String> {
        let answer = timeout(self.patience, self.wire.ask(connection)).await;
        answer.unwrap_or_else(|_| Err(format!("there was no answer within {:?}", self.patience)))
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

    /// A message came.
    fn hear(&self, text: &str) {
        match payload::decode(text) {
            FeedItem::Missed => self.missed(),
            changed => self.here.tell(changed),
        }
    }

    /// Changes may have been missed.
    fn missed(&self) {
        measure::missed();
        self.here.tell(FeedItem::Missed);
    }
}
