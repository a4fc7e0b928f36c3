//! Inserts many rows a statement.
//!
//! Each statement is a trip to the thread that owns the connection, and each new text of one has to
//! be prepared. So there is one text for each number of rows, up to a number; what follows the rows,
//! if only the commit, goes with them.

use std::sync::Arc;

use futures::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Either, Executor, Sqlite, SqliteConnection, query::Query,
    sqlite::SqliteArguments,
};

/// Rows in the largest statement. With the columns that the tables have, far below what SQLite can
/// bind (32,766 values).
pub(super) const ROWS_MAX: usize = 64;

/// A statement to which the values of rows are bound.
pub(super) type Binding = Query<'static, Sqlite, SqliteArguments>;

/// The statements that insert into one table.
pub(super) struct Insert {
    /// For 1, 2, 3, … rows.
    statements: Vec<Arc<str>>,
}

impl Insert {
    /// Statements for the columns of a table, each followed by `then`, which may be nothing.
    pub(super) fn into(table: &str, columns: &str, then: &str) -> Self {
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        let statement = |rows| {
            let rows = vec![row.as_str(); rows].join(",");
            Arc::from(format!("INSERT INTO {table} ({columns}) VALUES {rows}; {then}"))
        };
        Self { statements: (1..=ROWS_MAX).map(statement).collect() }
    }

    /// Inserts all rows, however many, each bound by `bind` in the order of the columns.
    pub(super) async fn rows<T>(
        &self,
        transaction: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(Binding, &T) -> Result<Binding, sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        for rows in rows.chunks(ROWS_MAX) {
            self.chunk(transaction, rows, &bind, |query| query).await?;
        }
        Ok(())
    }

    /// Inserts 1 to [`ROWS_MAX`] rows, then does what follows, to which `bind_rest` binds the values.
    ///
    /// A write that did less than it was told is an error: it must never be answered as done.
    pub(super) async fn chunk<T>(
        &self,
        transaction: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(Binding, &T) -> Result<Binding, sqlx::Error>,
        bind_rest: impl FnOnce(Binding) -> Binding,
    ) -> Result<(), sqlx::Error> {
        let told = rows.len();
        let sql = told.checked_sub(1).and_then(|index| self.statements.get(index));
        let sql = sql.ok_or_else(|| wrong(format!("{told} rows are not 1 to {ROWS_MAX}")))?;
        let query = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
        let query = bind_rest(rows.iter().try_fold(query, bind)?);
        let done: Vec<_> = transaction.fetch_many(query).try_collect().await?;
        match done.first() {
            Some(Either::Left(inserted))
                if usize::try_from(inserted.rows_affected()) == Ok(told) =>
            {
                Ok(())
            }
            _ => Err(wrong(format!("other than {told} rows were written"))),
        }
    }
}

fn wrong(what: String) -> sqlx::Error {
    sqlx::Error::Protocol(what)
}
