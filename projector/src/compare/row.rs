//! A row as it is compared: values in SQLite's order, and how they read.

use std::cmp::Ordering;

use serde_json::Value as Json;
use sqlx::{Column, Row as _, TypeInfo, ValueRef, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{StoreError, sqlite::store_error};

/// The longest value that is printed, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// How many fields of a document are printed.
const SHOWN_FIELDS_MAX: usize = 8;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// A row: its values, the key first.
pub(super) struct Row {
    pub(super) values: Vec<Value>,
}

impl Row {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let value = |index| -> Result<Value, sqlx::Error> {
            let raw = row.try_get_raw(index)?;
            Ok(match raw.type_info().name() {
                _ if raw.is_null() => Value::Null,
                "INTEGER" | "BOOLEAN" => Value::Integer(row.try_get_unchecked(index)?),
                "REAL" => Value::Real(row.try_get_unchecked(index)?),
                "BLOB" => Value::Blob(row.try_get_unchecked(index)?),
                _ => Value::Text(row.try_get_unchecked(index)?),
            })
        };
        let values = (0..row.len()).map(value).collect::<Result<_, _>>().map_err(store_error)?;
        Ok(Self { values })
    }

    /// Compares the first `keys` values.
    pub(super) fn cmp_key(&self, other: &Self, keys: usize) -> Ordering {
        let pairs = self.values.iter().zip(&other.values).take(keys);
        pairs
            .map(|(one, other)| one.order(other))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// The first `keys` values, for people.
    pub(super) fn name(&self, keys: usize) -> String {
        let names: Vec<_> = self.values.iter().take(keys).map(Value::show).collect();
        names.join(" ")
    }
}

impl Value {
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Blob(one), Self::Blob(other)) => one.cmp(other),
            (Self::Real(one), Self::Real(other)) => one.total_cmp(other),
            _ => self.class().cmp(&other.class()),
        }
    }

    /// SQLite's order of what cannot be compared.
    fn class(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Blob(_) => 3,
        }
    }

    /// The value for people: ids as such, texts cut short.
    pub(super) fn show(&self) -> String {
        match self {
            Self::Null => "absent".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Text(text) => shorten(text),
            Self::Blob(bytes) => match Uuid::from_slice(bytes) {
                Ok(id) => id.to_string(),
                Err(_) => format!("{} bytes", bytes.len()),
            },
        }
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((cut, _)) => format!("{:?}…", &text[..cut]),
        None => format!("{text:?}"),
    }
}

/// The columns in which two rows differ: name, one value, the other. Documents are taken apart into
/// their fields.
pub(super) fn columns(names: &SqliteRow, one: &Row, other: &Row) -> Vec<(String, String, String)> {
    let mut differing = Vec::new();
    let values = one.values.iter().zip(&other.values);
    for (column, (one, other)) in names.columns().iter().zip(values) {
        if one == other {
            continue;
        }
        let fields = if column.name() == "document" { fields(one, other) } else { None };
        match fields {
            Some(fields) => differing.extend(fields),
            None => differing.push((column.name().to_owned(), one.show(), other.show())),
        }
    }
    differing
}

/// The fields in which two documents differ. `None` where they cannot be told, or differ in their
/// spelling alone.
fn fields(one: &Value, other: &Value) -> Option<Vec<(String, String, String)>> {
    let (Value::Text(one), Value::Text(other)) = (one, other) else { return None };
    let Json::Object(one) = serde_json::from_str(one).ok()? else { return None };
    let Json::Object(other) = serde_json::from_str(other).ok()? else { return None };
    let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let show = |value: Option<&Json>| match value {
        None => "absent".to_owned(),
        Some(value) => shorten(&value.to_string()),
    };
    let fields: Vec<_> = (names.into_iter())
        .filter(|name| one.get(*name) != other.get(*name))
        .map(|name| (format!("document.{name}"), show(one.get(name)), show(other.get(name))))
        .take(SHOWN_FIELDS_MAX)
        .collect();
    (!fields.is_empty()).then_some(fields)
}
