//! Real servers for tests, and what can go wrong with them.
//!
//! [`Database`] is a Postgres database for one test, on the server that `scripts/services up postgres`
//! started. [`PrivatePostgres`] is a whole server for one test, to be stopped and killed. Likewise, of
//! Kafka, [`Topic`] (with the feature `kafka`) and [`PrivateKafka`], and [`KafkaCluster`] of three brokers.
//! [`RedisServer`] and [`PrivateRedis`] are the same of Redis.
//! [`ObjectServer`] is a part of a bucket for one test.
//! [`MailServer`] keeps the mails that it is sent.
//! [`OidcProvider`] is an OpenID provider to sign in with.
//! [`Gateway`] is an nginx or a Varnish before nodes of one test.
//! [`free_port`] is where nothing listens yet, and where a program of a test's own may.
//! [`CuttingProxy`] stands between a client and any server, and cuts, refuses, pauses or swallows.
//!
//! Used by tests only. Knows none of the other rooms; whatever is missing is a panic that says what
//! to do.

mod database;
mod gateway;
mod kafka;
mod mail_server;
mod object_server;
mod oidc_provider;
mod owner;
mod private_postgres;
mod private_redis;
mod processes;
mod programs;
mod proxy;
mod redis_server;
mod server;
mod url;

pub use database::Database;
pub use gateway::{Gateway, GatewayKind, Nodes};
pub use kafka::{KafkaCluster, KafkaServer, PrivateKafka, Secured};
#[cfg(feature = "kafka")]
pub use kafka::{Record, Topic};
pub use mail_server::MailServer;
pub use object_server::ObjectServer;
pub use oidc_provider::OidcProvider;
pub use private_postgres::PrivatePostgres;
pub use private_redis::PrivateRedis;
pub use processes::free_port;
pub use proxy::CuttingProxy;
pub use redis_server::RedisServer;
pub use server::PostgresServer;

/// Stops a test that waits for ever. Nothing here is expected to take as long.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// How soon a server is asked again whether something has come to pass.
const ASK_AGAIN: std::time::Duration = std::time::Duration::from_millis(10);
