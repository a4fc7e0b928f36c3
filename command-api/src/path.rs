//! Parameters of paths.

use domain::Name;
use events::MovieId;
use serde::Deserialize;
use uuid::Uuid;

/// A film's id, in the one form that the schema promises: 8-4-4-4-12 hexadecimal digits.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct MovieIdParameter(MovieId);

#[derive(Debug, thiserror::Error)]
#[error("must be a UUID of 36 characters, such as 0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b")]
pub(crate) struct InvalidMovieId;

impl TryFrom<String> for MovieIdParameter {
    type Error = InvalidMovieId;

    fn try_from(text: String) -> Result<Self, InvalidMovieId> {
        /// Other forms of the same UUID are shorter (no hyphens) or longer (braces, `urn:uuid:`).
        const HYPHENATED_BYTES: usize = 36;
        if text.len() != HYPHENATED_BYTES {
            return Err(InvalidMovieId);
        }
        Uuid::try_parse(&text).map(|id| Self(MovieId(id))).map_err(|_| InvalidMovieId)
    }
}

/// `/v1/movies/{id}…`
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct MoviePath {
    id: MovieIdParameter,
}

/// `/v1/movies/{id}/tags/{tag}`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TagPath {
    id: MovieIdParameter,
    pub(crate) tag: Name,
}

/// `/v1/movies/{id}/platforms/{platform}`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PlatformPath {
    id: MovieIdParameter,
    pub(crate) platform: Name,
}

/// `/v1/genres/{slug}`: the slug, or a name that has it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GenrePath {
    pub(crate) slug: Name,
}

macro_rules! of_a_movie {
    ($($path:ident),+) => {
        $(impl $path {
            /// The film.
            pub(crate) fn movie(&self) -> MovieId {
                self.id.0
            }
        })+
    };
}

of_a_movie!(MoviePath, TagPath, PlatformPath);
