//! What can be done to a rating.

use events::{AccountId, MovieId};

use super::RatingValue;
use crate::movie::Standing;

/// Something to do to one person's rating of one film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingCommand {
    /// The film.
    pub movie: MovieId,
    /// Whether it is in the catalogue: a fact of another stream, so it comes with the command. A film
    /// that is deleted at the same moment may still get the rating, which then stays with it.
    pub standing: Standing,
    /// Whose rating it is.
    pub account: AccountId,
    /// What to do to it.
    pub action: RatingAction,
}

/// What to do to a rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatingAction {
    /// Rate the film, or change one's mind about it.
    Rate(RatingValue),
    /// Take the rating back.
    Withdraw,
}
