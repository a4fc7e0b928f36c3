//! Lists of names: in one cell with something between them, or as JSON.

use serde_json::Value;

use super::{cell, python};
use crate::import::mapping::{Cell, Field};

/// What stands between names, the surer first. Only one of them counts in a text.
const SEPARATORS: [char; 3] = ['|', ';', ','];

/// What follows a comma in a name, so that the comma is part of it.
const SUFFIXES: [&str; 16] = [
    "jr", "sr", "ii", "iii", "iv", "inc", "ltd", "llc", "llp", "co", "corp", "gmbh", "sa", "plc",
    "phd", "md",
];

/// Adds the names in a cell to `names`. `separators` is `None` where a text is one name; none in there
/// are the usual ones.
pub(super) fn read(
    cell: Cell<'_>,
    field: Field,
    separators: Option<&[char]>,
    empty: &[String],
    names: &mut Vec<String>,
) -> Result<(), String> {
    let list = match cell {
        Cell::Json(Value::Array(values)) => Some(values),
        _ => None,
    };
    if let Some(values) = list {
        return add_all(values, field, empty, names);
    }
    let Some(text) = cell::text(cell, field, empty)? else { return Ok(()) };
    if let Some(written) = text.trim().strip_prefix('[').filter(|_| separators.is_some()) {
        if written.trim_end() == "]" {
            return Ok(());
        }
        return match parse(&text) {
            Some(Value::Array(values)) => add_all(&values, field, empty, names),
            _ => Err(unreadable(&text)),
        };
    }
    match separators {
        None => add(&text, field, empty, names),
        Some(separators) => {
            for name in split(&text, separators) {
                add(&name, field, empty, names);
            }
        }
    }
    Ok(())
}

/// A list as JSON, or as Python prints it.
pub(super) fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| python::parse(text))
}

/// What is said of a text that ought to be a list.
pub(super) fn unreadable(text: &str) -> String {
    format!("{} is no list that can be read", cell::shown(text))
}

/// Adds the names of a JSON list, each a text, a number or an object with a name.
fn add_all(
    values: &[Value],
    field: Field,
    empty: &[String],
    names: &mut Vec<String>,
) -> Result<(), String> {
    for value in values {
        if value.is_array() {
            return Err("a list in a list".to_owned());
        }
        if let Some(text) = cell::text(Cell::Json(value), field, empty)? {
            add(&text, field, empty, names);
        }
    }
    Ok(())
}

fn add(name: &str, field: Field, empty: &[String], names: &mut Vec<String>) {
    let name = cell::line(name);
    if !cell::says_nothing(&name, field, empty) {
        names.push(name);
    }
}

/// The names of a text.
fn split(text: &str, separators: &[char]) -> Vec<String> {
    if !separators.is_empty() {
        return text.split(separators).map(str::to_owned).collect();
    }
    let Some(separator) = SEPARATORS.into_iter().find(|&separator| text.contains(separator)) else {
        return vec![text.to_owned()];
    };
    let mut names: Vec<String> = Vec::new();
    for part in text.split(separator) {
        let bare = part.trim().trim_end_matches('.').replace('.', "").to_ascii_lowercase();
        match names.last_mut() {
            Some(name) if separator == ',' && SUFFIXES.contains(&bare.as_str()) => {
                name.push(',');
                name.push_str(part);
            }
            _ => names.push(part.to_owned()),
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(text: &str, separators: Option<&[char]>) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        read(Cell::Text(text), Field::Genres, separators, &[], &mut names).map(|()| names)
    }

    #[test]
    fn the_surest_separator_that_is_there_counts() {
        let read = |text| names(text, Some(&[])).unwrap();
        assert_eq!(read("Drama"), ["Drama"]);
        assert_eq!(read("Crime, Drama,,"), ["Crime", "Drama"]);
        assert_eq!(read("A|B, C"), ["A", "B, C"]);
        assert_eq!(
            read("Robert Downey, Jr., Cannon Films, Inc., Jim"),
            ["Robert Downey, Jr.", "Cannon Films, Inc.", "Jim"]
        );
        assert_eq!(read("(no genres listed)"), [""; 0]);
    }

    #[test]
    fn separators_may_be_said_and_a_name_may_be_whole() {
        assert_eq!(names("A/B, C", Some(&['/'])).unwrap(), ["A", "B, C"]);
        assert_eq!(names("Thriller, Suspense", None).unwrap(), ["Thriller, Suspense"]);
    }

    #[test]
    fn lists_in_json_and_in_pythons_way_of_writing_are_read() {
        let read = |text| names(text, Some(&[]));
        assert_eq!(read(r#"["A", "B"]"#).unwrap(), ["A", "B"]);
        assert_eq!(read("[{'id': 16, 'name': 'Animation'}]").unwrap(), ["Animation"]);
        assert_eq!(read("[ ]").unwrap(), [""; 0]);
        assert!(read("[{'id': 16").unwrap_err().contains("no list that can be read"));
        assert!(read("[[1]]").is_err());
    }

    #[test]
    fn elements_of_json_may_be_objects_and_numbers() {
        let value = json!(["A, B", {"id": 1, "name": "C"}, 300, null, " "]);
        let mut names = Vec::new();
        read(Cell::Json(&value), Field::Genres, Some(&[]), &[], &mut names).unwrap();
        assert_eq!(names, ["A, B", "C", "300"]);
    }
}
