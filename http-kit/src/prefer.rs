//! Preferences (RFC 7240): what a client would like, and may not get.

use std::{convert::Infallible, time::Duration};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};

/// The preferences that are understood here; all others are ignored, as the standard has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `wait=N`: how long the client is willing to wait, at most [`Preferences::WAIT_MAX`].
    pub wait: Option<Duration>,
    /// `count=exact|estimated`: that a list says how long it is.
    pub count: Option<Count>,
    /// `respond-async`: that long work is answered before it is done.
    pub respond_async: bool,
}

/// How well a list shall be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// To the last item.
    Exact,
    /// Roughly, and fast.
    Estimated,
}

impl Preferences {
    /// The longest wait; longer ones are lowered to it.
    pub const WAIT_MAX: Duration = Duration::from_secs(30);

    /// The preferences of a request. It never fails: what is malformed is not understood.
    #[must_use]
    pub fn parse(headers: &HeaderMap) -> Self {
        let _ = headers;
        Self::default()
    }

    /// `Preference-Applied`, for the preferences in `self` that were followed. `None` where none was.
    #[must_use]
    pub fn applied(&self) -> Option<(HeaderName, HeaderValue)> {
        None
    }
}

impl<S: Sync> FromRequestParts<S> for Preferences {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(&parts.headers))
    }
}
