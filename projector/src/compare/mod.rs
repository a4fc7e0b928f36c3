//! Two read models compared, row by row, over all tables.
//!
//! Both are read in the order of the same key and merged, so that memory stays flat however many rows
//! there are. Every key is the same in every build: that of a film is where it was created. The text
//! index is compared by its entries: which word stands where in which film.

mod merge;
mod report;
mod row;
mod tables;

pub use report::{Comparison, Difference, TableComparison, What};

use sqlx::SqliteConnection;

use crate::{StoreError, sqlite::store_error};
use tables::TABLES;

/// Compares the read model behind `live` with one that was folded afresh. Keeps at most `shown_max`
/// differences, and counts all.
///
/// Both must stand still meanwhile: a transaction on each sees to that.
///
/// # Errors
/// [`StoreError`] where one of them cannot be read.
pub(crate) async fn compare(
    live: &mut SqliteConnection,
    fresh: &mut SqliteConnection,
    shown_max: usize,
) -> Result<Comparison, StoreError> {
    let mut comparison = Comparison::default();
    for table in TABLES {
        let mut differences = 0;
        let note = |difference: Difference| {
            differences += 1;
            if comparison.shown.len() < shown_max {
                comparison.shown.push(difference);
            }
        };
        let rows = merge::merge(table, live, fresh, note).await?;
        comparison.tables.push(TableComparison { name: table.name, rows, differences });
    }
    Ok(comparison)
}

/// Makes the entries of the text index readable on this connection.
///
/// # Errors
/// [`StoreError`] where there is no such index.
pub(crate) async fn open_text_index(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(tables::TEXT_INDEX).execute(connection).await.map_err(store_error)?;
    Ok(())
}
