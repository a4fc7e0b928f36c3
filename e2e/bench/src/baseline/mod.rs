//! The bare thing: the same rows in the same tables, without Cinelog.

pub(crate) mod bulk;
pub(crate) mod commits;
pub(crate) mod rows;
