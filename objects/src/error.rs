//! What can go wrong with an object. Pages that a server sent are not repeated: callers have no use for them.

use std::time::Duration;

/// The longest reason, in bytes.
const REASON_BYTES_MAX: usize = 400;

/// How the library begins a message about a request.
const REQUEST: &str = "Error performing";

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectsError {
    /// The content is larger than objects may be. Nothing was stored.
    #[error("the content is larger than {max} bytes")]
    TooLarge {
        /// The largest size, in bytes.
        max: u64,
    },
    /// There is an object of that name with other content. It was left as it is.
    #[error("there is an object of this name already, with other content")]
    Exists,
    /// The range begins beyond the end, or is empty.
    #[error("the range has none of the object's {size} bytes")]
    Range {
        /// The size of the object, in bytes.
        size: u64,
    },
    /// The content could not be read to its end. Nothing was stored.
    #[error("the content could not be read: {0}")]
    Content(String),
    /// The store did not answer in time, or the next piece of the content did not come. A write may have taken
    /// place or not.
    #[error("nothing came for {} ms", limit.as_millis())]
    TimedOut {
        /// How long was waited.
        limit: Duration,
    },
    /// The store does not accept our keys, or does not allow this.
    #[error("the store refuses it: {0}")]
    Refused(String),
    /// The bucket or the folder does not exist.
    #[error("the store has no such place: {0}")]
    NoPlace(String),
    /// The store cannot be reached, or cannot do it now. A write may have taken place or not.
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
            // If a listing fails, the status is only in the text.
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

/// The reason of an error as one short line, without the page that a server sent.
fn reason(error: &object_store::Error) -> String {
    let (mut text, mut below) = (error.to_string(), std::error::Error::source(error));
    // Our own messages say what the text before it says.
    if let Some(request) = text.find(REQUEST) {
        text.drain(..request);
    }
    // The innermost error says why there is no connection.
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
