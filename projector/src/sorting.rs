//! The changes of a batch, sorted by the statements that write them. Pure, and the same for every store.

use events::Position;
use read_model::{
    FacetChange, FacetDocument, FacetKey, MovieChange, RatingChange, RatingDocument, RatingState,
    SearchChange, WithdrawnRating, search::SearchText,
};

/// Films, by how much of their row is written.
#[derive(Default)]
pub(crate) struct Movies<'a> {
    /// To insert.
    pub(crate) new: Vec<&'a MovieChange>,
    /// To update wholly.
    pub(crate) changed: Vec<&'a MovieChange>,
    /// To update only in what ratings change.
    pub(crate) rated: Vec<&'a MovieChange>,
}

impl<'a> Movies<'a> {
    pub(crate) fn of(changes: &'a [MovieChange]) -> Self {
        let mut sorted = Self::default();
        for movie in changes {
            match movie {
                MovieChange { is_new: true, .. } => sorted.new.push(movie),
                MovieChange { entry_changed: true, .. } => sorted.changed.push(movie),
                _ => sorted.rated.push(movie),
            }
        }
        // In the order of the primary key, so that the table grows at its end.
        sorted.new.sort_unstable_by_key(|movie| movie.created);
        sorted.rated.sort_unstable_by_key(|movie| movie.created);
        sorted
    }
}

/// Texts of films, for the search.
#[derive(Default)]
pub(crate) struct Texts<'a> {
    /// To remove from the index first. Some are not in it.
    pub(crate) out: Vec<Position>,
    /// To put into the index then.
    pub(crate) stored: Vec<(Position, &'a SearchText)>,
}

impl<'a> Texts<'a> {
    pub(crate) fn of(changes: &'a [MovieChange]) -> Self {
        let mut sorted = Self::default();
        for movie in changes {
            if let SearchChange::Store(text) = &movie.search {
                sorted.stored.push((movie.created, text));
            }
            if movie.search != SearchChange::Keep && !movie.is_new {
                sorted.out.push(movie.created);
            }
        }
        sorted.stored.sort_unstable_by_key(|(created, _)| *created);
        sorted
    }
}

/// Films in facets.
#[derive(Default)]
pub(crate) struct Memberships<'a> {
    /// To remove first.
    pub(crate) left: Vec<(&'a FacetKey, Position)>,
    /// To insert then.
    pub(crate) joined: Vec<(&'a FacetKey, Position)>,
}

impl<'a> Memberships<'a> {
    pub(crate) fn of(changes: &'a [MovieChange]) -> Self {
        let mut sorted = Self::default();
        for movie in changes {
            sorted.left.extend(movie.left.iter().map(|facet| (facet, movie.created)));
            sorted.joined.extend(movie.joined.iter().map(|facet| (facet, movie.created)));
        }
        // In the order of their index: neighbours stand on the same page.
        (sorted.joined)
            .sort_unstable_by_key(|&((kind, slug), created)| (kind.as_str(), slug, created));
        sorted
    }
}

/// Facets.
#[derive(Default)]
pub(crate) struct Facets<'a> {
    /// To insert or update.
    pub(crate) stored: Vec<&'a FacetDocument>,
    /// To remove.
    pub(crate) removed: Vec<&'a FacetKey>,
}

impl<'a> Facets<'a> {
    pub(crate) fn of(changes: &'a [FacetChange]) -> Self {
        let mut sorted = Self::default();
        for change in changes {
            match change {
                FacetChange::Store(facet) => sorted.stored.push(facet),
                FacetChange::Remove(key) => sorted.removed.push(key),
            }
        }
        sorted
    }
}

/// Ratings, in the order in which they are written.
#[derive(Default)]
pub(crate) struct Ratings<'a> {
    /// To remove from the withdrawn ratings.
    pub(crate) withdrawn_out: Vec<&'a RatingState>,
    /// To remove from the ratings.
    pub(crate) given_out: Vec<&'a RatingState>,
    /// To insert into the ratings.
    pub(crate) new: Vec<&'a RatingDocument>,
    /// To update in the ratings.
    pub(crate) given: Vec<&'a RatingDocument>,
    /// To insert into the withdrawn ratings, or to update there.
    pub(crate) withdrawn: Vec<&'a WithdrawnRating>,
}

impl<'a> Ratings<'a> {
    pub(crate) fn of(changes: &'a [RatingChange]) -> Self {
        use RatingState::{Given, Withdrawn};
        let mut sorted = Self::default();
        for rating in changes {
            match (&rating.before, &rating.now) {
                (None, Given(now)) => sorted.new.push(now),
                (Some(Given(_)), Given(now)) => sorted.given.push(now),
                (Some(Withdrawn(_)), Given(now)) => {
                    sorted.new.push(now);
                    sorted.withdrawn_out.push(&rating.now);
                }
                (Some(Given(_)), Withdrawn(now)) => {
                    sorted.withdrawn.push(now);
                    sorted.given_out.push(&rating.now);
                }
                (None | Some(Withdrawn(_)), Withdrawn(now)) => sorted.withdrawn.push(now),
            }
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use events::{AccountId, MovieId, Revision};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    const MOVIE: MovieId = MovieId(Uuid::nil());

    fn given(account: u128) -> RatingState {
        let (account_id, rated_at) = (AccountId(Uuid::from_u128(account)), Timestamp::UNIX_EPOCH);
        let revision = Revision(1);
        RatingState::Given(RatingDocument {
            movie_id: MOVIE,
            account_id,
            value: 7,
            rated_at,
            revision,
        })
    }

    fn withdrawn(account: u128) -> RatingState {
        let account_id = AccountId(Uuid::from_u128(account));
        RatingState::Withdrawn(WithdrawnRating {
            movie_id: MOVIE,
            account_id,
            revision: Revision(2),
        })
    }

    #[test]
    fn a_rating_leaves_the_table_that_it_is_no_more_in() {
        let changes: Vec<_> = [
            (None, given(1)),
            (Some(given(2)), given(2)),
            (Some(withdrawn(3)), given(3)),
            (Some(given(4)), withdrawn(4)),
            (None, withdrawn(5)),
            (Some(withdrawn(6)), withdrawn(6)),
        ]
        .into_iter()
        .map(|(before, now)| RatingChange { before, now })
        .collect();
        let sorted = Ratings::of(&changes);
        let accounts = |ids: Vec<AccountId>| -> Vec<u128> {
            ids.into_iter().map(|id| id.0.as_u128()).collect()
        };
        let states =
            |of: &[&RatingState]| accounts(of.iter().map(|rating| rating.key().1).collect());
        let documents =
            |of: &[&RatingDocument]| accounts(of.iter().map(|rating| rating.account_id).collect());
        assert_eq!(states(&sorted.withdrawn_out), [3]);
        assert_eq!(states(&sorted.given_out), [4]);
        assert_eq!(documents(&sorted.new), [1, 3]);
        assert_eq!(documents(&sorted.given), [2]);
        let withdrawn = sorted.withdrawn.iter().map(|rating| rating.account_id).collect();
        assert_eq!(accounts(withdrawn), [4, 5, 6]);
    }
}
