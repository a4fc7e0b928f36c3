//! One person's rating of one film.

mod aggregate;
mod command;
mod refusal;
mod value;

pub use aggregate::Rating;
pub use command::{RatingAction, RatingCommand};
pub use refusal::RatingRefusal;
pub use value::{RatingDraft, RatingValue};
