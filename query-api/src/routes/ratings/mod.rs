//! What people think of a film.

pub(super) mod list;
pub(super) mod mine;
