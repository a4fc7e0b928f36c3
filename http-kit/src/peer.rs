//! Who is at the other end of the connection. Knows nothing of what they say about who stands behind them.

use std::net::SocketAddr;

/// The address that a connection comes from: the client, or the last proxy before this server. Whoever
/// accepts connections puts it into the extensions of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);
