//! What the three aggregates have in common.

use events::Event;

/// The state of one stream, which decides what a command leads to.
///
/// The default is the state of a stream without events. Both functions are total and pure: the same
/// events and the same command always lead to the same decision.
pub trait Aggregate: Default {
    /// What it can be asked to do.
    type Command;
    /// Why it may say no.
    type Refusal: std::error::Error;

    /// The events that `command` leads to. None where it asks for what is already so.
    ///
    /// # Errors
    /// The reason why the command contradicts what has happened.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Event>, Self::Refusal>;

    /// Whether there is something now that a client can see: a film that is listed, a rating that
    /// was given. What preconditions are about.
    fn exists(&self) -> bool;

    /// The state after `event`. An event of another aggregate changes nothing.
    #[must_use]
    fn evolve(self, event: &Event) -> Self;
}
