//! Where films can be watched, one place at a time.

pub(super) mod delete;
pub(super) mod put;
