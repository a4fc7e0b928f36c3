//! Two read models of one store compared, row by row, over all tables.
//!
//! Both are read in the order of the same key and merged, so that memory stays flat however many rows
//! there are. Every key is the same in every build: that of a film is where it was created. The text
//! index is compared by its entries: which word stands where in which film.

mod merge;
mod report;
mod value;

pub use report::{Comparison, Difference, TableComparison, What};

use crate::{StoreError, port::Snapshot};

/// Compares the read model `live` with one that was folded afresh. Keeps at most `shown_max`
/// differences, and counts all.
///
/// # Errors
/// [`StoreError`] where one of them cannot be read.
pub(crate) async fn compare(
    live: &mut dyn Snapshot,
    fresh: &mut dyn Snapshot,
    shown_max: usize,
) -> Result<Comparison, StoreError> {
    let mut comparison = Comparison::default();
    for table in fresh.tables() {
        let mut differences = 0;
        let note = |difference: Difference| {
            differences += 1;
            if comparison.shown.len() < shown_max {
                comparison.shown.push(difference);
            }
        };
        let rows = merge::merge(&table, live, fresh, note).await?;
        comparison.tables.push(TableComparison { name: table.name, rows, differences });
    }
    Ok(comparison)
}
