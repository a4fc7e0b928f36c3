//! What happens to a film.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{MovieId, names};

/// A film's catalogue entry, less what has events of its own (tags, platforms, ratings).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovieDetails {
    /// The title it is listed under.
    pub title: String,
    /// The title in the language it was made in, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_title: Option<String>,
    /// Year of first release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i16>,
    /// Day of first release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_date: Option<Date>,
    /// Length in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_minutes: Option<u32>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synopsis: Option<String>,
    /// Names of its genres.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub genres: Vec<String>,
    /// Names of its directors, in order of credit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directors: Vec<String>,
    /// Names of its actors, in order of billing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cast: Vec<String>,
    /// Names of the studios that made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub studios: Vec<String>,
    /// Its main language, a BCP 47 tag such as `ja` or `pt-BR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Its main country, an ISO 3166-1 alpha-2 code such as `JP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// What other catalogues call it.
    #[serde(default, skip_serializing_if = "ExternalIds::is_empty")]
    pub external_ids: ExternalIds,
}

/// What other catalogues call a film.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExternalIds {
    /// IMDb's id, such as `tt0111161`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imdb: Option<String>,
    /// TMDB's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tmdb: Option<u32>,
}

impl ExternalIds {
    /// Whether no other catalogue is known to list the film.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A film entered the catalogue.
///
/// Version 1 had one `director`; version 2 has `directors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovieCreated {
    /// The film.
    pub movie_id: MovieId,
    /// All that was said of it.
    #[serde(flatten)]
    pub details: MovieDetails,
    /// Free labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where it can be watched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
}

/// Some of a film's details were changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovieDetailsChanged {
    /// The film.
    pub movie_id: MovieId,
    /// What is different now.
    pub changes: MovieChanges,
}

/// The details that changed, each with its new value; absent means unchanged, `null` means there is
/// none any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "each field is the one of MovieDetails")]
pub struct MovieChanges {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub original_title: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub year: Option<Option<i16>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub release_date: Option<Option<Date>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub runtime_minutes: Option<Option<u32>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub synopsis: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genres: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directors: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cast: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub studios: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub language: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub country: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_ids: Option<ExternalIds>,
}

/// Reads a present field as `Some`, also where it is `null`: absent and `null` differ here.
fn some<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Calls `$visit!(field)` for every field of [`MovieDetails`], so that none can be forgotten.
macro_rules! each_detail {
    ($visit:ident) => {
        $visit!(title);
        $visit!(original_title);
        $visit!(year);
        $visit!(release_date);
        $visit!(runtime_minutes);
        $visit!(synopsis);
        $visit!(genres);
        $visit!(directors);
        $visit!(cast);
        $visit!(studios);
        $visit!(language);
        $visit!(country);
        $visit!(external_ids);
    };
}

impl MovieChanges {
    /// What must change to get from `old` to `new`.
    #[must_use]
    pub fn between(old: &MovieDetails, new: &MovieDetails) -> Self {
        let mut changes = Self::default();
        macro_rules! compare {
            ($field:ident) => {
                if old.$field != new.$field {
                    changes.$field = Some(new.$field.clone());
                }
            };
        }
        each_detail!(compare);
        changes
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Makes the changes in `details`.
    pub fn apply_to(&self, details: &mut MovieDetails) {
        macro_rules! apply {
            ($field:ident) => {
                if let Some(value) = &self.$field {
                    details.$field.clone_from(value);
                }
            };
        }
        each_detail!(apply);
    }
}

/// Labels were put on a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovieTagged {
    /// The film.
    pub movie_id: MovieId,
    /// The new labels.
    pub tags: Vec<String>,
}

impl MovieTagged {
    /// Puts the labels among `tags`. One that is there in another spelling stays as it is.
    pub fn apply_to(&self, tags: &mut Vec<String>) {
        names::add(tags, &self.tags);
    }
}

/// Labels were taken off a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovieUntagged {
    /// The film.
    pub movie_id: MovieId,
    /// The labels it has no more.
    pub tags: Vec<String>,
}

impl MovieUntagged {
    /// Takes the labels from `tags`. Their spelling does not matter.
    pub fn apply_to(&self, tags: &mut Vec<String>) {
        names::remove(tags, &self.tags);
    }
}

/// A film can be watched in more places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoviePlatformsAdded {
    /// The film.
    pub movie_id: MovieId,
    /// The new places.
    pub platforms: Vec<String>,
}

impl MoviePlatformsAdded {
    /// Puts the places among `platforms`. One that is there in another spelling stays as it is.
    pub fn apply_to(&self, platforms: &mut Vec<String>) {
        names::add(platforms, &self.platforms);
    }
}

/// A film can no longer be watched in some places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoviePlatformsRemoved {
    /// The film.
    pub movie_id: MovieId,
    /// The places that show it no more.
    pub platforms: Vec<String>,
}

impl MoviePlatformsRemoved {
    /// Takes the places from `platforms`. Their spelling does not matter.
    pub fn apply_to(&self, platforms: &mut Vec<String>) {
        names::remove(platforms, &self.platforms);
    }
}

/// A film left the catalogue. Its history and its ratings stay, and it can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovieDeleted {
    /// The film.
    pub movie_id: MovieId,
}

/// A deleted film is back in the catalogue, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovieRestored {
    /// The film.
    pub movie_id: MovieId,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn details() -> impl Strategy<Value = MovieDetails> {
        (
            "[A-Z]{1,3}",
            proptest::option::of("[a-z]{1,3}"),
            proptest::option::of(1900i16..2000),
            proptest::collection::vec("[a-z]{1,3}", 0..3),
            proptest::option::of(1u32..9),
        )
            .prop_map(|(title, original_title, year, genres, tmdb)| MovieDetails {
                title,
                original_title,
                year,
                genres,
                external_ids: ExternalIds { imdb: None, tmdb },
                ..MovieDetails::default()
            })
    }

    proptest! {
        #[test]
        fn applying_the_changes_between_two_versions_leads_from_one_to_the_other(
            old in details(), new in details()
        ) {
            let changes = MovieChanges::between(&old, &new);
            let json = serde_json::to_string(&changes).unwrap();
            let read: MovieChanges = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&read, &changes);
            let mut reached = old.clone();
            read.apply_to(&mut reached);
            prop_assert_eq!(&reached, &new);
            prop_assert_eq!(changes.is_empty(), old == new);
        }
    }
}
