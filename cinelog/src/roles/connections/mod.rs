//! Connections: accepted up to a number, bounded in how slowly they may speak and listen, finished or cut
//! off when the server stops. Knows nothing of what is served.
//!
//! - [`places`]: how many there are, and which one is closed where there are too many.
//! - [`framing`]: where requests begin and end, and which of them cannot be read without doubt;
//!   [`request_line`]: the first line of each.
//! - [`wire`]: the bytes on their way to and from hyper; [`credit`]: for how long a client is waited for.
//! - [`served`]: what is put on requests and taken from answers on their way to and from the service.

mod credit;
mod framing;
mod places;
mod request_line;
mod served;
mod state;
mod wire;

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::response::Response;
use http::Request;
use http_kit::{Peer, TrustedProxies};
use hyper::server::conn::http1;
use hyper_util::{
    rt::TokioIo,
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use metrics::{counter, describe_counter};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use self::{
    credit::Terms,
    framing::HEAD_BYTES_MAX,
    places::{Entry, Place, Places},
    served::{Received, served},
    wire::Wire,
};
use crate::{config::ServerConfig, error::Failure, tls::Tls};

/// Connections on which TLS could not be made.
const HANDSHAKES_FAILED: &str = "cinelog_tls_handshakes_failed_total";

/// How long to wait after the system gave no connection, for want of descriptors mostly; and how often it is
/// looked whether a place is free, where there is none.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The lowest rate at which a client may take an answer that is larger than what the system keeps for it, in
/// bytes a second.
const TAKING_RATE_MIN: u64 = 1024;

/// A client that has taken much may take nothing for so many times as long as one that has not.
const TAKING_MOST: u32 = 10;

/// A client that has sent much of a body may send nothing for so long.
const SENDING_MOST: Duration = Duration::from_secs(60);

/// What connections are bounded by.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    /// How many there are at once; more are accepted where others are not used, and else wait.
    pub(super) connections: usize,
    /// How many of them one client may have.
    pub(super) per_client: usize,
    /// These may have any number.
    pub(super) proxies: TrustedProxies,
    pub(super) patience: Patience,
}

/// For how long clients are waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// The head of a request, from its first byte on; of the first request, from the connection on.
    head: Duration,
    /// The next request.
    keep_alive: Duration,
    /// More of a body.
    sending: Terms,
    /// That it takes more of an answer.
    taking: Terms,
    /// That it takes anything, as the system sees it.
    write: Duration,
}

impl Patience {
    pub(super) fn of(config: &ServerConfig) -> Self {
        let (grace, write) = (config.body_grace, config.write_timeout);
        Self {
            head: config.head_timeout,
            keep_alive: config.keep_alive_timeout,
            sending: Terms { at_first: grace, rate_min: config.body_rate_min, most: SENDING_MOST },
            taking: Terms { at_first: write, rate_min: TAKING_RATE_MIN, most: write * TAKING_MOST },
            write,
        }
    }
}

/// Serves connections within `limits`, by TLS where there is one. At `stop` no more are taken and requests under
/// way are finished; at `cut` those that are not are cut off.
pub(super) async fn serve<S>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    tls: Option<Tls>,
    stop: CancellationToken,
    cut: CancellationToken,
) -> Result<(), Failure>
where
    S: Service<Request<Received>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    describe_counter!(HANDSHAKES_FAILED, "Connections on which TLS could not be made, by reason.");
    let mut http = http1::Builder::new();
    // Heads are waited for, and bounded, before hyper sees them.
    http.header_read_timeout(None::<Duration>).max_buf_size(HEAD_BYTES_MAX + 1024);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Places::new(limits.connections, limits.per_client, limits.proxies));
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, limits.patience.write) => accepted,
        };
        // Not in the branch above: another connection's end would drop this one, which waits for just that.
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = place_for(peer, &places) => place,
        };
        let Some(place) = place else { continue };
        let connection = Connection {
            http: http.clone(),
            service: service.clone(),
            patience: limits.patience,
            peer,
            watcher: graceful.watcher(),
        };
        connections.spawn(connection.run(stream, place, tls.clone()));
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = cut.cancelled() => connections.abort_all(),
    }
    Ok(())
}

/// A connection that has a place.
struct Connection<S> {
    http: http1::Builder,
    service: S,
    patience: Patience,
    peer: Peer,
    watcher: Watcher,
}

impl<S> Connection<S>
where
    S: Service<Request<Received>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    /// Serves it to its end, or until its place is given to another.
    async fn run(self, stream: TcpStream, place: Place, tls: Option<Tls>) {
        let closed = place.state.closed.clone();
        let served = async {
            match tls {
                None => self.serve(stream, &place).await,
                Some(tls) => {
                    place.shakes_hands();
                    let shaken = tls.acceptor().accept(stream);
                    let shaken = timeout(tls.handshake_timeout, shaken).await;
                    place.has_shaken_hands();
                    match shaken {
                        Ok(Ok(stream)) => self.serve(stream, &place).await,
                        Ok(Err(error)) => handshake_failed("refused", &error),
                        Err(late) => handshake_failed("timeout", &late),
                    }
                }
            }
        };
        tokio::select! {
            () = served => {}
            () = closed.cancelled() => tracing::debug!("connection closed, others need its place"),
        }
    }

    async fn serve<T>(self, stream: T, place: &Place)
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let wire = Wire::new(stream, self.patience, Arc::clone(&place.state));
        let service = served(self.service, self.peer, Arc::clone(&place.state));
        let served =
            self.http.serve_connection(TokioIo::new(wire), TowerToHyperService::new(service));
        if let Err(error) = self.watcher.watch(served).await {
            tracing::debug!(%error, "connection ended early");
        }
    }
}

fn handshake_failed(why: &'static str, error: &(dyn std::error::Error + 'static)) {
    counter!(HANDSHAKES_FAILED, "reason" => why).increment(1);
    tracing::debug!(error, "TLS could not be made");
}

/// The next connection. None is lost where this is dropped: one that came is given at once.
async fn accept(listener: &TcpListener, write_timeout: Duration) -> (TcpStream, Peer) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = set_options(&stream, write_timeout) {
                    tracing::debug!(%error, "an option of a connection could not be set");
                }
                return (stream, Peer(peer));
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A place, as soon as there is one; `None` for a client that has too many.
async fn place_for(peer: Peer, places: &Arc<Places>) -> Option<Place> {
    loop {
        match places.enter(peer) {
            Entry::Placed(place) => return Some(place),
            Entry::TooMany => return None,
            Entry::Full => {
                let _ = timeout(ACCEPT_PAUSE, places.freed.notified()).await;
            }
        }
    }
}

fn set_options(stream: &TcpStream, write_timeout: Duration) -> io::Result<()> {
    // Answers are small and whole: waiting to fill a packet would only add latency.
    stream.set_nodelay(true)?;
    // The system closes the connection when the other side has made no room for so long. Only it knows
    // what the other side takes: a slow reader's buffers open long before there is room to write again.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(write_timeout))?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = write_timeout;
    Ok(())
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests;
