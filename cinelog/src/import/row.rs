//! One record as a film: its facts, and what identifies it.

use domain::{
    Field,
    movie::{MovieDraft, MoviePatch},
};
use events::{MovieId, text::plain};

use super::format::{Complaint, Raw};

/// A film as a record says it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Where it stands in the file, to be shown where the film is refused in the end.
    pub(crate) raw: Raw,
    /// The film's id here, which follows from what the record says.
    pub(crate) movie: MovieId,
    /// What else the film may be known by.
    pub(crate) key: Key,
    /// What the record says of it, checked. It has a title.
    pub(crate) patch: Box<MoviePatch>,
}

/// By what a film is known from one import to the next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// IMDb's id.
    Imdb(String),
    /// The plain form of its title, and its year.
    Title(String, Option<i64>),
}

impl Row {
    /// Checks a draft.
    ///
    /// # Errors
    /// Everything that is wrong, and the record.
    pub(crate) fn new(raw: Raw, draft: MovieDraft) -> Result<Self, (Raw, Vec<Complaint>)> {
        let key = Key::of(&draft);
        match draft.into_patch() {
            Ok(patch) => Ok(Self { raw, movie: key.movie(), key, patch: Box::new(patch) }),
            Err(invalid) => {
                let complaint = |invalid: domain::Invalid| {
                    let field = invalid.pointer.trim_start_matches('/').replace('/', ".");
                    Complaint::about(field, format!("must {}", invalid.expected))
                };
                Err((raw, invalid.into_iter().map(complaint).collect()))
            }
        }
    }
}

/// The year that a draft says, or that of its day.
pub(super) fn year(draft: &MovieDraft) -> Option<i64> {
    match (&draft.year, &draft.release_date) {
        (Field::Given(year), _) => Some(year.0),
        (_, Field::Given(date)) => date.get(..4)?.parse().ok(),
        _ => None,
    }
}

impl Key {
    fn of(draft: &MovieDraft) -> Self {
        if let Field::Given(ids) = &draft.external_ids
            && let Field::Given(imdb) = &ids.imdb
        {
            return Self::Imdb(imdb.clone());
        }
        let title = match &draft.title {
            Field::Given(title) => plain(title),
            _ => String::new(),
        };
        Self::Title(title, year(draft))
    }

    /// The same film gets the same id in every import.
    fn movie(&self) -> MovieId {
        MovieId::from_source(&match self {
            Self::Imdb(imdb) => format!("imdb:{imdb}"),
            Self::Title(title, Some(year)) => format!("title:{title}:{year}"),
            Self::Title(title, None) => format!("title:{title}:"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Row {
        let raw = Raw { line: 1, text: json.as_bytes().to_vec() };
        Row::new(raw, serde_json::from_str(json).unwrap()).unwrap()
    }

    fn id(json: &str) -> MovieId {
        row(json).movie
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
    fn a_release_date_tells_the_year_where_nothing_else_does() {
        let year = id(r#"{"title": "A", "year": 1999}"#);
        assert_eq!(year, id(r#"{"title": "A", "release_date": "1999-12-31"}"#));
    }

    #[test]
    fn what_is_not_valid_is_refused_by_its_field() {
        let raw = Raw { line: 1, text: Vec::new() };
        let draft =
            serde_json::from_str(r#"{"title": "A", "year": 1, "tags": ["\u0007"]}"#).unwrap();
        let (_, complaints) = Row::new(raw, draft).unwrap_err();
        let fields: Vec<_> = complaints.iter().filter_map(|it| it.field.as_deref()).collect();
        assert_eq!(fields, ["year", "tags.0"]);
    }
}
