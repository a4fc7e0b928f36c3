//! Where the read model is, and how it is reached.

use std::{fmt, str::FromStr, time::Duration};

use sqlx::{ConnectOptions, postgres::PgConnectOptions};

use crate::store::StoreError;

/// Statements that a connection keeps prepared. Lists differ by filters and order; those asked most
/// often stay.
const STATEMENTS_MAX: usize = 256;

/// Where the read model is, and how it is reached.
#[derive(Clone)]
pub struct PostgresStoreOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. Never shown, since it may hold a password.
    pub url: String,
    /// The generation to read: the schema `cinelog_read_model_N`.
    pub generation: u64,
    /// The most connections, at least 2: one of four, and at least one, is kept for reads of one row, so
    /// that lists never make them wait.
    pub connections: u32,
    /// How long the server may take for one statement. A read is given up then.
    pub statement_timeout: Duration,
    /// How long it may take to get a connection. A server that refuses one is not waited for so long.
    pub connect_timeout: Duration,
}

impl PostgresStoreOptions {
    /// The defaults, for a generation on the server and database at `url`: 8 connections, 2 seconds for
    /// a read, 5 for a connection.
    #[must_use]
    pub fn at(url: impl Into<String>, generation: u64) -> Self {
        Self {
            url: url.into(),
            generation,
            connections: 8,
            statement_timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(5),
        }
    }

    /// The schema of the generation.
    pub(super) fn schema(&self) -> String {
        format!("cinelog_read_model_{}", self.generation)
    }

    /// Schema and server for errors and the log, without the password.
    pub(super) fn place(&self) -> String {
        format!("{} in {}", self.schema(), self.server())
    }

    /// The server and its database, without the password.
    pub(super) fn server(&self) -> String {
        match PgConnectOptions::from_str(&self.url) {
            Ok(options) => {
                let database = options.get_database().unwrap_or(options.get_username());
                format!("{}:{}/{database}", options.get_host(), options.get_port())
            }
            Err(_) => "an address that cannot be read".to_owned(),
        }
    }

    /// The options for connecting.
    pub(super) fn connection(&self) -> Result<PgConnectOptions, StoreError> {
        // The error of sqlx may repeat the URL, and so the password.
        let options = PgConnectOptions::from_str(&self.url).map_err(|_| {
            StoreError::Damaged("the address of the database cannot be read".into())
        })?;
        Ok(options
            .application_name("cinelog query")
            .statement_cache_capacity(STATEMENTS_MAX)
            .disable_statement_logging())
    }
}

impl fmt::Debug for PostgresStoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStoreOptions")
            .field("place", &self.place())
            .field("connections", &self.connections)
            .field("statement_timeout", &self.statement_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let options = PostgresStoreOptions::at("postgres://reader:geheim@db.local:5433/films", 3);
        assert_eq!(options.place(), "cinelog_read_model_3 in db.local:5433/films");
        assert!(!format!("{options:?}").contains("geheim"));
        let unreadable = PostgresStoreOptions::at("postgres://reader:geheim@:port/", 3);
        let error = unreadable.connection().unwrap_err();
        assert!(!format!("{error:?} {error} {}", unreadable.place()).contains("geheim"));
    }
}
