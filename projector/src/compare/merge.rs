//! Two tables in the order of one key, merged.

use std::cmp::Ordering;

use futures::{StreamExt, stream::BoxStream};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    report::{Difference, What},
    row::{self, Row},
    tables::Table,
};
use crate::{StoreError, sqlite::store_error};

/// Tells `note` of every row that is not the same in both; gives how many rows `fresh` has.
pub(super) async fn merge(
    table: &Table,
    live: &mut SqliteConnection,
    fresh: &mut SqliteConnection,
    mut note: impl FnMut(Difference),
) -> Result<u64, StoreError> {
    let mut live = Cursor::new(sqlx::query(table.sql).fetch(live));
    let mut fresh = Cursor::new(sqlx::query(table.sql).fetch(fresh));
    let mut tell = |row: &Row, what| {
        note(Difference { table: table.name, row: row.name(table.keys), what });
    };
    let mut rows = 0;
    let (mut there, mut expected) = (live.next().await?, fresh.next().await?);
    loop {
        let order = match (&there, &expected) {
            (None, None) => return Ok(rows),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((_, there)), Some((_, expected))) => there.cmp_key(expected, table.keys),
        };
        if let (Some((names, there)), Some((_, expected)), Ordering::Equal) =
            (&there, &expected, order)
        {
            if there.values != expected.values {
                tell(there, What::Changed(row::columns(names, there, expected)));
            }
        } else if let (Some((_, stray)), Ordering::Less) = (&there, order) {
            tell(stray, What::Stray);
        } else if let (Some((_, missing)), Ordering::Greater) = (&expected, order) {
            tell(missing, What::Missing);
        }
        if order.is_le() {
            there = live.next().await?;
        }
        if order.is_ge() {
            rows += 1;
            expected = fresh.next().await?;
        }
    }
}

/// The rows of one side.
struct Cursor<'a> {
    rows: BoxStream<'a, Result<SqliteRow, sqlx::Error>>,
}

impl<'a> Cursor<'a> {
    fn new(rows: BoxStream<'a, Result<SqliteRow, sqlx::Error>>) -> Self {
        Self { rows }
    }

    /// The next row, with its columns' names.
    async fn next(&mut self) -> Result<Option<(SqliteRow, Row)>, StoreError> {
        let Some(row) = self.rows.next().await.transpose().map_err(store_error)? else {
            return Ok(None);
        };
        let values = Row::read(&row)?;
        Ok(Some((row, values)))
    }
}
