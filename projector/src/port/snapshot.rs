//! A read model as it is at one moment, to be compared with another one of the same store.

use events::Digest;
use futures::stream::BoxStream;
use read_model::Checkpoint;

use crate::StoreError;

/// A value of a row, whatever the store calls its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number, or 0 and 1 for no and yes.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes; the 16 of an id among them.
    Blob(Vec<u8>),
}

/// The values of a row, in the order of [`Table::columns`].
pub type Row = Vec<Value>;

/// A table that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// How it is called.
    pub name: &'static str,
    /// Its columns: first those of its key, by which the rows are ordered.
    pub columns: &'static [&'static str],
    /// How many of the columns are its key.
    pub keys: usize,
}

/// A read model that stands still for as long as this lives.
pub trait Snapshot: Send {
    /// What it reflects.
    fn checkpoint(&self) -> Checkpoint;

    /// The digest of what was folded in or parked until there.
    fn digest(&self) -> Digest;

    /// All tables that a fold fills, the entries of the text index among them. Left out are the
    /// checkpoint, which is compared for itself, and what somebody has asked for (the mark at a parked
    /// stream), which no fold gives. The same for every snapshot of a store.
    fn tables(&self) -> Vec<Table>;

    /// The rows of one of [`tables`](Self::tables), streamed, in the order of its key: texts and bytes
    /// by their bytes, numbers by their value.
    fn rows<'a>(&'a mut self, table: &Table) -> BoxStream<'a, Result<Row, StoreError>>;
}
