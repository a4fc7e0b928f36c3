//! The decisions of Cinelog: which facts a command leads to, given what has happened before.
//!
//! Three aggregates, each a folder of its own: [`movie`], [`rating`], [`genre`]. Each has a state, its
//! commands, the refusals it can answer with, and the two functions of [`Aggregate`]. Raw input
//! becomes commands here too: a draft is read leniently, checked whole, and either normalised or
//! answered with everything that is wrong with it.
//!
//! This room is pure. It knows no clock, no ids but those it is given, no log, no HTTP and no JSON
//! library: drafts are read through serde from whatever format a caller has.

mod aggregate;
mod check;
mod field;
pub mod genre;
mod invalid;
pub mod limits;
pub mod movie;
mod name;
pub mod rating;
#[cfg(test)]
mod scenario;

pub use aggregate::Aggregate;
pub use field::{Field, Whole};
pub use invalid::{Invalid, MAX_INVALID};
pub use name::{InvalidName, Name};
