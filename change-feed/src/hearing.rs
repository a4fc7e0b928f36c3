//! Hears what other processes have sent, and notices when it cannot. The [`Wire`] knows how to listen.

use std::{pin::pin, sync::Arc, time::Duration};

use read_model::{FeedItem, InProcessChangeFeed};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use crate::{measure, payload};

/// How long to wait after a connection that failed.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// How changes are heard, over one connection at a time. The errors are reasons, for the log.
pub(crate) trait Wire: Send + Sync + 'static {
    /// A connection that listens.
    type Connection: Send + 'static;

    /// One attempt to listen.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, String>> + Send;

    /// The next message. If the future is dropped, no message is lost.
    fn next(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<String, String>> + Send;

    /// Waits for any answer of the other side.
    fn ask(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), String>> + Send;
}

/// The task that listens, and hands on what it hears to the subscribers here.
pub(crate) struct Listener<W> {
    pub(crate) wire: W,
    pub(crate) here: Arc<InProcessChangeFeed>,
    /// How long a connection may be silent before it is asked for an answer. While changes may be missed, subscribers
    /// are told so at least this often.
    pub(crate) silence_max: Duration,
    /// How long connecting or an answer may take.
    pub(crate) patience: Duration,
}

impl<W: Wire> Listener<W> {
    /// Works without end. `connection` is the first one, if there is one already.
    pub(crate) async fn run(self, mut connection: Option<W::Connection>) {
        loop {
            let mut listening = match connection.take() {
                Some(first) => first,
                None => {
                    let listening = self.missing_meanwhile(self.connect()).await;
                    // What was sent before is lost. From here on nothing is.
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

    /// Hands on what is heard, until nothing can be heard any more. Gives the reason.
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

    /// Whether a silent connection still lives. If it answers, it has delivered everything before.
    async fn lives(&self, connection: &mut W::Connection) -> Result<(), String> {
        let answer = timeout(self.patience, self.wire.ask(connection)).await;
        answer.unwrap_or_else(|_| Err(format!("there was no answer within {:?}", self.patience)))
    }

    /// Waits for something. If that takes long, subscribers are told again and again that changes may have been
    /// missed, since what they have remembered meanwhile may be out of date too.
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
