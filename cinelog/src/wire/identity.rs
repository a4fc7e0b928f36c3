//! The identity store: a file of SQLite, or a schema of a Postgres database.

use std::sync::Arc;

use identity::{
    Ports,
    store::{PostgresIdentity, PostgresIdentityOptions, SqliteIdentity, SqliteIdentityOptions},
};

use crate::{
    config::{Config, IdentityUrl},
    data_dir::DataDir,
    error::Failure,
    patience::patiently,
};

/// What is waited for, where it is on a server.
const WHAT: &str = "the identity store";

/// Opens the identity store, making it where there is none.
pub(crate) async fn identity(config: &Config, data: &DataDir) -> Result<Ports, Failure> {
    let identity = &config.identity;
    match &identity.url {
        IdentityUrl::Sqlite(path) => {
            let options = SqliteIdentityOptions {
                readers: identity.connections,
                ..SqliteIdentityOptions::at(data.file(path))
            };
            Ok(Ports::on(Arc::new(SqliteIdentity::open(options).await?)))
        }
        IdentityUrl::Postgres(url) => {
            let open = async || {
                let options = PostgresIdentityOptions {
                    connections: identity.connections,
                    statement_timeout: identity.statement_timeout,
                    connect_timeout: identity.connect_timeout,
                    ..PostgresIdentityOptions::at(url.reveal())
                };
                Ok(PostgresIdentity::open(options).await?)
            };
            Ok(Ports::on(Arc::new(patiently(config, WHAT, open).await?)))
        }
    }
}
