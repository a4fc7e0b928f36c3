//! How the read model's database is reached.

use std::{str::FromStr, time::Duration};

use sqlx::{ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};

use super::{failure::store_error, line::within};
use crate::StoreError;

/// How long a transaction may wait for its client. If the client is asleep the transaction ends after that, so
/// that another projector can take over. Folding the largest batch takes a small part of it.
const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(10);

/// How long a statement waits for a lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// How much longer than the server's own timeout a statement is waited for. After that the network counts as dead.
const GRACE: Duration = Duration::from_secs(2);

/// How the read model's database is reached.
#[derive(Clone)]
pub struct PostgresReadModelsOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Never shown.
    pub url: String,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the server may work on one statement of a batch.
    pub statement_timeout: Duration,
    /// How long the answer to a small statement is waited for; it may have to wait for a lock. A silent network
    /// delays small statements no longer than this.
    pub answer_timeout: Duration,
    /// How long the lead lasts after it was taken or extended. After that another projector can take over.
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

    /// The options for connecting. Errors do not repeat the address, which may hold a password.
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

    /// A connection with the settings of `session`.
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

    /// How long the answer to a large statement is waited for.
    pub(super) fn patience(&self) -> Duration {
        self.statement_timeout.saturating_add(GRACE)
    }

    fn settings(&self, session: &Session) -> String {
        // The system's schema comes first by itself. `public` is left out: others may put functions and
        // operators there that would be chosen before the system's.
        let path = match &session.schema {
            Some(schema) => format!("\"{schema}\", pg_temp"),
            None => "pg_catalog, pg_temp".to_owned(),
        };
        let (statement, idle) = match session.waits {
            // Such a session keeps nobody from writing.
            Waits::Unbounded => (0, 0),
            Waits::Bounded => {
                (self.statement_timeout.as_millis(), IDLE_IN_TRANSACTION_MAX.as_millis())
            }
        };
        let lock = LOCK_TIMEOUT.as_millis();
        // Rows are looked up by their keys. Statistics, which may be stale, must not make the server scan whole
        // tables for that.
        let plans = "SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; \
            SET enable_mergejoin = off;";
        let commits = match session.commits {
            // What was committed and seen must stay. A stronger setting of the server is kept.
            Commits::Durable => {
                "SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply');"
            }
            Commits::Lost => "SET synchronous_commit = off;",
        };
        // A client that is gone without a word is noticed within seconds, and its locks are released.
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

/// The settings of a connection.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The schema that tables are looked for in.
    pub(super) schema: Option<String>,
    pub(super) waits: Waits,
    pub(super) commits: Commits,
}

/// How long statements and transactions may take.
#[derive(Debug, Clone, Copy)]
pub(super) enum Waits {
    /// As long as configured: others may wait for what they hold.
    Bounded,
    /// As long as they take.
    Unbounded,
}

/// What happens to commits when the server crashes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Commits {
    /// They stay.
    Durable,
    /// The last ones may be lost: nobody has seen them.
    Lost,
}

impl Session {
    /// For what concerns all generations.
    pub(super) fn control() -> Self {
        Self { schema: None, waits: Waits::Bounded, commits: Commits::Durable }
    }

    /// For snapshots, locks and changes of generations, which may last long.
    pub(super) fn holding(schema: Option<String>) -> Self {
        Self { schema, waits: Waits::Unbounded, commits: Commits::Durable }
    }
}
