//! Inserts many rows a statement.
//!
//! Each statement is a trip to the thread that owns the connection, and each new text of one has to
//! be prepared. So rows go in powers of two: few statements, and eight texts that stay prepared.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};

/// Rows in the largest statement, a power of two. With the columns that the tables have, far below
/// what SQLite can bind (32,766 values).
const ROWS_MAX: usize = 128;

/// A statement to which the values of rows are bound.
pub(super) type Binding<'q> = Query<'q, Sqlite, SqliteArguments>;

/// The statements that insert into one table.
pub(super) struct Insert {
    /// For 1, 2, 4, … rows.
    statements: Vec<Arc<str>>,
}

impl Insert {
    pub(super) fn into(table: &'static str, columns: &'static str) -> Self {
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        let statement = |power| {
            let rows = vec![row.as_str(); 1_usize << power].join(",");
            Arc::from(format!("INSERT INTO {table} ({columns}) VALUES {rows}"))
        };
        Self { statements: (0..=ROWS_MAX.ilog2()).map(statement).collect() }
    }

    /// Inserts all rows, each bound by `bind` in the order of the columns.
    ///
    /// A write that did less than it was told is an error: it must never be answered as done.
    pub(super) async fn rows<T>(
        &self,
        transaction: &mut SqliteConnection,
        mut rows: &[T],
        bind: impl for<'q> Fn(Binding<'q>, &T) -> Result<Binding<'q>, sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        while !rows.is_empty() {
            let power = rows.len().min(ROWS_MAX).ilog2() as usize;
            let (now, later) = rows.split_at(1 << power);
            let query = sqlx::query(AssertSqlSafe(Arc::clone(&self.statements[power])));
            let query = now.iter().try_fold(query, &bind)?;
            let inserted = query.execute(&mut *transaction).await?.rows_affected();
            if usize::try_from(inserted) != Ok(now.len()) {
                let told = now.len();
                let what = format!("{inserted} rows were written instead of {told}");
                return Err(sqlx::Error::Protocol(what));
            }
            rows = later;
        }
        Ok(())
    }
}
