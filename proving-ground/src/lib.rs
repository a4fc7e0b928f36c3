//! Real servers for tests, and what can go wrong with them.
//!
//! [`Database`] is a Postgres database for one test, on the server that `scripts/services up postgres`
//! started. [`PrivatePostgres`] is a whole server for one test, to be stopped and killed.
//! [`CuttingProxy`] stands between a client and any server, and cuts, refuses, pauses or swallows.
//!
//! Used by tests only. Knows none of the other rooms; whatever is missing is a panic that says what
//! to do.

mod database;
mod owner;
mod private_postgres;
mod programs;
mod proxy;
mod server;
mod url;

pub use database::Database;
pub use private_postgres::PrivatePostgres;
pub use proxy::CuttingProxy;
pub use server::PostgresServer;

/// Stops a test that waits for ever. Nothing here is expected to take as long.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// How soon a server is asked again whether something has come to pass.
const ASK_AGAIN: std::time::Duration = std::time::Duration::from_millis(10);
