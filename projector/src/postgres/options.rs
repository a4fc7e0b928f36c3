//! How the read model's database is reached.

use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, Executor, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::StoreError;

/// How long a transaction may wait for its client. One whose client is asleep ends after that, so that
/// another projector can take over; folding the largest batch takes a small part of it.
const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(10);

/// How long somebody else's lock is waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// How the read model's database is reached.
#[derive(Clone)]
pub struct PostgresReadModelsOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Never shown.
    pub url: String,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long the server may work on one statement of a batch.
    pub statement_timeout: Duration,
    /// How long the lead lasts after it was taken or kept: another projector takes over after so long.
    pub lease: Duration,
}

impl PostgresReadModelsOptions {
    /// The defaults, for the database at `url`.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(300),
            lease: Duration::from_secs(3),
        }
    }

    /// For whoever connects. Errors never say the address, which may hold a password.
    pub(super) fn connection(&self) -> Result<PgConnectOptions, StoreError> {
        let options = PgConnectOptions::from_str(&self.url).map_err(|_| StoreError::Open {
            place: "in Postgres".to_owned(),
            reason: "its address cannot be read".to_owned(),
        })?;
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("cinelog-projector"),
        };
        Ok(options.disable_statement_logging())
    }

    /// A pool of so many connections that are set as `session` says. Nothing is connected yet.
    pub(super) fn pool(
        &self,
        connections: u32,
        session: Session,
    ) -> Result<sqlx::PgPool, StoreError> {
        let settings = self.settings(&session);
        Ok(PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(self.connect_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            // A connection that is gone shows with the first statement, which is tried again.
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                let settings = settings.clone();
                Box::pin(async move { set(connection, settings).await })
            })
            .connect_lazy_with(self.connection()?))
    }

    /// One connection that is set as `session` says.
    pub(super) async fn connect(&self, session: Session) -> Result<PgConnection, sqlx::Error> {
        let options =
            self.connection().map_err(|error| sqlx::Error::Configuration(error.into()))?;
        let connecting = async {
            let mut connection = PgConnection::connect_with(&options).await?;
            set(&mut connection, self.settings(&session)).await?;
            Ok(connection)
        };
        tokio::time::timeout(self.connect_timeout, connecting)
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    fn settings(&self, session: &Session) -> String {
        let path = match &session.schema {
            // Extensions are looked for in public.
            Some(schema) => format!("\"{schema}\", public"),
            None => "public".to_owned(),
        };
        let (statement, idle) = match session.waits {
            // Whoever reads or holds something for long keeps nobody from writing.
            Waits::Unbounded => (0, 0),
            Waits::Bounded => {
                (self.statement_timeout.as_millis(), IDLE_IN_TRANSACTION_MAX.as_millis())
            }
        };
        let lock = LOCK_TIMEOUT.as_millis();
        // What is looked up is looked up by its key: no statistics, stale ones least of all, shall make the
        // server read whole tables for it.
        let plans = "SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; \
            SET enable_mergejoin = off;";
        let commits = match session.commits {
            // What was committed and seen stays: a stronger setting of the server's stands.
            Commits::Durable => {
                "SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply');"
            }
            Commits::Lost => "SET synchronous_commit = off;",
        };
        format!(
            "SET search_path = {path}; SET statement_timeout = {statement}; SET lock_timeout = {lock}; \
             SET idle_in_transaction_session_timeout = {idle}; SET idle_session_timeout = 0; \
             SET client_min_messages = warning; SET TimeZone = 'UTC'; {plans} {commits}"
        )
    }
}

/// How a connection is set.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// Where tables are looked for.
    pub(super) schema: Option<String>,
    pub(super) waits: Waits,
    pub(super) commits: Commits,
}

/// How long statements and transactions may take.
#[derive(Debug, Clone, Copy)]
pub(super) enum Waits {
    /// As configured: somebody may wait for what they hold.
    Bounded,
    /// As long as they take.
    Unbounded,
}

/// What becomes of what was committed when the server crashes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Commits {
    /// It is there.
    Durable,
    /// The last of it is not: nobody has seen it.
    Lost,
}

impl Session {
    /// For what is said about all generations.
    pub(super) fn control() -> Self {
        Self { schema: None, waits: Waits::Bounded, commits: Commits::Durable }
    }

    /// For whoever holds something still or keeps something held.
    pub(super) fn holding(schema: Option<String>) -> Self {
        Self { schema, waits: Waits::Unbounded, commits: Commits::Durable }
    }
}

async fn set(connection: &mut PgConnection, settings: String) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::AssertSqlSafe(settings)).await.map(drop)
}
