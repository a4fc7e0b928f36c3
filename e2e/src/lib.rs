//! Drives the real binary over HTTP, as a user would. Knows nothing of its insides.
//!
//! [`Server::start`] runs `cinelog serve` on a free port with a data folder of its own and stops it
//! when dropped. The binary is the one that `cargo build` made beside the tests.

mod client;
mod server;

pub use client::{Answer, Client};
pub use server::{Output, Server, run};

/// Stops a test that waits for ever. Nothing here is expected to take as long.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
