//! The edge of the real binary, as whoever means no good sees it: raw sockets, slow clients, pages of other
//! origins, TLS, secrets in every place where a request has room for one.

mod browsers;
mod limits;
mod secrets;
mod slow;
mod smuggling;
mod sockets;
mod targets;
mod tls;
