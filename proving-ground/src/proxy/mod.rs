//! A TCP proxy that does to connections what networks do.

mod frames;
mod listener;
mod relay;
mod watcher;

use std::{
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::{net::lookup_host, sync::watch, time::timeout};

use crate::{PATIENCE, url};
use listener::Listening;
use relay::Shared;

/// Passes on what goes between clients and one server, until it is told otherwise. It runs in a thread
/// of its own: a test that waits does not hold it up. It ends when dropped, with its connections.
pub struct CuttingProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Listening,
}

impl CuttingProxy {
    /// Stands before `address`: `host:port`, or a URL that has one.
    ///
    /// # Panics
    ///
    /// If `address` has no port or cannot be resolved.
    pub async fn to(address: &str) -> Self {
        let server = lookup_host(url::address(address)).await.expect("it is `host:port`").next();
        let shared = Arc::new(Shared::new(server.expect("it resolves")));
        let (ready, told) = mpsc::channel();
        let (wanted, wishes) = watch::channel(true);
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || listener::run(&for_thread, wishes, &ready));
        let address = told.recv().expect("it starts");
        Self { address, shared, listening: Listening::new(wanted, told) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `url`, but through this proxy.
    pub fn url_for(&self, url: &str) -> String {
        url::with_address(url, &self.address.to_string())
    }

    /// How many connections have been made through it.
    pub fn connections(&self) -> u64 {
        self.shared.accepted()
    }

    /// Closes all connections, and returns when they are. New ones may be made.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// Whether new connections are refused, as by a machine on which nothing listens. Those there are
    /// stay.
    pub fn refuse(&self, refuse: bool) {
        self.listening.set(!refuse);
    }

    /// Whether nothing is passed on, either way. Connections stay open and new ones are taken.
    pub fn pause(&self, pause: bool) {
        self.shared.pause(pause);
    }

    /// Passes on `count` more bytes from clients, counted together, and closes the connection that they
    /// came on after the last.
    pub fn cut_after_client_bytes(&self, count: u64) {
        self.shared.cut_after_client_bytes(count);
    }

    /// For Postgres without TLS: the next statement that contains `text` reaches the server and is
    /// carried out; its answer never comes back, since then the connection is closed. For any statement
    /// but `COPY … FROM STDIN`, prepared or not.
    pub fn swallow_answer_to(&self, text: &str) {
        self.shared.swallow_answer_to(text);
    }

    /// How many answers were swallowed.
    pub fn swallowed(&self) -> u64 {
        *self.shared.swallowed.borrow()
    }

    /// Waits until `count` answers were swallowed.
    ///
    /// # Panics
    ///
    /// If they are not, for a minute.
    pub async fn has_swallowed(&self, count: u64) {
        let mut swallowed = self.shared.swallowed.subscribe();
        let waited = timeout(PATIENCE, swallowed.wait_for(|swallowed| *swallowed >= count)).await;
        assert!(matches!(waited, Ok(Ok(_))), "{count} answers are swallowed in time");
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        // The listener ends with the sender of its wishes; connections are closed here.
        self.shared.cut();
    }
}

/// How long it waits for the server, before it gives up on a connection.
const CONNECT_SECONDS_MAX: Duration = Duration::from_secs(10);
