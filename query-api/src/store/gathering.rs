//! From the rows that a store finds to a page: where it ends, and what lies before and after it.

use super::StoreError;
use crate::{
    page::{MAX_BYTES, Page, Place, Window},
    value::Value,
};

/// Collects the rows of a page. The store asks for one more than the window shows.
pub(crate) struct Gathering<'w, R> {
    window: &'w Window,
    rows: Vec<R>,
    bytes: usize,
    has_more: bool,
}

impl<'w, R> Gathering<'w, R> {
    /// An empty page.
    pub(crate) fn new(window: &'w Window) -> Self {
        Self { window, rows: Vec::new(), bytes: 0, has_more: false }
    }

    fn limit(&self) -> usize {
        usize::try_from(self.window.limit).unwrap_or(usize::MAX)
    }

    /// Takes the next row, whose document has so many bytes. `false`: the page ends before this row, and no more rows
    /// are wanted.
    pub(crate) fn take(&mut self, row: R, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let is_full = self.rows.len() == self.limit();
        self.has_more = is_full || (self.bytes > MAX_BYTES && !self.rows.is_empty());
        if !self.has_more {
            self.rows.push(row);
        }
        !self.has_more
    }

    /// The page. `keys` gives the sort keys of a row, and `read` its item.
    pub(crate) fn page<T>(
        mut self,
        keys: impl Fn(&R) -> Result<Vec<Value>, StoreError>,
        read: impl Fn(&R) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let is_cut = self.has_more && self.rows.len() < self.limit();
        let (has_before, has_after) = match &self.window.at {
            Place::Offset(offset) => (*offset > 0, self.has_more),
            Place::After(_) => (true, self.has_more),
            Place::Before(_) => {
                self.rows.reverse();
                (self.has_more, true)
            }
        };
        let place = |row: Option<&R>| row.map(&keys).transpose();
        Ok(Page {
            before: place(self.rows.first().filter(|_| has_before))?,
            after: place(self.rows.last().filter(|_| has_after))?,
            items: self.rows.iter().map(read).collect::<Result<_, _>>()?,
            is_cut,
        })
    }
}
