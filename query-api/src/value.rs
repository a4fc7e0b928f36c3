//! A value that the store compares, binds and sorts by.

/// One value of a column or of a cursor. Each keeps its exact bits on the way through a cursor, or
/// a page would begin a hair beside where the last one ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes: an id.
    Bytes(Vec<u8>),
}
