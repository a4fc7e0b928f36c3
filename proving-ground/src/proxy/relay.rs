//! What all connections share, and how one is served.

use std::{
    cell::RefCell,
    io,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    time::timeout,
};

use super::{CONNECT_SECONDS_MAX, watcher::Watcher};

const CHUNK_BYTES: usize = 16 * 1024;

/// What has been asked of the proxy.
pub(super) struct Shared {
    server: SocketAddr,
    accepted: AtomicU64,
    generation: Mutex<Generation>,
    paused: watch::Sender<bool>,
    client_bytes_left: Mutex<Option<u64>>,
    swallow: Mutex<Option<Vec<u8>>>,
    pub(super) swallowed: watch::Sender<u64>,
}

/// The connections that the next cut will close. Each holds on to both until it is closed.
struct Generation {
    cut: watch::Sender<bool>,
    alive: mpsc::Sender<()>,
    all_gone: mpsc::Receiver<()>,
}

impl Generation {
    fn new() -> Self {
        let (alive, all_gone) = mpsc::channel();
        Self { cut: watch::Sender::new(false), alive, all_gone }
    }
}

/// A connection must be closed: it was cut, or an end of it has gone.
struct Closed;

impl From<io::Error> for Closed {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl Shared {
    pub(super) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            accepted: AtomicU64::new(0),
            generation: Mutex::new(Generation::new()),
            paused: watch::Sender::new(false),
            client_bytes_left: Mutex::new(None),
            swallow: Mutex::new(None),
            swallowed: watch::Sender::new(0),
        }
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(super) fn pause(&self, pause: bool) {
        self.paused.send_replace(pause);
    }

    pub(super) fn cut_after_client_bytes(&self, count: u64) {
        *self.client_bytes_left.lock().expect("nobody panics with it") = Some(count);
    }

    pub(super) fn swallow_answer_to(&self, text: &str) {
        assert!(!text.is_empty(), "every statement contains an empty text");
        *self.swallow.lock().expect("nobody panics with it") = Some(text.into());
    }

    /// Closes all connections, and returns when they are.
    pub(super) fn cut(&self) {
        let mut current = self.generation.lock().expect("nobody panics with it");
        let old = std::mem::replace(&mut *current, Generation::new());
        drop(current);
        old.cut.send_replace(true);
        drop(old.alive);
        // An error: nobody holds the other end any more.
        let _ = old.all_gone.recv();
    }

    /// Serves a connection to its end.
    pub(super) async fn serve(&self, mut client: TcpStream) {
        let (mut cut, _alive) = self.belong();
        self.accepted.fetch_add(1, Ordering::SeqCst);
        let passing = async {
            self.goes_on().await;
            let connecting = timeout(CONNECT_SECONDS_MAX, TcpStream::connect(self.server));
            let Ok(Ok(mut server)) = connecting.await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let connection = Connection {
                shared: self,
                watcher: RefCell::new(Watcher::new()),
                swallowing: RefCell::new(false),
            };
            let (client_reads, client_writes) = client.split();
            let (server_reads, server_writes) = server.split();
            tokio::select! {
                _ = connection.to_server(client_reads, server_writes) => {}
                _ = connection.to_client(server_reads, client_writes) => {}
            }
        };
        tokio::select! {
            () = passing => {}
            _ = cut.wait_for(|cut| *cut) => {}
        }
    }

    /// Makes a connection one of those that the next cut closes.
    fn belong(&self) -> (watch::Receiver<bool>, mpsc::Sender<()>) {
        let generation = self.generation.lock().expect("nobody panics with it");
        (generation.cut.subscribe(), generation.alive.clone())
    }

    async fn goes_on(&self) {
        let mut paused = self.paused.subscribe();
        // An error: the proxy is gone, and so is the pause.
        let _ = paused.wait_for(|paused| !paused).await;
    }

    /// How many of the next `wanted` bytes of clients may pass, and whether the connection ends with them.
    fn client_bytes(&self, wanted: usize) -> (usize, bool) {
        let mut left = self.client_bytes_left.lock().expect("nobody panics with it");
        let Some(count) = *left else { return (wanted, false) };
        if count <= wanted as u64 {
            *left = None;
            return (count as usize, true);
        }
        *left = Some(count - wanted as u64);
        (wanted, false)
    }
}

/// One connection.
struct Connection<'a> {
    shared: &'a Shared,
    watcher: RefCell<Watcher>,
    swallowing: RefCell<bool>,
}

impl Connection<'_> {
    async fn to_server(&self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Closed> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = from.read(&mut chunk).await?;
            if count == 0 {
                return Err(Closed);
            }
            self.shared.goes_on().await;
            let (count, last) = self.shared.client_bytes(count);
            self.look_for_statement(&chunk[..count]);
            to.write_all(&chunk[..count]).await?;
            if last {
                return Err(Closed);
            }
        }
    }

    fn look_for_statement(&self, bytes: &[u8]) {
        let mut wanted = self.shared.swallow.lock().expect("nobody panics with it");
        if self.watcher.borrow_mut().client_sends(bytes, wanted.as_deref()) {
            *wanted = None;
            *self.swallowing.borrow_mut() = true;
        }
    }

    async fn to_client(&self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Closed> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = from.read(&mut chunk).await?;
            if count == 0 {
                return Err(Closed);
            }
            self.shared.goes_on().await;
            let answered = self.watcher.borrow_mut().server_sends(&chunk[..count]);
            if !*self.swallowing.borrow() {
                to.write_all(&chunk[..count]).await?;
            } else if answered {
                self.shared.swallowed.send_modify(|swallowed| *swallowed += 1);
                return Err(Closed);
            }
        }
    }
}
