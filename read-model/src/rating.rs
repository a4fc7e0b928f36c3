//! Ratings: one person's, and all of a film's in sum.

use events::{AccountId, MovieId, Revision};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One person's rating of one film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatingDocument {
    /// The film.
    pub movie_id: MovieId,
    /// Who rated it.
    pub account_id: AccountId,
    /// From 1 (worst) to 10 (best).
    pub value: u8,
    /// When they last said so.
    pub rated_at: Timestamp,
    /// The revision of the rating's stream.
    pub revision: Revision,
}

/// What is left of a rating that was taken back: how far its stream has been folded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WithdrawnRating {
    /// The film.
    pub movie_id: MovieId,
    /// Whose rating it was.
    pub account_id: AccountId,
    /// The revision of the rating's stream.
    pub revision: Revision,
}

/// What a rating's stream has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RatingState {
    /// This is the rating.
    Given(RatingDocument),
    /// There was one.
    Withdrawn(WithdrawnRating),
}

impl RatingState {
    /// Which rating it is.
    #[must_use]
    pub fn key(&self) -> (MovieId, AccountId) {
        match self {
            Self::Given(rating) => (rating.movie_id, rating.account_id),
            Self::Withdrawn(rating) => (rating.movie_id, rating.account_id),
        }
    }

    /// The revision of the rating's stream.
    pub(crate) fn revision(&self) -> Revision {
        match self {
            Self::Given(rating) => rating.revision,
            Self::Withdrawn(rating) => rating.revision,
        }
    }

    /// The value of the rating, where there is one.
    pub(crate) fn value(&self) -> Option<u8> {
        match self {
            Self::Given(rating) => Some(rating.value),
            Self::Withdrawn(_) => None,
        }
    }
}

/// What all ratings of a film come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatingSummary {
    /// The sum of all values.
    pub sum: u64,
    /// How many people rate the film.
    pub count: u64,
    /// How many gave each value: the first entry counts the 1s, the last the 10s.
    pub histogram: [u64; 10],
    /// When somebody last rated the film or took a rating back.
    pub changed_at: Option<Timestamp>,
}

impl RatingSummary {
    /// The mean of all ratings, 1 to 10. `None` where nobody rated the film.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no more than 53 bits")]
    pub fn average(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// Counts a rating in. `value` is one of [`events::MovieRated::VALUES`].
    pub(crate) fn add(&mut self, value: u8) {
        self.sum += u64::from(value);
        self.count += 1;
        if let Some(bar) = self.bar(value) {
            *bar += 1;
        }
    }

    /// Takes a rating that was counted out again.
    pub(crate) fn remove(&mut self, value: u8) {
        self.sum = self.sum.saturating_sub(u64::from(value));
        self.count = self.count.saturating_sub(1);
        if let Some(bar) = self.bar(value) {
            *bar = bar.saturating_sub(1);
        }
    }

    fn bar(&mut self, value: u8) -> Option<&mut u64> {
        self.histogram.get_mut(usize::from(value).checked_sub(1)?)
    }
}
