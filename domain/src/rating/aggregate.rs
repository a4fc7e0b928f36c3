//! What one person thinks of one film, and what a command does to it.

use events::{Event, MovieRated, RatingWithdrawn};

use super::{RatingAction, RatingCommand, RatingRefusal};
use crate::{Aggregate, movie::Standing};

/// One person's rating of one film: none, or its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rating {
    /// From 1 to 10.
    pub value: Option<u8>,
}

impl Aggregate for Rating {
    type Command = RatingCommand;
    type Refusal = RatingRefusal;

    fn decide(&self, command: &RatingCommand) -> Result<Vec<Event>, RatingRefusal> {
        match command.standing {
            Standing::Unknown => return Err(RatingRefusal::MovieUnknown),
            Standing::Deleted => return Err(RatingRefusal::MovieDeleted),
            Standing::Listed => {}
        }
        let &RatingCommand { movie: movie_id, account: account_id, .. } = command;
        Ok(match (command.action, self.value) {
            (RatingAction::Rate(value), current) if current != Some(value.get()) => {
                vec![MovieRated { movie_id, account_id, value: value.get() }.into()]
            }
            (RatingAction::Withdraw, Some(_)) => {
                vec![RatingWithdrawn { movie_id, account_id }.into()]
            }
            (RatingAction::Rate(_), _) | (RatingAction::Withdraw, None) => vec![],
        })
    }

    fn exists(&self) -> bool {
        self.value.is_some()
    }

    fn evolve(self, event: &Event) -> Self {
        match event {
            Event::MovieRated(rated) => Self { value: Some(rated.value) },
            Event::RatingWithdrawn(_) => Self { value: None },
            Event::MovieCreated(_)
            | Event::MovieDetailsChanged(_)
            | Event::MovieTagged(_)
            | Event::MovieUntagged(_)
            | Event::MoviePlatformsAdded(_)
            | Event::MoviePlatformsRemoved(_)
            | Event::MovieDeleted(_)
            | Event::MovieRestored(_)
            | Event::GenreDescribed(_) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use events::{AccountId, MovieId};
    use uuid::Uuid;

    use super::*;
    use crate::{rating::RatingValue, scenario::given};

    const FILM: MovieId = MovieId(Uuid::from_u128(1));
    const ANNA: AccountId = AccountId(Uuid::from_u128(2));

    fn rated(value: u8) -> Event {
        MovieRated { movie_id: FILM, account_id: ANNA, value }.into()
    }

    fn withdrawn() -> Event {
        RatingWithdrawn { movie_id: FILM, account_id: ANNA }.into()
    }

    fn of(standing: Standing, action: RatingAction) -> RatingCommand {
        RatingCommand { movie: FILM, standing, account: ANNA, action }
    }

    fn rate(value: u8) -> RatingCommand {
        of(Standing::Listed, RatingAction::Rate(RatingValue::new(value).unwrap()))
    }

    fn withdraw() -> RatingCommand {
        of(Standing::Listed, RatingAction::Withdraw)
    }

    #[test]
    fn a_film_can_be_rated() {
        given::<Rating>([]).when(rate(8)).then([rated(8)]);
    }

    #[test]
    fn one_can_change_ones_mind() {
        given::<Rating>([rated(8)]).when(rate(9)).then([rated(9)]);
    }

    #[test]
    fn the_same_rating_again_is_no_news() {
        given::<Rating>([rated(8)]).when(rate(8)).then_nothing();
    }

    #[test]
    fn a_rating_can_be_withdrawn_and_given_again() {
        given::<Rating>([rated(8)]).when(withdraw()).then([withdrawn()]);
        given::<Rating>([rated(8), withdrawn()]).when(rate(8)).then([rated(8)]);
    }

    #[test]
    fn withdrawing_what_was_never_given_is_no_news() {
        given::<Rating>([]).when(withdraw()).then_nothing();
        given::<Rating>([rated(8), withdrawn()]).when(withdraw()).then_nothing();
    }

    #[test]
    fn a_film_that_is_not_in_the_catalogue_cannot_be_rated() {
        for action in [RatingAction::Withdraw, rate(5).action] {
            given::<Rating>([rated(8)])
                .when(of(Standing::Unknown, action))
                .then_refused(RatingRefusal::MovieUnknown);
            given::<Rating>([rated(8)])
                .when(of(Standing::Deleted, action))
                .then_refused(RatingRefusal::MovieDeleted);
        }
    }
}
