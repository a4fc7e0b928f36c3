//! Where the read model is read from. Nothing here knows of HTTP, and nothing here writes.
//!
//! [`Store`] is the port; each adapter has its own SQL. Beside the port stands what adapters share: how rows
//! become a page ([`gathering`]), and by which condition films are fetched ([`planning`]).

#[cfg(test)]
mod alike;
mod error;
mod failure;
mod gathering;
mod live;
mod planning;
mod port;
pub(crate) mod postgres;
pub(crate) mod sqlite;

pub use error::StoreError;
pub use live::LiveStore;
pub use port::Store;
pub(crate) use port::{Counting, FacetList, Listed, MovieList, Part, RatingList, Seen};
