//! Values, between pages and Postgres.

use sqlx::{Postgres, QueryBuilder, Row, TypeInfo, ValueRef, postgres::PgRow};
use uuid::Uuid;

use crate::{store::StoreError, value::Value};

/// Binds a value.
pub(in crate::store::postgres) fn push_value(query: &mut QueryBuilder<Postgres>, value: &Value) {
    match value {
        Value::Integer(number) => query.push_bind(*number),
        Value::Real(number) => query.push_bind(*number),
        Value::Text(text) => query.push_bind(storable(text)),
        // The only bytes among keys are ids.
        Value::Bytes(bytes) => query.push_bind(Uuid::from_slice(bytes).unwrap_or_default()),
    };
}

/// A text without NUL, which no text in Postgres can hold.
pub(in crate::store::postgres) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

/// The value in a column.
pub(super) fn read_value(row: &PgRow, at: usize) -> Result<Value, StoreError> {
    let raw = row.try_get_raw(at)?;
    Ok(match raw.type_info().name() {
        "FLOAT8" => Value::Real(row.try_get(at)?),
        "TEXT" => Value::Text(row.try_get(at)?),
        "UUID" => Value::Bytes(row.try_get::<Uuid, _>(at)?.as_bytes().to_vec()),
        _ => Value::Integer(row.try_get(at)?),
    })
}
