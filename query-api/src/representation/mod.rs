//! What films, facets and ratings look like in JSON.
//!
//! Every field is always there: `null` or `[]` where there is nothing. Names of genres, people and
//! the like are as they were given.

mod facet;
mod movie;
mod rating;
mod view;

pub(crate) use facet::Facet;
pub(crate) use movie::Movie;
pub(crate) use rating::Rating;
pub(crate) use view::{MovieView, RatingView};
