//! A film as it was sent, unchecked; and the check.

use events::MovieChanges;
use serde::Deserialize;

use super::{MovieContent, MoviePatch};
use crate::{
    Field, Invalid, Whole, check,
    field::Unknown,
    invalid::Findings,
    limits::{
        CAST_MAX, NAMES_MAX, RUNTIME_MINUTES, SYNOPSIS_CHARS_MAX, TITLE_CHARS_MAX, TMDB_IDS, YEARS,
    },
};

/// A film as it was sent, whole or in part. Reading one fails only where it is no object at all;
/// everything else is for the check to say.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, expecting = "a JSON object")]
#[expect(missing_docs, reason = "each field is the one of MovieDetails, or of MovieCreated")]
pub struct MovieDraft {
    pub title: Field<String>,
    pub original_title: Field<String>,
    /// In a patch it follows the release date where that is set: see [`MoviePatch::apply_to`].
    pub year: Field<Whole>,
    pub release_date: Field<String>,
    pub runtime_minutes: Field<Whole>,
    pub synopsis: Field<String>,
    pub genres: Field<Vec<Field<String>>>,
    pub tags: Field<Vec<Field<String>>>,
    pub platforms: Field<Vec<Field<String>>>,
    pub directors: Field<Vec<Field<String>>>,
    pub cast: Field<Vec<Field<String>>>,
    pub studios: Field<Vec<Field<String>>>,
    pub language: Field<String>,
    pub country: Field<String>,
    pub external_ids: Field<ExternalIdsDraft>,
    #[serde(flatten)]
    unknown: Unknown,
}

/// A film's ids elsewhere as they were sent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, expecting = "a JSON object")]
#[expect(missing_docs, reason = "each field is the one of ExternalIds")]
pub struct ExternalIdsDraft {
    pub imdb: Field<String>,
    pub tmdb: Field<Whole>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl MovieDraft {
    /// Forgets that fields of these names were sent, though a film has no such fields.
    #[must_use]
    pub fn ignoring(mut self, names: &[&str]) -> Self {
        self.unknown.retain(|name, _| !names.contains(&name.as_str()));
        self
    }

    /// The whole film that was meant: what is absent is empty, and a title is needed.
    ///
    /// # Errors
    /// Everything that is wrong, never an empty list.
    pub fn into_content(mut self) -> Result<MovieContent, Vec<Invalid>> {
        self.title = self.title.required();
        self.into_patch().map(|patch| patch.apply_to(&MovieContent::default()))
    }

    /// The change that was meant, as a JSON Merge Patch: what is absent stays as it is.
    ///
    /// # Errors
    /// Everything that is wrong, never an empty list.
    pub fn into_patch(self) -> Result<MoviePatch, Vec<Invalid>> {
        let mut findings = Findings::default();
        let patch = self.check(&mut findings);
        findings.or(Some(patch))
    }

    fn check(self, findings: &mut Findings) -> MoviePatch {
        let text_max = TITLE_CHARS_MAX;
        let mut changes = MovieChanges {
            title: check::line(self.title.not_null(), "/title", text_max, findings).flatten(),
            original_title: check::line(self.original_title, "/original_title", text_max, findings),
            year: check::whole(self.year, "/year", &YEARS, findings),
            release_date: check::date(self.release_date, "/release_date", findings),
            runtime_minutes: check::whole(
                self.runtime_minutes,
                "/runtime_minutes",
                &RUNTIME_MINUTES,
                findings,
            ),
            synopsis: check::prose(self.synopsis, "/synopsis", SYNOPSIS_CHARS_MAX, findings),
            genres: check::names(self.genres, "/genres", NAMES_MAX, findings),
            ..MovieChanges::default()
        };
        let tags = check::names(self.tags, "/tags", NAMES_MAX, findings);
        let platforms = check::names(self.platforms, "/platforms", NAMES_MAX, findings);
        changes.directors = check::names(self.directors, "/directors", NAMES_MAX, findings);
        changes.cast = check::names(self.cast, "/cast", CAST_MAX, findings);
        changes.studios = check::names(self.studios, "/studios", NAMES_MAX, findings);
        changes.language = check::language(self.language, "/language", findings);
        changes.country = check::country(self.country, "/country", findings);
        let (imdb, tmdb) = check_external_ids(self.external_ids, findings);
        findings.add_unknown("", &self.unknown);
        MoviePatch { changes, imdb, tmdb, tags, platforms }
    }
}

type Patched<T> = Option<Option<T>>;

fn check_external_ids(
    field: Field<ExternalIdsDraft>,
    findings: &mut Findings,
) -> (Patched<String>, Patched<u32>) {
    let expected = "be an object with imdb, tmdb, both or neither";
    match check::parsed(field, "/external_ids", findings, expected, Some) {
        None => (None, None),
        Some(None) => (Some(None), Some(None)),
        Some(Some(ids)) => {
            let imdb = check::imdb(ids.imdb, "/external_ids/imdb", findings);
            let tmdb = check::whole(ids.tmdb, "/external_ids/tmdb", &TMDB_IDS, findings);
            findings.add_unknown("/external_ids", &ids.unknown);
            (imdb, tmdb)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(json: &str) -> MovieDraft {
        serde_json::from_str(json).unwrap()
    }

    fn pointers(invalid: Vec<Invalid>) -> Vec<String> {
        invalid.into_iter().map(|invalid| invalid.pointer).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let invalid = draft(
            r#"{"title": " ", "year": 1869, "release_date": "2007-02-29", "runtime_minutes": "90",
                "genres": "Drama", "tags": ["ok", 7, null, ""], "cast": ["\u0007"], "language": "j",
                "country": "JPN", "external_ids": {"imdb": "tt1", "tmdb": 0, "rotten": 1},
                "synopsis": "\u0000", "stars": 5, "a/b~c": 1}"#,
        )
        .into_content()
        .unwrap_err();
        assert_eq!(
            pointers(invalid),
            [
                "/title",
                "/year",
                "/release_date",
                "/runtime_minutes",
                "/synopsis",
                "/genres",
                "/tags/1",
                "/tags/2",
                "/tags/3",
                "/cast/0",
                "/language",
                "/country",
                "/external_ids/imdb",
                "/external_ids/tmdb",
                "/external_ids/rotten",
                "/a~1b~0c",
                "/stars",
            ]
        );
    }

    #[test]
    fn the_findings_say_what_was_expected() {
        let invalid = draft(r#"{"year": 1}"#).into_content().unwrap_err();
        let said: Vec<&str> = invalid.iter().map(|invalid| invalid.expected.as_str()).collect();
        assert_eq!(
            said,
            [
                "be text of 1 to 300 characters, with at least one that is not white space and no control characters",
                "be a whole number from 1870 to 2200",
            ]
        );
    }

    #[test]
    fn a_body_of_a_thousand_mistakes_is_answered_with_a_hundred() {
        let fields: Vec<String> = (0..1000).map(|n| format!(r#""x{n}": 1"#)).collect();
        let invalid = draft(&format!("{{{}}}", fields.join(","))).into_content().unwrap_err();
        assert_eq!(invalid.len(), crate::MAX_INVALID);
    }

    #[test]
    fn a_film_is_normalised() {
        let content = draft(
            r#"{"title": "  七人の侍 ", "year": 1954.0, "synopsis": " \n ", "language": "ZH-hANT-tw",
                "country": "jp", "genres": ["Sci-Fi", "sci fi", "Drama"], "cast": null,
                "external_ids": {"imdb": "tt0047478", "tmdb": null}}"#,
        )
        .into_content()
        .unwrap();
        let details = content.details;
        assert_eq!(details.title, "七人の侍");
        assert_eq!(details.year, Some(1954));
        assert_eq!(details.synopsis, None);
        assert_eq!(details.language.as_deref(), Some("zh-Hant-TW"));
        assert_eq!(details.country.as_deref(), Some("JP"));
        assert_eq!(details.genres, ["Sci-Fi", "Drama"]);
        assert_eq!(details.external_ids.imdb.as_deref(), Some("tt0047478"));
    }

    #[test]
    fn the_year_comes_from_the_release_date_unless_it_is_given() {
        let with = |json| draft(json).into_content().unwrap().details.year;
        assert_eq!(with(r#"{"title": "A", "release_date": "2008-01-05"}"#), Some(2008));
        assert_eq!(
            with(r#"{"title": "A", "release_date": "2008-01-05", "year": 2007}"#),
            Some(2007)
        );
    }

    #[test]
    fn the_year_follows_a_patched_release_date_unless_it_is_said_too() {
        let film = r#"{"title": "A", "release_date": "2008-01-05", "year": 2007}"#;
        let film = draft(film).into_content().unwrap();
        let patched = |json| draft(json).into_patch().unwrap().apply_to(&film).details.year;
        assert_eq!(patched(r#"{"release_date": "2010-03-01"}"#), Some(2010));
        assert_eq!(patched(r#"{"release_date": "2010-03-01", "year": 2009}"#), Some(2009));
        assert_eq!(patched(r#"{"release_date": "2010-03-01", "year": null}"#), Some(2010));
        assert_eq!(patched(r#"{"year": null}"#), Some(2008));
        assert_eq!(patched(r#"{"release_date": null}"#), Some(2007));
        assert_eq!(patched(r#"{"release_date": null, "year": null}"#), None);
        assert_eq!(patched(r#"{"title": "B"}"#), Some(2007));
    }

    #[test]
    fn a_list_is_no_film_and_the_error_says_what_one_is() {
        let error = serde_json::from_str::<MovieDraft>(r#"["A"]"#).unwrap_err().to_string();
        assert!(error.contains("expected a JSON object"), "{error}");
    }

    #[test]
    fn a_date_is_a_full_date_that_exists() {
        let accepted = |date: &str| {
            draft(&format!(r#"{{"title": "A", "release_date": "{date}"}}"#)).into_content().is_ok()
        };
        assert!(accepted("2000-02-29"));
        for wrong in [
            "1900-02-29",
            "20070614",
            "2007-06-14T10:00",
            "2007-6-14",
            "+2007-6-14",
            "1869-12-31",
            "2201-01-01",
            "",
        ] {
            assert!(!accepted(wrong), "{wrong}");
        }
    }

    #[test]
    fn fields_that_are_ignored_by_name_are_no_mistake() {
        let draft = draft(r#"{"title": "A", "links": {}, "stars": 1}"#).ignoring(&["links"]);
        assert_eq!(pointers(draft.into_content().unwrap_err()), ["/stars"]);
    }

    #[test]
    fn a_patch_may_leave_the_title_out_but_not_take_it_away() {
        assert!(draft("{}").into_patch().is_ok());
        assert_eq!(pointers(draft(r#"{"title": null}"#).into_patch().unwrap_err()), ["/title"]);
    }
}
