//! Who was let in, for handlers.

use std::ops::Deref;

use axum::extract::FromRequestParts;
use http::request::Parts;
use identity::Identity;

use crate::Problem;

/// Who was let in, as the row of the route demands. An extractor; it refuses nobody, since whoever may
/// not do this has been refused before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller(pub Identity);

impl Deref for Caller {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

/// A handler asks who was let in, and its row takes anyone; or it stands behind no table.
#[derive(Debug, thiserror::Error)]
#[error("the route wants to know who is calling, and its row in the table of access does not")]
struct NobodyAsked;

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| Problem::internal(NobodyAsked))
    }
}
