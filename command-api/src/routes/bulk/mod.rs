//! Many films in one request.

pub(super) mod post;
