//! Entity tags (RFC 9110 section 8.8.3).

use std::fmt;

use http::HeaderValue;

/// An entity tag: `"…"`, or `W/"…"` where it is weak.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag {
    weak: bool,
    opaque: String,
}

impl ETag {
    /// A tag that changes with every byte. Characters that a tag cannot hold (quotes, spaces, control
    /// characters, all beyond ASCII) are left out.
    #[must_use]
    pub fn strong(opaque: impl Into<String>) -> Self {
        Self::new(false, opaque.into())
    }

    /// A tag that changes when the meaning does. Characters as in [`ETag::strong`].
    #[must_use]
    pub fn weak(opaque: impl Into<String>) -> Self {
        Self::new(true, opaque.into())
    }

    fn new(weak: bool, mut opaque: String) -> Self {
        opaque.retain(|c| c.is_ascii_graphic() && c != '"');
        Self { weak, opaque }
    }

    /// Whether it is weak.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// What stands between the quotes.
    #[must_use]
    pub fn opaque(&self) -> &str {
        &self.opaque
    }

    /// Strong comparison (RFC 9110 section 8.8.3.2): equal, and neither is weak.
    #[must_use]
    pub fn matches_strongly(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Weak comparison: equal, weak or not.
    #[must_use]
    pub fn matches_weakly(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    /// The tag as a header's value.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        // Only characters that a header can hold ever got in.
        HeaderValue::from_str(&self.to_string()).unwrap_or(HeaderValue::from_static("\"\""))
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\"{}\"", if self.weak { "W/" } else { "" }, self.opaque)
    }
}
