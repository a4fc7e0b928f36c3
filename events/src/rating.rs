//! What happens to one person's rating of one film.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccountId, MovieId};

/// A person rated a film, or changed their mind about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovieRated {
    /// The film.
    pub movie_id: MovieId,
    /// Who rated it.
    pub account_id: AccountId,
    /// From 1 (worst) to 10 (best).
    #[schemars(range(min = *Self::VALUES.start(), max = *Self::VALUES.end()))]
    pub value: u8,
}

impl MovieRated {
    /// The values that a rating can have, from worst to best.
    pub const VALUES: RangeInclusive<u8> = 1..=10;
}

/// A person took their rating of a film back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RatingWithdrawn {
    /// The film.
    pub movie_id: MovieId,
    /// Whose rating it was.
    pub account_id: AccountId,
}
