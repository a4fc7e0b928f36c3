//! What the stores that speak SQL have in common: the columns of an event, and the port's numbers as
//! theirs, which have a sign and 63 bits. How a row is read is each store's own.

/// All columns of an event, in the order in which they are written and read.
macro_rules! columns {
    () => {
        "position, stream, revision, id, type, schema_version, recorded_at, actor, \
         correlation_id, causation_id, traceparent, idempotency_key, data"
    };
}
pub(crate) use columns;

/// A number of the store's, where the port has no negative ones.
pub(crate) fn number(value: i64) -> Result<u64, sqlx::Error> {
    u64::try_from(value).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// A number of the port's, where the store has none above 2^63 - 1.
pub(crate) fn integer(value: u64) -> Result<i64, sqlx::Error> {
    i64::try_from(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// As the store has it. Beyond its largest number there is nothing, so that stands for all larger ones.
pub(crate) fn at_most_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// So many rows at the most, as the store has it.
pub(crate) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
