//! How the read model's database is reached.

use std::{str::FromStr, time::Duration};

use sqlx::{ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};

use super::{failure::store_error, line::within};
use crate::StoreError;

/// How long a transaction may wait for its client. One whose client is asleep ends after that, so that
/// another projector can take over; folding the largest batch takes a small part of it.
const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(10);

/// How long somebody else's lock is waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// How much longer than the server's own limit of time a statement is waited for. After that the network
/// is taken for dead.
const GRACE: Duration = Duration::from_secs(2);

/// How the read model's database is reached.
#[derive(Clone)]
pub struct PostgresReadModelsOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Never shown.
    pub url: String,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long the server may work on one statement of a batch.
    pub statement_timeout: Duration,
    /// How long an answer is waited for that takes the server no time, unless it has to wait for a lock:
    /// longer than that a network that has gone silent holds nobody up who does nothing large.
    pub answer_timeout: Duration,
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
            statement_timeout: Duration::from_secs(120),
            answer_timeout: LOCK_TIMEOUT + GRACE,
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

    /// One connection that is set as `session` says.
    pub(super) async fn connect(&self, session: &Session) -> Result<PgConnection, StoreError> {
        let options = self.connection()?;
        within(self.connect_timeout, async {
            let mut connection = PgConnection::connect_with(&options).await.map_err(store_error)?;
            let settings = sqlx::AssertSqlSafe(self.settings(session));
            connection.execute(settings).await.map_err(store_error)?;
            Ok(connection)
        })
        .await
    }

    /// How long the answer to a statement is waited for that may take long.
    pub(super) fn patience(&self) -> Duration {
        self.statement_timeout.saturating_add(GRACE)
    }

    fn settings(&self, session: &Session) -> String {
        // The system's own come before all others by themselves. Not public, where others may put functions
        // and operators that fit ours better than the system's do.
        let path = match &session.schema {
            Some(schema) => format!("\"{schema}\", pg_temp"),
            None => "pg_catalog, pg_temp".to_owned(),
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
        // A client that is gone without a word is noticed within seconds, with what it holds.
        let network = "SET tcp_user_timeout = 10000; SET tcp_keepalives_idle = 5; \
            SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;";
        format!(
            "SET search_path = {path}; SET statement_timeout = {statement}; SET lock_timeout = {lock}; \
             SET idle_in_transaction_session_timeout = {idle}; SET idle_session_timeout = 0; \
             SET client_min_messages = warning; SET TimeZone = 'UTC'; \
             SET default_transaction_isolation = 'read committed'; {network} {plans} {commits}"
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
