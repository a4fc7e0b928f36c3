//! The store in a schema of its own (`cinelog_identity`) of a Postgres database, which may be that of the
//! log.

use std::{fmt, str::FromStr, time::Duration};

use async_trait::async_trait;
use sqlx::{
    PgConnection, PgPool, Postgres, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{SqlStore, StoreError, migrate};

/// The key of the lock of whoever changes what accounts may do: 'cina' as a number, and 0.
const AUTHORITY: (i32, i32) = (0x6369_6e61, 0);

/// How the server is reached.
#[derive(Clone)]
pub struct PostgresIdentityOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. Never shown, since it may hold a password.
    pub url: String,
    /// Connections, at least 1.
    pub connections: u32,
    /// How long the server may take for one statement, waiting for locks included.
    pub statement_timeout: Duration,
    /// How long it may take to get a connection.
    pub connect_timeout: Duration,
}

impl PostgresIdentityOptions {
    /// The defaults, for the server and database at `url`.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 4,
            statement_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

impl fmt::Debug for PostgresIdentityOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresIdentityOptions")
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// The store of identities on Postgres. Clones share their connections.
#[derive(Debug, Clone)]
pub struct PostgresIdentity {
    pool: PgPool,
}

impl PostgresIdentity {
    /// Connects, making the schema where there is none, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the server cannot be reached or written, [`StoreError::Newer`] where a
    /// newer Cinelog made the tables.
    pub async fn open(options: PostgresIdentityOptions) -> Result<Self, StoreError> {
        let connection = PgConnectOptions::from_str(&options.url)
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?
            .application_name("cinelog identity");
        let statement_timeout = options.statement_timeout;
        let pool = PgPoolOptions::new()
            .max_connections(options.connections.max(1))
            .acquire_timeout(options.connect_timeout)
            .after_connect(move |connection, _| Box::pin(settings(connection, statement_timeout)))
            .connect_with(connection)
            .await?;
        migrate::postgres(&mut *pool.acquire().await?).await?;
        tracing::info!("identity store opened");
        Ok(Self { pool })
    }

    /// Closes all connections, when they are given back.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl SqlStore for PostgresIdentity {
    type Database = Postgres;

    async fn reader(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// Read committed.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(self.pool.begin().await?)
    }

    /// The lock is taken before any row: two who change each other do not wait for each other.
    async fn begin_alone(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let (accounts, authority) = AUTHORITY;
        sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
            .bind(accounts)
            .bind(authority)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction)
    }

    async fn begin_hasty(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *transaction).await?;
        Ok(transaction)
    }

    /// The next vacuum does.
    async fn overwrite_erased(&self, _has_just_erased: bool) -> Result<bool, StoreError> {
        Ok(true)
    }
}

/// Sets what all of our sessions have. Names are looked up where nobody but the owners of the database and of our
/// schema can put any; that comes first, and looks nothing up itself.
async fn settings(
    connection: &mut PgConnection,
    statement_timeout: Duration,
) -> Result<(), sqlx::Error> {
    let path = "SET search_path = pg_catalog, cinelog_identity, pg_temp";
    sqlx::query(path).execute(&mut *connection).await?;
    let milliseconds = statement_timeout.as_millis().max(1).to_string();
    sqlx::query(
        "SELECT set_config('statement_timeout', $1, false),
                set_config('lock_timeout', $1, false),
                set_config('idle_in_transaction_session_timeout', $1, false),
                set_config('default_transaction_isolation', 'read committed', false),
                set_config('tcp_user_timeout', '10000', false),
                set_config('jit', 'off', false),
                set_config('synchronous_commit',
                    CASE WHEN current_setting('synchronous_commit') = 'remote_apply'
                         THEN 'remote_apply' ELSE 'on' END, false)",
    )
    .bind(milliseconds)
    .execute(connection)
    .await
    .map(drop)
}
