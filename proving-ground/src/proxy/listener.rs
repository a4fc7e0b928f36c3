//! Takes connections on one port, which stays the proxy's while it refuses them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, mpsc},
};

use socket2::{Domain, Socket, Type};
use tokio::{net::TcpListener, runtime, sync::watch, task::LocalSet};

use super::relay::Shared;

/// How many connections may wait to be taken.
const BACKLOG: i32 = 128;

/// Whether the listener listens, as seen from outside its thread.
pub(super) struct Listening {
    wanted: watch::Sender<bool>,
    /// The listener's word that it did what was wanted.
    done: Mutex<mpsc::Receiver<SocketAddr>>,
}

impl Listening {
    pub(super) fn new(wanted: watch::Sender<bool>, done: mpsc::Receiver<SocketAddr>) -> Self {
        Self { wanted, done: Mutex::new(done) }
    }

    /// Returns when it is so.
    pub(super) fn set(&self, listen: bool) {
        let done = self.done.lock().expect("nobody panics with it");
        let changed =
            self.wanted.send_if_modified(|wanted| std::mem::replace(wanted, listen) != listen);
        if changed {
            done.recv().expect("the listener goes on");
        }
    }
}

/// Runs until nobody can wish for anything any more.
pub(super) fn run(
    shared: &Arc<Shared>,
    mut wanted: watch::Receiver<bool>,
    done: &mpsc::Sender<SocketAddr>,
) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        // Holds the port without listening on it.
        let keeper = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address =
            keeper.local_addr().expect("it is bound").as_socket().expect("it is an address");
        loop {
            let listener = listen(address);
            let _ = done.send(address);
            if accept_while(&listener, shared, &mut wanted).await.is_err() {
                return;
            }
            drop(listener);
            let _ = done.send(address);
            if wanted.wait_for(|wanted| *wanted).await.is_err() {
                return;
            }
        }
    });
}

async fn accept_while(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    wanted: &mut watch::Receiver<bool>,
) -> Result<(), watch::error::RecvError> {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (client, _) = accepted.expect("connections can be taken");
                let shared = Arc::clone(shared);
                tokio::task::spawn_local(async move { shared.serve(client).await });
            }
            unwanted = wanted.wait_for(|wanted| !wanted) => return unwanted.map(drop),
        }
    }
}

fn socket(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_port(true).expect("a port can be shared");
    socket.bind(&address.into()).expect("it can be bound");
    socket
}

fn listen(address: SocketAddr) -> TcpListener {
    let socket = socket(address);
    socket.listen(BACKLOG).expect("it can listen");
    socket.set_nonblocking(true).expect("it need not block");
    TcpListener::from_std(socket.into()).expect("it can be waited for")
}
