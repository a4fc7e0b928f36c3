//! Which of the server's streams are this log's, and what they are called there.
//!
//! Events are in streams of their own names. Beside them the log keeps streams that hold no events:
//! one for each idempotency key, one with the marks of the digest, one that is written to find out
//! whether that is possible. No filter for events lets those through.

use std::fmt::Write;

use events::StreamName;
use eventstore::SubscriptionFilter;
use sha2::{Digest, Sha256};

use crate::LogError;

/// What the names of Cinelog's streams begin with.
const PREFIXES: [&str; 4] = ["movie-", "rating-", "collection-", "genre-"];

/// How many of the server's events are looked at for one page of those that match.
const SEARCH_WINDOW_EVENTS: u32 = 4096;

/// The names of one log.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// What stands before the name of a stream of events. Empty where the log has no namespace.
    events: String,
    keys: String,
    forgotten: String,
    marks: String,
    probe: String,
}

impl Names {
    pub(super) fn new(namespace: Option<&str>) -> Self {
        let (events, own) = match namespace {
            Some(namespace) => (format!("{namespace}.log."), format!("{namespace}.")),
            None => (String::new(), "cinelog-".to_owned()),
        };
        Self {
            events,
            keys: format!("{own}key-"),
            forgotten: format!("{own}forgotten-keys"),
            marks: format!("{own}marks"),
            probe: format!("{own}probe"),
        }
    }

    /// What the server calls a stream of events.
    ///
    /// # Errors
    /// [`LogError::Damaged`] for a stream that no reader of this log would ever see.
    pub(super) fn stream(&self, stream: &StreamName) -> Result<String, LogError> {
        let is_read = !self.events.is_empty()
            || PREFIXES.iter().any(|prefix| stream.as_str().starts_with(prefix));
        if is_read {
            return Ok(format!("{}{stream}", self.events));
        }
        let expected = PREFIXES.join(", ");
        let reason = format!("the stream {stream} begins with none of {expected}");
        Err(LogError::Damaged { position: None, reason })
    }

    /// The stream that the server calls so. `None` where it is none of this log's.
    pub(super) fn logical(&self, name: &str) -> Option<StreamName> {
        StreamName::new(name.strip_prefix(&self.events)?).ok()
    }

    /// The stream of an idempotency key. Keys are any text; names of streams are not.
    pub(super) fn key(&self, key: &str) -> String {
        let mut name = self.keys.clone();
        for byte in Sha256::digest(key.as_bytes()) {
            // Writing to a text does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        name
    }

    /// The stream that says how far keys are forgotten.
    pub(super) fn forgotten(&self) -> &str {
        &self.forgotten
    }

    /// The stream of the digest's marks.
    pub(super) fn marks(&self) -> &str {
        &self.marks
    }

    /// The stream that is written to find out whether anything can be.
    pub(super) fn probe(&self) -> &str {
        &self.probe
    }

    /// Lets through the events of this log and nothing else, no system events in particular.
    pub(super) fn events_filter(&self) -> SubscriptionFilter {
        let filter = SubscriptionFilter::on_stream_name().max(SEARCH_WINDOW_EVENTS);
        if self.events.is_empty() {
            return PREFIXES.iter().fold(filter, |filter, prefix| filter.add_prefix(prefix));
        }
        filter.add_prefix(&self.events)
    }

    /// Lets through what is kept of idempotency keys.
    pub(super) fn keys_filter(&self) -> SubscriptionFilter {
        SubscriptionFilter::on_stream_name().max(SEARCH_WINDOW_EVENTS).add_prefix(&self.keys)
    }
}

#[cfg(test)]
mod tests {
    use events::StreamName;

    use super::Names;

    fn stream(name: &str) -> StreamName {
        StreamName::new(name).unwrap()
    }

    #[test]
    fn without_a_namespace_streams_have_their_own_names() {
        let names = Names::new(None);
        assert_eq!(names.stream(&stream("movie-1")).unwrap(), "movie-1");
        assert_eq!(names.logical("movie-1"), Some(stream("movie-1")));
    }

    #[test]
    fn a_stream_that_nobody_would_read_is_refused() {
        assert!(Names::new(None).stream(&stream("$settings")).is_err());
        assert!(Names::new(None).stream(&stream("cinelog-marks")).is_err());
        assert!(Names::new(None).stream(&stream("Movie-1")).is_err());
    }

    #[test]
    fn in_a_namespace_any_stream_is_a_stream_of_events() {
        let names = Names::new(Some("a"));
        assert_eq!(names.stream(&stream("$settings")).unwrap(), "a.log.$settings");
        assert_eq!(names.logical("a.log.$settings"), Some(stream("$settings")));
        assert_eq!(names.logical("b.log.movie-1"), None);
    }

    #[test]
    fn no_stream_of_events_is_called_as_one_of_the_log_itself() {
        for namespace in [None, Some("a")] {
            let names = Names::new(namespace);
            for own in [names.marks(), names.probe(), names.forgotten(), &names.key("key")] {
                assert!(!own.starts_with("a.log."), "{own}");
                assert!(super::PREFIXES.iter().all(|prefix| !own.starts_with(prefix)), "{own}");
            }
        }
    }
}
