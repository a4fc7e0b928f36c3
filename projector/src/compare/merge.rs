//! Two tables in the order of one key, merged.

use std::cmp::Ordering;

use futures::StreamExt;

use super::{
    report::{Difference, What},
    value,
};
use crate::{
    StoreError,
    port::{Row, Snapshot, Table},
};

/// Tells `note` of every row that is not the same in both; gives how many rows `fresh` has.
pub(super) async fn merge(
    table: &Table,
    live: &mut dyn Snapshot,
    fresh: &mut dyn Snapshot,
    mut note: impl FnMut(Difference),
) -> Result<u64, StoreError> {
    let (mut live, mut fresh) = (live.rows(table), fresh.rows(table));
    let mut tell = |row: &Row, what| {
        note(Difference { table: table.name, row: value::name(row, table.keys), what });
    };
    let mut rows = 0;
    let mut there = live.next().await.transpose()?;
    let mut expected = fresh.next().await.transpose()?;
    loop {
        let order = match (&there, &expected) {
            (None, None) => return Ok(rows),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(there), Some(expected)) => value::cmp_key(there, expected, table.keys),
        };
        if let (Some(there), Some(expected), Ordering::Equal) = (&there, &expected, order) {
            if there != expected {
                tell(there, What::Changed(value::columns(table.columns, there, expected)));
            }
        } else if let (Some(stray), Ordering::Less) = (&there, order) {
            tell(stray, What::Stray);
        } else if let (Some(missing), Ordering::Greater) = (&expected, order) {
            tell(missing, What::Missing);
        }
        if order.is_le() {
            there = live.next().await.transpose()?;
        }
        if order.is_ge() {
            rows += 1;
            expected = fresh.next().await.transpose()?;
        }
    }
}
