//! One line of NDJSON: a film's facts, and what identifies it.

use domain::{Field, movie::MovieDraft};
use events::{MovieId, text::plain};

/// A film as a line says it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The film's id here, which follows from what the line says.
    pub(crate) movie: MovieId,
    /// What the line says of it.
    pub(crate) draft: MovieDraft,
}

impl Row {
    /// Reads a line. `None` for a blank one.
    ///
    /// # Errors
    /// What is wrong, a sentence each, where the line is no JSON object.
    pub(crate) fn parse(line: &[u8]) -> Result<Option<Self>, Vec<String>> {
        let text = std::str::from_utf8(line)
            .map_err(|error| vec![format!("byte {} is not UTF-8", error.valid_up_to() + 1)])?;
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Ok(None);
        }
        let draft: MovieDraft =
            serde_json::from_str(text).map_err(|error| vec![explain(&error)])?;
        Ok(Some(Self { movie: identify(&draft), draft }))
    }
}

/// What is wrong with the JSON of a line, by column: the line's number is known to whoever reads it.
fn explain(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
    match error.is_data() {
        true => "not a JSON object".to_owned(),
        false => format!("not JSON: {what} at column {}", error.column()),
    }
}

/// The same film gets the same id in every import: by its IMDb id, else by title and year.
fn identify(draft: &MovieDraft) -> MovieId {
    if let Field::Given(ids) = &draft.external_ids
        && let Field::Given(imdb) = &ids.imdb
    {
        return MovieId::from_source(&format!("imdb:{imdb}"));
    }
    let title = match &draft.title {
        Field::Given(title) => plain(title),
        _ => String::new(),
    };
    let year = match &draft.year {
        Field::Given(year) => year.0.to_string(),
        _ => String::new(),
    };
    MovieId::from_source(&format!("title:{title}:{year}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(line: &str) -> MovieId {
        Row::parse(line.as_bytes()).unwrap().unwrap().movie
    }

    #[test]
    fn a_film_is_known_by_its_imdb_id_else_by_title_and_year() {
        let imdb = id(r#"{"title": "A", "external_ids": {"imdb": "tt0000001"}}"#);
        assert_eq!(imdb, id(r#"{"title": "B", "external_ids": {"imdb": "tt0000001"}}"#));
        assert_eq!(imdb, MovieId::from_source("imdb:tt0000001"));
        let title = id(r#"{"title": "Amélie", "year": 2001}"#);
        assert_eq!(title, id(r#"{"title": " amelie", "year": 2001}"#));
        assert_ne!(title, id(r#"{"title": "Amélie", "year": 2002}"#));
    }

    #[test]
    fn a_byte_order_mark_and_blank_lines_do_no_harm() {
        assert!(Row::parse("\u{feff}{\"title\": \"A\"}".as_bytes()).unwrap().is_some());
        assert!(Row::parse(b" \r").unwrap().is_none());
    }

    #[test]
    fn what_is_no_object_is_refused_with_the_reason() {
        let broken = Row::parse(b"{\"title\": \xff}").unwrap_err();
        assert_eq!(broken, ["byte 11 is not UTF-8"]);
        assert_eq!(Row::parse(b"[1]").unwrap_err(), ["not a JSON object"]);
        let cut = Row::parse(b"{\"title\": ").unwrap_err();
        assert_eq!(cut, ["not JSON: EOF while parsing a value at column 9"]);
    }
}
