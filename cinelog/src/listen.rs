//! Listening sockets, with errors that say what to do.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::net::TcpListener;

use crate::{config::ServerConfig, error::Failure};

/// How far the admin port is from the API's, where it is not configured.
const ADMIN_PORT_OFFSET: u16 = 1000;

/// Binds the API's address.
pub(crate) async fn public(config: &ServerConfig) -> Result<TcpListener, Failure> {
    bind(config.listen).await.map_err(|e| explain(config.listen, "--listen", &e))
}

/// Binds the admin address: the configured one, or one beside the API's; beside where that would be, where
/// `public` says that it is nowhere.
pub(crate) async fn admin(
    config: &ServerConfig,
    public: Option<SocketAddr>,
) -> Result<TcpListener, Failure> {
    let public = public.unwrap_or(config.listen);
    if let Some(address) = config.admin_listen {
        return bind(address).await.map_err(|e| explain(address, "--admin-listen", &e));
    }
    // Never further than this machine by itself: metrics are not for everyone.
    let local = match public.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let any = SocketAddr::new(local, 0);
    let beside = match (config.listen.port(), public.port().checked_add(ADMIN_PORT_OFFSET)) {
        (1.., Some(port)) => SocketAddr::new(local, port),
        _ => any,
    };
    match bind(beside).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            tracing::warn!(address = %beside, "admin address is taken, using any free port");
            bind(any).await.map_err(|e| explain(any, "--admin-listen", &e))
        }
        result => result.map_err(|e| explain(beside, "--admin-listen", &e)),
    }
}

async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

fn explain(address: SocketAddr, flag: &str, error: &io::Error) -> Failure {
    Failure::Other(match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "{address} is in use by another program; stop it, or choose another address with {flag} ADDR (port 0 takes any free one)"
        ),
        _ => format!("cannot listen on {address} ({flag}): {error}"),
    })
}

/// The address as a person would open it: `0.0.0.0` is everywhere, so `localhost` will do.
pub(crate) fn base_url(scheme: &str, address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("{scheme}://localhost:{}", address.port()),
        IpAddr::V4(ip) => format!("{scheme}://{ip}:{}", address.port()),
        IpAddr::V6(ip) => format!("{scheme}://[{ip}]:{}", address.port()),
    }
}

/// Where a listener listens.
pub(crate) fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::Other(format!("the listener has no address: {error}")))
}
