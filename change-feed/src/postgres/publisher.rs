//! Sends what is published: in order, and several changes at a time if several wait.

use std::time::Duration;

use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::time::{sleep, timeout};

use super::CHANNEL;
use crate::{local_end::Outgoing, measure, payload::MISSED};

/// The most notifications in one statement.
const SENT_TOGETHER_MAX: usize = 64;

/// How long to wait after the first failure; twice as long after each further one.
const BACKOFF: Duration = Duration::from_millis(50);

/// The longest wait.
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// The task that sends.
pub(super) struct Publisher {
    options: PgConnectOptions,
    patience: Duration,
    outgoing: Outgoing,
    connection: Option<PgConnection>,
    backoff: Duration,
}

impl Publisher {
    pub(super) fn new(options: PgConnectOptions, patience: Duration, outgoing: Outgoing) -> Self {
        Self { options, patience, outgoing, connection: None, backoff: BACKOFF }
    }

    /// Works until nobody can publish any more.
    pub(super) async fn run(mut self) {
        let mut payloads = Vec::with_capacity(SENT_TOGETHER_MAX);
        loop {
            payloads.clear();
            let changes = tokio::select! {
                biased;
                () = self.outgoing.owed.notified() => {
                    payloads.push(MISSED.to_owned());
                    // The changes that it stands for were counted before.
                    0
                }
                received = self.outgoing.waiting.recv_many(&mut payloads, SENT_TOGETHER_MAX) => {
                    if received == 0 {
                        return;
                    }
                    received
                }
            };
            match self.send(&payloads).await {
                Ok(()) => self.backoff = BACKOFF,
                Err(reason) => self.failed(&reason, changes).await,
            }
        }
    }

    /// Postgres may have sent the changes or not. They are not sent again, since they would come out of order.
    async fn failed(&mut self, reason: &str, changes: usize) {
        self.connection = None;
        measure::unsent(changes);
        self.outgoing.owed.notify_one();
        if self.backoff == BACKOFF {
            tracing::warn!(
                reason,
                "changes cannot be told to other processes, which look for them"
            );
        }
        sleep(self.backoff).await;
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
    }

    async fn send(&mut self, payloads: &[String]) -> Result<(), String> {
        let sending = async {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.options.connect().await?,
            };
            sqlx::query("SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload")
                .bind(CHANNEL)
                .bind(payloads)
                .execute(&mut connection)
                .await?;
            Ok::<_, sqlx::Error>(connection)
        };
        match timeout(self.patience, sending).await {
            Ok(Ok(connection)) => {
                self.connection = Some(connection);
                Ok(())
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("there was no answer within {:?}", self.patience)),
        }
    }
}
