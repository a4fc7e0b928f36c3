//! What can go wrong with an object. What a server has said is not repeated: its pages are not for callers.

use std::time::Duration;

/// The longest reason that is kept of what a store has said.
const REASON_BYTES_MAX: usize = 400;

/// How the library begins what it tells of a request.
const REQUEST: &str = "Error performing";

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectsError {
    /// The content is larger than objects may be. Nothing was stored.
    #[error("the content is larger than {max} bytes")]
    TooLarge {
        /// How large objects may be.
        max: u64,
    },
    /// There is an object of that name, with other content. It was left as it is.
    #[error("there is such an object already, with other content")]
    Exists,
    /// The range begins behind the end, or is empty.
    #[error("the object has {size} bytes, of which the range takes none")]
    Range {
        /// How large the object is.
        size: u64,
    },
    /// The content could not be read to its end. Nothing was stored.
    #[error("the content could not be read: {0}")]
    Content(String),
    /// The store, or the content that was to be stored, did not go on in time. Of a write it is not known
    /// whether it took place.
    #[error("nothing was heard for {} ms", limit.as_millis())]
    TimedOut {
        /// For how long it was waited.
        limit: Duration,
    },
    /// The store does not take our keys, or does not allow it.
    #[error("the store refuses it: {0}")]
    Refused(String),
    /// The bucket or the folder is not there.
    #[error("the store has no such place: {0}")]
    NoPlace(String),
    /// The store cannot be reached, or cannot do it now. Of a write it is not known whether it took place.
    #[error("the store cannot do it: {0}")]
    Unavailable(String),
}

impl ObjectsError {
    /// Its name among metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Exists => "exists",
            Self::Range { .. } => "range",
            Self::Content(_) => "content",
            Self::TimedOut { .. } => "timed_out",
            Self::Refused(_) => "refused",
            Self::NoPlace(_) => "no_place",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

impl From<object_store::Error> for ObjectsError {
    fn from(error: object_store::Error) -> Self {
        use object_store::Error;
        let reason = reason(&error);
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Self::Refused(reason),
            Error::NotFound { .. } => Self::NoPlace(reason),
            Error::AlreadyExists { .. } => Self::Exists,
            // Of a listing, what the server has answered is in the text alone.
            _ if says(&reason, &["401", "403"]) => Self::Refused(reason),
            _ if says(&reason, &["404"]) => Self::NoPlace(reason),
            _ => Self::Unavailable(reason),
        }
    }
}

fn says(reason: &str, statuses: &[&str]) -> bool {
    let said = reason.split_once("status code: ").map_or("", |(_, status)| status);
    statuses.iter().any(|status| said.starts_with(status))
}

/// What is to be told of an error: one short line, without the page that a server sent.
fn reason(error: &object_store::Error) -> String {
    let (mut text, mut below) = (error.to_string(), std::error::Error::source(error));
    // What is said before it, our errors say already.
    if let Some(request) = text.find(REQUEST) {
        text.drain(..request);
    }
    // Why there is no connection is said at the bottom only.
    while let Some(deeper) = below.and_then(std::error::Error::source) {
        below = Some(deeper);
    }
    if let Some(bottom) =
        below.map(ToString::to_string).filter(|bottom| !text.contains(bottom.as_str()))
    {
        text = format!("{text}: {bottom}");
    }
    let text = text.split(['<', '\n']).next().unwrap_or_default();
    let mut end = text.len().min(REASON_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_end_matches([' ', ':', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_a_server_is_not_repeated() {
        let page = "Server returned non-2xx status code: 503: <?xml version=\"1.0\"?><Error>secret</Error>";
        let error = object_store::Error::Generic { store: "S3", source: page.into() };
        let told = ObjectsError::from(error).to_string();
        assert!(told.ends_with("status code: 503") && !told.contains("secret"), "{told}");
        let long = "ü".repeat(1000);
        let error = object_store::Error::Generic { store: "S3", source: long.into() };
        assert!(ObjectsError::from(error).to_string().len() < 500);
    }
}
