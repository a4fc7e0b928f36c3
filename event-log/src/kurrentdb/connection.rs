//! The connection: the client, how long a call may take, how often it is made, and what replaces a
//! client that has stopped working.
//!
//! A call that fails for a while is made again, a bounded number of times. So only what may safely
//! happen twice is called this way: reads, and writes that the server recognises.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use eventstore::{Client, ClientSettings};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    KurrentLogOptions,
    failure::{self, Failure},
};
use crate::{LogError, backoff::Backoff};

/// How much longer to wait for an answer than the server was given: it says so itself where it can.
const GRACE: Duration = Duration::from_millis(500);

/// After so many failures in a row another client is made, which looks for the nodes of a cluster
/// afresh. The client stays with a node that is gone.
const FAILURES_UNTIL_REPLACED: u32 = 3;

/// Clones are the same connection.
#[derive(Clone)]
pub(super) struct Connection {
    settings: ClientSettings,
    current: Arc<Mutex<Current>>,
    /// How long one call may take.
    pub(super) deadline: Duration,
    attempts_max: u32,
    stop: CancellationToken,
}

struct Current {
    client: Client,
    /// Which client it is, so that one failure that many callers met replaces it once.
    number: u64,
    failures: u32,
}

impl Connection {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] where the URL cannot be read, or a file that it names.
    pub(super) fn new(
        options: &KurrentLogOptions,
        stop: CancellationToken,
    ) -> Result<Self, LogError> {
        // What cannot be read is not repeated: there may be a password in it.
        let unreadable =
            |_| LogError::Unavailable("the URL of KurrentDB cannot be read".to_owned());
        let settings: ClientSettings = options.url.parse().map_err(unreadable)?;
        let client = client(&settings)?;
        Ok(Self {
            settings,
            current: Arc::new(Mutex::new(Current { client, number: 0, failures: 0 })),
            deadline: options.deadline,
            attempts_max: options.attempts_max.max(1),
            stop,
        })
    }

    /// Calls, and calls again while that may help.
    pub(super) async fn call<T, Answer>(
        &self,
        call: impl Fn(Client) -> Answer,
    ) -> Result<T, Failure>
    where
        Answer: Future<Output = eventstore::Result<T>>,
    {
        let (mut failures, mut backoff) = (0, Backoff::default());
        loop {
            match self.call_once(&call).await {
                Err(Failure::Transient { reason, is_client_dead }) => {
                    failures += 1;
                    if failures >= self.attempts_max || self.stop.is_cancelled() {
                        return Err(Failure::Transient { reason, is_client_dead });
                    }
                    tracing::debug!(failures, reason, "a call to KurrentDB is made again");
                    self.pause(backoff.next()).await;
                }
                known => return known,
            }
        }
    }

    /// Calls once.
    pub(super) async fn call_once<T, Answer>(
        &self,
        call: impl Fn(Client) -> Answer,
    ) -> Result<T, Failure>
    where
        Answer: Future<Output = eventstore::Result<T>>,
    {
        if self.stop.is_cancelled() {
            return Err(closed());
        }
        let (number, client) = self.client();
        let result = match timeout(self.deadline + GRACE, call(client)).await {
            Ok(result) => result.map_err(failure::of),
            Err(_elapsed) => Err(Failure::Transient {
                reason: format!("no answer within {:?}", self.deadline),
                is_client_dead: false,
            }),
        };
        match &result {
            Err(Failure::Transient { is_client_dead, .. }) => self.failed(number, *is_client_dead),
            _ => self.succeeded(number),
        }
        result
    }

    /// Whether the log was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until the log is closed.
    pub(super) async fn closed(&self) {
        self.stop.cancelled().await;
    }

    /// Waits before another attempt; not after the log was closed.
    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = sleep(wait) => {}
            () = self.stop.cancelled() => {}
        }
    }

    fn client(&self) -> (u64, Client) {
        let current = self.current();
        (current.number, current.client.clone())
    }

    fn succeeded(&self, number: u64) {
        let mut current = self.current();
        if current.number == number {
            current.failures = 0;
        }
    }

    fn failed(&self, number: u64, is_client_dead: bool) {
        let mut current = self.current();
        if current.number != number {
            return;
        }
        current.failures += 1;
        let is_cluster =
            self.settings.hosts().len() > 1 || self.settings.is_dns_discovery_enabled();
        let is_stuck = is_cluster && current.failures >= FAILURES_UNTIL_REPLACED;
        if !is_client_dead && !is_stuck {
            return;
        }
        match client(&self.settings) {
            Ok(client) => *current = Current { client, number: number + 1, failures: 0 },
            Err(error) => tracing::warn!(%error, "KurrentDB's client could not be made anew"),
        }
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        // What is in there is right at every moment, whoever panicked.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client(settings: &ClientSettings) -> Result<Client, LogError> {
    let unusable = |error| LogError::Unavailable(format!("KurrentDB's client: {error}"));
    Client::new(settings.clone()).map_err(unusable)
}

fn closed() -> Failure {
    Failure::Transient { reason: "the log is closed".to_owned(), is_client_dead: false }
}
