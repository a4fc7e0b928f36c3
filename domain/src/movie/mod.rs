//! A film's own facts: what it is, its tags, where it can be watched, and whether it is listed.

mod command;
mod content;
mod decide;
mod draft;
mod evolve;
#[cfg(test)]
mod invariants;
mod refusal;
#[cfg(test)]
mod scenarios;
mod state;

pub use command::{MovieAction, MovieCommand};
pub use content::{MovieContent, MoviePatch};
pub use draft::{ExternalIdsDraft, MovieDraft};
pub use refusal::{MovieRefusal, NameList};
pub use state::{Movie, Standing};
