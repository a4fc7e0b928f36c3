//! Free labels on films, one at a time.

pub(super) mod delete;
pub(super) mod put;
