//! What the log on KurrentDB sends and understands, against the protocol that the server publishes: an
//! in-process server speaks it over real connections, by the published files themselves.
//!
//! That server is small. What only the real one can show, the program `kurrentdb` beside this shows.

#![expect(clippy::unwrap_used, clippy::panic, reason = "it is made of tests")]

mod copying;
mod facts;
mod failures;
#[path = "../kurrentdb/fixture.rs"]
mod fixture;
#[path = "../kurrentdb/ordinal.rs"]
mod ordinal;
#[path = "../kurrentdb/promises.rs"]
mod promises;
mod prompt;
mod protocol;
#[path = "../kurrentdb/run.rs"]
mod run;
mod server;
mod service;
mod store;
mod suite;
mod wire;
