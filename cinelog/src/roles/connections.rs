//! Connections: accepted up to a number, bounded in how slowly they may speak and listen, finished or cut
//! off when the server stops. Knows nothing of what is served.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::response::Response;
use http::Request;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::error::Failure;

/// How long a client may take for the head of a request; an idle connection is closed after it too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How long to wait after the system gave no connection, for want of descriptors mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What connections are bounded by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How many there are at once; more wait to be accepted.
    pub(super) connections: usize,
    /// How long a client may take nothing of what is there for it.
    pub(super) write_timeout: Duration,
}

/// Serves connections within `limits`. At `stop` no more are taken and requests under way are finished; at
/// `cut` those that are not are cut off.
pub(super) async fn serve<S>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    stop: CancellationToken,
    cut: CancellationToken,
) -> Result<(), Failure>
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES_MAX);
    let service = TowerToHyperService::new(service);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let (stream, place) = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places, limits.write_timeout) => accepted?,
        };
        let served = http.serve_connection(TokioIo::new(stream), service.clone());
        let served = graceful.watch(served);
        connections.spawn(async move {
            if let Err(error) = served.await {
                tracing::debug!(%error, "connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = cut.cancelled() => connections.abort_all(),
    }
    Ok(())
}

/// The next connection, when there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    write_timeout: Duration,
) -> Result<(TcpStream, OwnedSemaphorePermit), Failure> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(|_| Failure::Other("no connections are taken any more".to_owned()))?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = set_options(&stream, write_timeout) {
                    tracing::debug!(%error, "an option of a connection could not be set");
                }
                return Ok((stream, place));
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
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
#[path = "connections_tests.rs"]
mod tests;
