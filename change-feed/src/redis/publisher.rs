//! Sends what is published, in order.

use std::time::Duration;

use redis_link::{LinkError, RedisLink};
use tokio::time::{sleep, timeout};

use crate::{local_end::Outgoing, measure, payload::MISSED};

/// How long to wait after a failure.
const BACKOFF: Duration = Duration::from_millis(100);

/// The task that sends.
pub(super) struct Publisher {
    pub(super) link: RedisLink,
    pub(super) channel: String,
    pub(super) patience: Duration,
    pub(super) outgoing: Outgoing,
}

impl Publisher {
    /// Works until nobody can publish any more.
    pub(super) async fn run(mut self) {
        let mut is_told = false;
        loop {
            let (payload, changes) = tokio::select! {
                biased;
                // The changes that it stands for were counted before.
                () = self.outgoing.owed.notified() => (MISSED.to_owned(), 0),
                payload = self.outgoing.waiting.recv() => match payload {
                    Some(payload) => (payload, 1),
                    None => return,
                },
            };
            match self.send(&payload).await {
                Ok(()) => is_told = false,
                // Redis may have sent it or not. It is not sent again, since it would come out of order.
                Err(reason) => {
                    measure::unsent(changes);
                    self.outgoing.owed.notify_one();
                    if !is_told {
                        tracing::warn!(
                            %reason,
                            "changes cannot be told to other processes, which look for them"
                        );
                    }
                    is_told = true;
                    sleep(BACKOFF).await;
                }
            }
        }
    }

    /// Sends a message, once Redis is there.
    async fn send(&self, payload: &str) -> Result<(), LinkError> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&self.channel).arg(payload);
        let sending = async {
            self.link.becomes(true).await;
            self.link.query_patiently::<u64>(&publish, self.patience).await
        };
        match timeout(self.patience, sending).await {
            Ok(sent) => sent.map(drop),
            Err(_) => Err(LinkError::Late),
        }
    }
}
