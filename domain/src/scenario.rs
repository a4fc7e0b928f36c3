//! Tests that read as: given what has happened, when this is asked, then that follows.

use std::fmt::Debug;

use events::Event;

use crate::Aggregate;

/// What has happened so far.
pub(crate) struct Given<A>(A);

/// What was asked, and what came of it.
pub(crate) struct When<A: Aggregate>(Result<Vec<Event>, A::Refusal>);

/// Begins a scenario.
pub(crate) fn given<A: Aggregate>(history: impl IntoIterator<Item = Event>) -> Given<A> {
    Given(history.into_iter().fold(A::default(), |state, event| state.evolve(&event)))
}

impl<A: Aggregate> Given<A> {
    pub(crate) fn when(self, command: A::Command) -> When<A> {
        When(self.0.decide(&command))
    }
}

impl<A: Aggregate<Refusal: PartialEq + Debug>> When<A> {
    #[track_caller]
    pub(crate) fn then(self, events: impl IntoIterator<Item = Event>) {
        assert_eq!(self.0, Ok(events.into_iter().collect()));
    }

    #[track_caller]
    pub(crate) fn then_nothing(self) {
        self.then([]);
    }

    #[track_caller]
    pub(crate) fn then_refused(self, refusal: A::Refusal) {
        assert_eq!(self.0, Err(refusal));
    }
}
