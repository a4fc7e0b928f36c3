//! A value that the store compares, binds and sorts by.

/// One value of a column or of a cursor. A cursor keeps its exact bits: otherwise a page would begin slightly beside
/// the place where the last one ended.
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
