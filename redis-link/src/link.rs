//! The link: commands with a deadline, over a connection that may be up or not.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{
    Client, Cmd, FromRedisValue, RedisError, ScriptInvocation,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::{
    sync::{Semaphore, watch},
    task::AbortHandle,
    time::timeout,
};

use crate::{LinkError, RedisLinkOptions, RedisUrlError, keeper, measure::Measure};

/// The way to Redis. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct RedisLink(Arc<Held>);

/// What all clones share. The keeper ends with it.
struct Held {
    inner: Arc<Inner>,
    keeper: AbortHandle,
}

/// What commands and the keeper share.
pub(crate) struct Inner {
    pub(crate) options: RedisLinkOptions,
    pub(crate) client: Client,
    pub(crate) measure: Measure,
    /// `None` while Redis is away.
    connection: RwLock<Option<MultiplexedConnection>>,
    /// How many connections there have been, and whether Redis is away.
    state: watch::Sender<State>,
    /// Commands in a row that were late.
    late: AtomicU32,
    under_way: Semaphore,
}

/// The state of the link.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// How many connections there have been.
    pub(crate) connections: u64,
    /// Why Redis is away; `None` while it is not.
    pub(crate) away: Option<String>,
}

impl RedisLink {
    /// Begins to connect, in the background. Until that is done, Redis counts as away. To be called within a Tokio
    /// runtime.
    ///
    /// # Errors
    /// If the URL is not one of a Redis, or the certificates cannot be read.
    pub fn new(options: RedisLinkOptions) -> Result<Self, RedisUrlError> {
        let inner = Arc::new(Inner {
            client: options.client()?,
            measure: Measure::new(),
            connection: RwLock::new(None),
            state: watch::Sender::new(State {
                connections: 0,
                away: Some("it is not connected yet".to_owned()),
            }),
            late: AtomicU32::new(0),
            under_way: Semaphore::new(options.in_flight_max.max(1)),
            options,
        });
        let keeper = tokio::spawn(keeper::run(Arc::clone(&inner))).abort_handle();
        Ok(Self(Arc::new(Held { inner, keeper })))
    }

    /// What Redis answers to a command.
    ///
    /// # Errors
    /// Any [`LinkError`], within the deadline.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, LinkError> {
        self.query_patiently(command, self.0.inner.options.timeout).await
    }

    /// The same with another deadline, for commands that no request waits for.
    ///
    /// # Errors
    /// Any [`LinkError`], within `patience`.
    pub async fn query_patiently<T: FromRedisValue>(
        &self,
        command: &Cmd,
        patience: Duration,
    ) -> Result<T, LinkError> {
        let ask = |mut connection| async move { command.query_async(&mut connection).await };
        self.0.inner.ask(patience, ask).await
    }

    /// What a script gives. It takes one round trip, and more only when the server does not know the script yet.
    ///
    /// # Errors
    /// Any [`LinkError`], within the deadline.
    pub async fn invoke<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, LinkError> {
        let ask = |mut connection| async move { script.invoke_async(&mut connection).await };
        self.0.inner.ask(self.0.inner.options.timeout, ask).await
    }

    /// A connection of its own to subscribe on. It may take as long as connecting may.
    ///
    /// # Errors
    /// If Redis cannot be reached in time.
    pub async fn subscriber(&self) -> Result<PubSub, LinkError> {
        let inner = &self.0.inner;
        match timeout(inner.options.connect_timeout, inner.client.get_async_pubsub()).await {
            Ok(connected) => connected.map_err(|error| LinkError::of(&error)),
            Err(_) => Err(LinkError::Late),
        }
    }

    /// Whether Redis answers in time, as far as is known.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.0.inner.state.borrow().away.is_none()
    }

    /// Waits until Redis is up, or away.
    pub async fn becomes(&self, up: bool) {
        let mut state = self.0.inner.state.subscribe();
        // It cannot fail: the sender lives as long as this link.
        let _ = state.wait_for(|state| state.away.is_none() == up).await;
    }

    /// Why Redis is away; `None` while it is not.
    #[must_use]
    pub fn away(&self) -> Option<String> {
        self.0.inner.state.borrow().away.clone()
    }
}

impl Inner {
    /// Asks something once, with `patience` as its deadline.
    pub(crate) async fn ask<T, F: Future<Output = Result<T, RedisError>>>(
        &self,
        patience: Duration,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, LinkError> {
        let Some((number, connection)) = self.current() else {
            return self.told(Err(LinkError::Away), None);
        };
        let Ok(_place) = self.under_way.try_acquire() else {
            return self.told(Err(LinkError::Busy), None);
        };
        let started = Instant::now();
        let result = match timeout(patience, ask(connection)).await {
            Ok(answered) => answered.map_err(|error| LinkError::of(&error)),
            Err(_) => Err(LinkError::Late),
        };
        match &result {
            Ok(_) | Err(LinkError::Refused(_)) => self.late.store(0, Ordering::Relaxed),
            Err(LinkError::Late) => {
                if self.late.fetch_add(1, Ordering::Relaxed) + 1 >= self.options.late_max.max(1) {
                    self.lose(number, "it does not answer in time");
                }
            }
            Err(lost) => self.lose(number, &lost.to_string()),
        }
        self.told(result, Some(started.elapsed()))
    }

    /// The connection, if there is one, and its number.
    fn current(&self) -> Option<(u64, MultiplexedConnection)> {
        let connection = self.connection.read().unwrap_or_else(PoisonError::into_inner);
        let connection = connection.as_ref()?.clone();
        Some((self.state.borrow().connections, connection))
    }

    /// From now on commands go over this connection.
    pub(crate) fn take_up(&self, connection: MultiplexedConnection) {
        let mut place = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        *place = Some(connection);
        self.late.store(0, Ordering::Relaxed);
        self.state.send_modify(|state| {
            state.connections += 1;
            state.away = None;
        });
        self.measure.up(true);
    }

    /// From now on commands fail at once; unless another connection has taken the place of this one already.
    fn lose(&self, number: u64, reason: &str) {
        let mut place = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        let is_this = place.is_some() && self.state.borrow().connections == number;
        if is_this {
            *place = None;
            self.measure.up(false);
            self.stays_away(reason);
        }
    }

    /// Redis is away for this reason.
    pub(crate) fn stays_away(&self, reason: &str) {
        self.state.send_modify(|state| state.away = Some(reason.to_owned()));
    }

    /// How the link is, from now on.
    pub(crate) fn states(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    fn told<T>(
        &self,
        result: Result<T, LinkError>,
        took: Option<Duration>,
    ) -> Result<T, LinkError> {
        self.measure.command(&result, took);
        result
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLink")
            .field("options", &self.0.inner.options)
            .field("is_up", &self.is_up())
            .finish_non_exhaustive()
    }
}
