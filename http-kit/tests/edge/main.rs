//! The edge as a client sees it: requests over TCP to a real server.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test cannot do without fails it"
)]

mod authentication;
mod held_back;
mod limits;
mod methods;
mod no_body;
mod problems;
mod representation;
mod request_context;
mod server;
