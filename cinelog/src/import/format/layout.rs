//! How the text of one record becomes an object again, for whoever is to correct it.

use encoding_rs::WINDOWS_1252;
use serde_json::{Map, Value};

use super::delimited::{Dialect, split};

/// What the records of a file look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Layout {
    /// JSON objects.
    Objects,
    /// Cells under these columns.
    Cells {
        /// The names of the columns.
        columns: Vec<String>,
        /// How the cells are divided.
        dialect: Dialect,
    },
}

impl Layout {
    /// The fields of a record by its text, as far as they can be told; broken UTF-8 is taken for
    /// Windows-1252, which it mostly is.
    pub(crate) fn object(&self, text: &[u8]) -> Option<Map<String, Value>> {
        let text = readable(text);
        match self {
            Self::Objects => serde_json::from_str(&text).ok(),
            Self::Cells { columns, dialect } => {
                let cells = split(&text, *dialect);
                // Of a row with too many cells or too few nobody knows which is which.
                (cells.len() == columns.len()).then(|| {
                    let cells = cells.into_iter().map(Value::String);
                    columns.iter().cloned().zip(cells).collect()
                })
            }
        }
    }
}

/// The text as somebody can read it.
fn readable(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(text).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_becomes_an_object_with_broken_utf_8_guessed() {
        let layout = Layout::Cells {
            columns: vec!["title".to_owned(), "year".to_owned()],
            dialect: Dialect { delimiter: b';', quote: Some(b'"') },
        };
        let object = layout.object(b"\"Am\xe9lie\";2001").unwrap();
        assert_eq!(Value::Object(object).to_string(), r#"{"title":"Amélie","year":"2001"}"#);
        assert_eq!(layout.object(b"a;b;c"), None);
    }

    #[test]
    fn json_that_is_broken_becomes_nothing() {
        assert_eq!(Layout::Objects.object(b"{\"title\": "), None);
        assert!(Layout::Objects.object(b"{\"title\": \"Am\xe9lie\"}").is_some());
    }
}
