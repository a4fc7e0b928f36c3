//! Drives the real binary over HTTP, as a user would. Knows nothing of its insides.
//!
//! [`Server::start`] runs `cinelog serve` on a free port with a data folder of its own and stops it
//! when dropped. The binary is the one that `cargo build` made beside the tests.
//!
//! [`Writers`] write to it without pause, [`Readers`] read, and [`history`] finds out whether what they were
//! told is what the log holds.

mod catalogue;
mod client;
mod cluster;
mod failing_disk;
pub mod history;
mod log;
mod meddling;
mod process;
mod random;
mod readers;
mod server;
mod store;
mod trace_sink;
pub mod writers;

pub use client::{Answer, Client};
pub use cluster::Cluster;
pub use failing_disk::FailingDisk;
pub use log::{facts, facts_in, facts_on, log_url};
pub use meddling::{
    append_unknown_event, delete_log, delete_read_model, execute_on_log, execute_on_read_model,
};
pub use process::{Output, Process, run, run_in};
pub use random::{Random, seed};
pub use readers::{Findings, Readers};
pub use server::{Server, Stopped};
pub use store::is_postgres;
pub use trace_sink::{ReceivedSpan, TraceSink};
pub use writers::Writers;

/// Stops a test that waits for ever. Nothing here is expected to take as long.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
