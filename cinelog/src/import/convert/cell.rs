//! The text of a cell: what stands for nothing, numbers for texts, HTML entities.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::list;
use crate::import::mapping::{Cell, Field};

/// What stands for nothing wherever it stands. IMDb writes the second.
const NOTHING: [&str; 2] = ["", "\\N"];

/// What stands for nothing unless it is a title: programs write it where there is no value.
const NO_VALUE: [&str; 16] = [
    "N/A",
    "n/a",
    "NaN",
    "nan",
    "NULL",
    "null",
    "None",
    "none",
    "nil",
    "-",
    "--",
    "–",
    "—",
    "?",
    "(no genres listed)",
    "undefined",
];

/// The same, but for the codes of Namibia and of Nauruan.
const NOT_AVAILABLE: [&str; 2] = ["NA", "na"];

/// Under which names the objects of a list say what they are.
const NAMES: [&str; 3] = ["name", "title", "english_name"];

/// How many characters of a cell are shown where it is wrong.
const SHOWN_CHARS_MAX: usize = 60;

/// What a cell says, trimmed and with its entities decoded. `None` where it says nothing.
pub(super) fn text<'a>(
    cell: Cell<'a>,
    field: Field,
    empty: &[String],
) -> Result<Option<Cow<'a, str>>, String> {
    let text = match cell {
        Cell::Text(text) if is_main_of_several(field) && text.starts_with('[') => {
            return listed(text, field, empty);
        }
        Cell::Text(text) => Cow::Borrowed(text),
        Cell::Json(Value::Null) => return Ok(None),
        Cell::Json(Value::String(text)) => Cow::Borrowed(text.as_str()),
        Cell::Json(Value::Number(number)) => Cow::Owned(number_text(number)),
        Cell::Json(Value::Bool(value)) => return Err(format!("{value} is no text")),
        Cell::Json(Value::Object(object)) => return member(object, field, empty),
        Cell::Json(Value::Array(values)) => {
            return match values.as_slice() {
                [] => Ok(None),
                [value] => self::text(Cell::Json(value), field, empty),
                // The main one stands first.
                [value, ..] if is_main_of_several(field) => {
                    self::text(Cell::Json(value), field, empty)
                }
                _ => Err("a list, where there can be one value only".to_owned()),
            };
        }
    };
    Ok(Some(decoded(text)).filter(|text| !says_nothing(text.trim(), field, empty)))
}

/// The main one of a list that is written into a cell.
fn listed<'a>(text: &str, field: Field, empty: &[String]) -> Result<Option<Cow<'a, str>>, String> {
    let value = list::parse(text).ok_or_else(|| list::unreadable(text))?;
    Ok(self::text(Cell::Json(&value), field, empty)?.map(|text| Cow::Owned(text.into_owned())))
}

/// Whether of several values the first is the one to take.
pub(super) fn is_main_of_several(field: Field) -> bool {
    matches!(field, Field::Country | Field::Language)
}

/// What an object says: its name, or for countries and languages its code.
fn member<'a>(
    object: &'a Map<String, Value>,
    field: Field,
    empty: &[String],
) -> Result<Option<Cow<'a, str>>, String> {
    let code = match field {
        Field::Country => Some("iso_3166_1"),
        Field::Language => Some("iso_639_1"),
        _ => None,
    };
    let mut names = code.into_iter().chain(NAMES);
    match names.find_map(|name| object.get(name)).filter(|value| !value.is_object()) {
        Some(value) => text(Cell::Json(value), field, empty),
        None => Err("an object without a name".to_owned()),
    }
}

/// Whether a text stands for nothing.
pub(super) fn says_nothing(text: &str, field: Field, empty: &[String]) -> bool {
    let is_code = is_main_of_several(field);
    NOTHING.contains(&text)
        || empty.iter().any(|known| known == text)
        || (field != Field::Title && NO_VALUE.contains(&text))
        || (field != Field::Title && !is_code && NOT_AVAILABLE.contains(&text))
}

/// A number as a text: `300`, also where it was written 300.0.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        // Whole numbers have no exponent below this.
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

/// The text with HTML's entities decoded: `&amp;`, `&eacute;`, `&#233;`.
fn decoded(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('&') {
        return text;
    }
    match text {
        Cow::Borrowed(text) => html_escape::decode_html_entities(text),
        Cow::Owned(text) => Cow::Owned(html_escape::decode_html_entities(&text).into_owned()),
    }
}

/// A text that is one line: line ends and tabs in it become spaces.
pub(super) fn line(text: &str) -> String {
    let text = text.trim();
    if text.contains(['\n', '\r', '\t']) {
        text.split(['\n', '\r', '\t'])
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    } else {
        text.to_owned()
    }
}

/// A text that may have several lines, with one kind of line end.
pub(super) fn prose(text: &str) -> String {
    let text = text.trim();
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.to_owned()
    }
}

/// A cell's text as it is shown to whoever is to correct it.
pub(super) fn shown(text: &str) -> String {
    let text = text.trim();
    let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).map(visible).collect();
    if text.chars().count() > SHOWN_CHARS_MAX {
        shown.push('…');
    }
    format!("“{shown}”")
}
