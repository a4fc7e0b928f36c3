//! A read model as it is at one moment, to be compared with another one in the same store.

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
    /// Bytes. An id is 16 of them.
    Blob(Vec<u8>),
}

/// The values of a row, in the order of [`Table::columns`].
pub type Row = Vec<Value>;

/// A table that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns. Those of its key come first; rows are ordered by it.
    pub columns: &'static [&'static str],
    /// How many of the columns are its key.
    pub keys: usize,
}

/// A read model that stands still for as long as this lives.
pub trait Snapshot: Send {
    /// What it reflects.
    fn checkpoint(&self) -> Checkpoint;

    /// The digest of the events that were folded in or parked up to there.
    fn digest(&self) -> Digest;

    /// All tables that a fold fills, with the entries of the text index. They are the same for every snapshot of a
    /// store. Left out are the checkpoint, which is compared separately, and whether somebody has asked for a parked
    /// stream to be tried again, which no fold can tell.
    fn tables(&self) -> Vec<Table>;

    /// The rows of one of [`tables`](Self::tables), streamed, in the order of its key. Texts are ordered by
    /// their bytes.
    fn rows<'a>(&'a mut self, table: &Table) -> BoxStream<'a, Result<Row, StoreError>>;
}
