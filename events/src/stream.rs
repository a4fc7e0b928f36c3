//! Names of streams: which sequence of events an event belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, MovieId, Slug};

/// A stream's name: a category, a dash and an identity, such as `movie-01890a5d-…`.
///
/// 1 to 512 bytes of any text without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName(String);

/// A text that cannot be a stream's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stream name has 1 to {} bytes and no control characters", StreamName::MAX_BYTES)]
pub struct InvalidStreamName;

impl StreamName {
    /// The longest name, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 512;

    /// Checks a name from outside.
    ///
    /// # Errors
    /// [`InvalidStreamName`] where it is empty, too long or holds control characters.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidStreamName> {
        let name = name.into();
        if name.is_empty() || name.len() > Self::MAX_BYTES || name.chars().any(char::is_control) {
            return Err(InvalidStreamName);
        }
        Ok(Self(name))
    }

    /// A film's own facts.
    #[must_use]
    pub fn movie(movie: MovieId) -> Self {
        Self(format!("movie-{movie}"))
    }

    /// One person's rating of one film: a stream of its own, so that a million people can rate the
    /// same film without contending.
    #[must_use]
    pub fn rating(movie: MovieId, account: AccountId) -> Self {
        Self(format!("rating-{movie}-{account}"))
    }

    /// A curated genre.
    #[must_use]
    pub fn genre(slug: &Slug) -> Self {
        Self(format!("genre-{slug}"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for StreamName {
    type Error = InvalidStreamName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<StreamName> for String {
    fn from(name: StreamName) -> Self {
        name.0
    }
}
