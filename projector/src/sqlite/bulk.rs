//! Statements for many rows: one call of SQLite writes dozens of them. Values are bound, and each statement is
//! prepared once.
//!
//! There is a statement for each power of two of rows. Any other number of rows takes several statements.

use std::sync::OnceLock;

use sqlx::{AssertSqlSafe, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};

use super::failure::store_error;
use crate::{StoreError, stored::expect_rows};

/// The largest number of rows in one statement is 2 to this power. More is no faster.
const LARGEST_POWER: usize = 6;

/// How many statements a connection may have to keep prepared, all tables together.
pub(super) const STATEMENTS_MAX: usize = 256;

/// How the values of a row are bound, in the order of the columns.
pub(super) type Bind<T> = fn(&T, &mut SqliteArguments) -> Result<(), BoxDynError>;

/// A statement around `VALUES` with any number of rows.
pub(super) struct Bulk {
    /// What it does, for errors.
    what: &'static str,
    /// How many values a row has.
    columns: usize,
    /// The statement before the rows.
    head: &'static str,
    /// The statement after the rows.
    tail: &'static str,
    texts: OnceLock<Vec<String>>,
}

impl Bulk {
    pub(super) const fn new(
        what: &'static str,
        columns: usize,
        head: &'static str,
        tail: &'static str,
    ) -> Self {
        Self { what, columns, head, tail, texts: OnceLock::new() }
    }

    /// Runs it for all rows; each must touch exactly one row of its table.
    pub(super) async fn all<T: Sync>(
        &'static self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: Bind<T>,
    ) -> Result<(), StoreError> {
        expect_rows(self.what, self.any(connection, rows, bind).await?, rows.len())
    }

    /// Runs it for all rows; gives how many rows of its table were touched.
    ///
    /// While SQLite is busy with some rows, the next ones are bound: serializing documents takes as long.
    pub(super) async fn any<T: Sync>(
        &'static self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: Bind<T>,
    ) -> Result<u64, StoreError> {
        let mut touched = 0;
        let mut prepared = self.prepare(rows, bind)?;
        while let Some(Prepared { text, arguments, later }) = prepared {
            // The text has only constants and question marks.
            let query = sqlx::query_with(AssertSqlSafe(text), arguments);
            let next = async { self.prepare(later, bind) };
            let (done, next) = futures::join!(query.execute(&mut *connection), next);
            touched += done.map_err(store_error)?.rows_affected();
            prepared = next?;
        }
        Ok(touched)
    }

    /// The statement for the first of `rows`, with their values. `None` where there are none.
    fn prepare<'r, T>(
        &'static self,
        rows: &'r [T],
        bind: Bind<T>,
    ) -> Result<Option<Prepared<'r, T>>, StoreError> {
        if rows.is_empty() {
            return Ok(None);
        }
        let power = (rows.len().ilog2() as usize).min(LARGEST_POWER);
        let (now, later) = rows.split_at(1 << power);
        let mut arguments = SqliteArguments::default();
        for row in now {
            bind(row, &mut arguments)
                .map_err(|error| StoreError::Damaged(format!("{}: a value: {error}", self.what)))?;
        }
        let text = self.texts.get_or_init(|| self.texts())[power].as_str();
        Ok(Some(Prepared { text, arguments, later }))
    }

    fn texts(&self) -> Vec<String> {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        let text = |power| {
            let rows = vec![row.as_str(); 1_usize << power].join(", ");
            format!("{} VALUES {rows}{}", self.head, self.tail)
        };
        (0..=LARGEST_POWER).map(text).collect()
    }
}

/// A statement that is ready to run.
struct Prepared<'r, T> {
    text: &'static str,
    arguments: SqliteArguments,
    /// The rows after its own.
    later: &'r [T],
}

#[cfg(test)]
mod tests {
    use sqlx::{Arguments, Connection};

    use super::*;

    static STORE: Bulk = Bulk::new("storing numbers", 2, "INSERT INTO numbers (one, two)", "");
    static DOUBLE: Bulk =
        Bulk::new("doubling", 1, "UPDATE numbers SET two = two * 2 WHERE one IN (", ")");

    async fn table() -> SqliteConnection {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let table = "CREATE TABLE numbers (one INTEGER PRIMARY KEY, two INTEGER)";
        sqlx::query(table).execute(&mut db).await.unwrap();
        db
    }

    #[tokio::test]
    async fn any_number_of_rows_is_stored_each_once() {
        let mut db = table().await;
        for (from, to) in [(0, 0), (0, 1), (1, 7), (7, 300)] {
            let rows: Vec<i64> = (from..to).collect();
            let bind: Bind<i64> = |row, values| {
                values.add(*row)?;
                values.add(row * 10)
            };
            STORE.all(&mut db, &rows, bind).await.unwrap();
        }
        let sums: (i64, i64, i64) =
            sqlx::query_as("SELECT count(*), sum(one), sum(two) FROM numbers")
                .fetch_one(&mut db)
                .await
                .unwrap();
        assert_eq!(sums, (300, 44_850, 448_500));
    }

    #[tokio::test]
    async fn a_row_that_is_not_there_is_noticed() {
        let mut db = table().await;
        let error = DOUBLE.all(&mut db, &[1_i64], |row, values| values.add(*row)).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("doubling touched 0 rows, not 1"), "{error}");
    }
}
