//! What the ports are carried out with on either database. SQLite and Postgres understand most of the same SQL,
//! `$1` included, so that each statement is written once, and run by whichever connection it is given.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{
    AssertSqlSafe, Decode, Encode, PgConnection, Postgres, SqlSafeStr, SqlStr, Sqlite,
    SqliteConnection, Transaction, Type,
    pool::PoolConnection,
    postgres::{PgArguments, PgRow},
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{StoreError, micros};

/// A store that the ports are carried out on.
#[async_trait]
pub trait SqlStore: Debug + Send + Sync + 'static {
    /// What runs the statements.
    type Database: sqlx::Database<Connection: Connection>;

    /// A connection that reads.
    async fn reader(&self) -> Result<PoolConnection<Self::Database>, StoreError>;

    /// Begins a transaction that writes. Once committed it is on the disk. Rows that are to stay as they are
    /// read must be locked ([`query_locking`]).
    async fn begin(&self) -> Result<Transaction<'static, Self::Database>, StoreError>;

    /// Begins one that nobody else has begun this way at the same time: who changes what accounts may do, or
    /// erases one, sees what became of all others.
    async fn begin_alone(&self) -> Result<Transaction<'static, Self::Database>, StoreError>;

    /// Begins one whose commit does not wait for the disk: what it wrote may be gone after a power cut or a
    /// crash of the server; nothing else is harmed.
    async fn begin_hasty(&self) -> Result<Transaction<'static, Self::Database>, StoreError>;

    /// Overwrites what committed transactions have erased, where the store can; gives whether there is nothing
    /// left to do. It is called again every now and then, until that is so.
    async fn overwrite_erased(&self, has_just_erased: bool) -> Result<bool, StoreError>;
}

/// Forgets what is older than a time, hastily: by a statement of its own, `$1` the time, `$2` how many at most.
/// Gives how many.
pub(crate) async fn forget(
    store: &impl SqlStore,
    sql: &'static str,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let mut transaction = store.begin_hasty().await?;
    let old = query(sql).bind(micros(before)).bind(i64::from(limit));
    let forgotten = old.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(forgotten)
}

/// A statement and its values, ready for both: which of them will run it, its connection knows.
#[must_use = "it does nothing until it is run"]
pub struct Statement {
    sqlite: Query<'static, Sqlite, SqliteArguments>,
    postgres: Query<'static, Postgres, PgArguments>,
}

/// A statement that both read alike.
pub(crate) fn query(sql: impl SqlSafeStr) -> Statement {
    let sql = sql.into_sql_str();
    query_either(sql.clone(), sql)
}

/// A statement whose rows nobody else changes until the transaction ends. `lock` says how on Postgres
/// (`FOR UPDATE`); on SQLite whoever may write is alone anyway.
pub(crate) fn query_locking(sql: impl SqlSafeStr, lock: &'static str) -> Statement {
    let sql = sql.into_sql_str();
    let locking = format!("{} {lock}", sql.as_str());
    query_either(sql, AssertSqlSafe(locking).into_sql_str())
}

/// A statement that each has to be told in its own words. The values are the same.
pub(crate) fn query_either(sqlite: impl SqlSafeStr, postgres: impl SqlSafeStr) -> Statement {
    let (sqlite, postgres): (SqlStr, SqlStr) = (sqlite.into_sql_str(), postgres.into_sql_str());
    Statement { sqlite: sqlx::query(sqlite), postgres: sqlx::query(postgres) }
}

impl Statement {
    /// Its next value.
    pub(crate) fn bind<'t, T>(self, value: T) -> Self
    where
        T: Clone + Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>,
    {
        Self { sqlite: self.sqlite.bind(value.clone()), postgres: self.postgres.bind(value) }
    }

    /// Runs it; gives how many rows it changed.
    pub(crate) async fn execute(self, connection: &mut dyn Connection) -> sqlx::Result<u64> {
        connection.execute(self).await
    }

    /// Runs it; gives all rows.
    pub(crate) async fn fetch_all(self, connection: &mut dyn Connection) -> sqlx::Result<Vec<Row>> {
        connection.fetch(self).await
    }

    /// Runs it; gives the first row, if there is one.
    pub(crate) async fn fetch_optional(
        self,
        connection: &mut dyn Connection,
    ) -> sqlx::Result<Option<Row>> {
        Ok(connection.fetch(self).await?.into_iter().next())
    }

    /// Runs it; gives the first row.
    pub(crate) async fn fetch_one(self, connection: &mut dyn Connection) -> sqlx::Result<Row> {
        self.fetch_optional(connection).await?.ok_or(sqlx::Error::RowNotFound)
    }
}

/// A connection to either, on its own or with a transaction open.
#[async_trait]
pub trait Connection: Send {
    /// Runs a statement; gives how many rows it changed.
    async fn execute(&mut self, statement: Statement) -> sqlx::Result<u64>;

    /// Runs a statement; gives its rows.
    async fn fetch(&mut self, statement: Statement) -> sqlx::Result<Vec<Row>>;
}

#[async_trait]
impl Connection for SqliteConnection {
    async fn execute(&mut self, statement: Statement) -> sqlx::Result<u64> {
        Ok(statement.sqlite.execute(self).await?.rows_affected())
    }

    async fn fetch(&mut self, statement: Statement) -> sqlx::Result<Vec<Row>> {
        Ok(statement.sqlite.fetch_all(self).await?.into_iter().map(Row::Sqlite).collect())
    }
}

#[async_trait]
impl Connection for PgConnection {
    async fn execute(&mut self, statement: Statement) -> sqlx::Result<u64> {
        Ok(statement.postgres.execute(self).await?.rows_affected())
    }

    async fn fetch(&mut self, statement: Statement) -> sqlx::Result<Vec<Row>> {
        Ok(statement.postgres.fetch_all(self).await?.into_iter().map(Row::Postgres).collect())
    }
}

/// A row of either.
pub enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of Postgres.
    Postgres(PgRow),
}

impl Row {
    /// What stands in a column.
    pub(crate) fn get<T>(&self, column: &str) -> sqlx::Result<T>
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => sqlx::Row::try_get(row, column),
            Self::Postgres(row) => sqlx::Row::try_get(row, column),
        }
    }
}
