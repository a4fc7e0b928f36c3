//! The values of rows: their order, and how they read.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::Value as Json;
use uuid::Uuid;

use crate::port::{Row, Value};

/// The longest value that is printed, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// How many fields of a document are printed.
const SHOWN_FIELDS_MAX: usize = 8;

/// Compares the first `keys` values.
pub(super) fn cmp_key(one: &Row, other: &Row, keys: usize) -> Ordering {
    let pairs = one.iter().zip(other).take(keys);
    pairs
        .map(|(one, other)| one.order(other))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// The first `keys` values, for people.
pub(super) fn name(row: &Row, keys: usize) -> String {
    let names: Vec<_> = row.iter().take(keys).map(Value::show).collect();
    names.join(" ")
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

    /// The order of what cannot be compared.
    fn class(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Blob(_) => 3,
        }
    }

    /// The value for people: ids as such, texts cut short.
    fn show(&self) -> String {
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
pub(super) fn columns(names: &[&str], one: &Row, other: &Row) -> Vec<(String, String, String)> {
    let mut differing = Vec::new();
    for (name, (one, other)) in names.iter().zip(one.iter().zip(other)) {
        if one == other {
            continue;
        }
        let fields = match *name {
            "document" => fields(one, other),
            "words" => words(one, other),
            _ => None,
        };
        match fields {
            Some(fields) => differing.extend(fields),
            None => differing.push(((*name).to_owned(), one.show(), other.show())),
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
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
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

/// The words of which two texts differ in the places. `None` where they cannot be told.
fn words(one: &Value, other: &Value) -> Option<Vec<(String, String, String)>> {
    let (Value::Text(one), Value::Text(other)) = (one, other) else { return None };
    let (one, other) = (places(one), places(other));
    let all: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let show = |places: Option<&&str>| places.map_or("absent".to_owned(), |at| (*at).to_owned());
    let words: Vec<_> = (all.into_iter())
        .filter(|word| one.get(*word) != other.get(*word))
        .map(|word| (format!("words.{word}"), show(one.get(word)), show(other.get(word))))
        .take(SHOWN_FIELDS_MAX)
        .collect();
    (!words.is_empty()).then_some(words)
}

/// The words of a text as a store prints them: `'word':1,2 'other':3`. None has a space or quote in it.
fn places(text: &str) -> BTreeMap<&str, &str> {
    let entries = text.split(' ').filter_map(|entry| entry.rsplit_once(':'));
    entries.map(|(word, places)| (word.trim_matches('\''), places)).collect()
}
