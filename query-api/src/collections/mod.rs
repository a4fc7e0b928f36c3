//! What is listed: how each kind of list is sorted, fetched, counted and shown.

mod facets;
mod movies;
mod ratings;

pub(crate) use facets::Facets;
pub(crate) use movies::Movies;
pub(crate) use ratings::Ratings;
