//! Preconditions of a command: `If-Match`, `If-None-Match`, `If-Unmodified-Since` (RFC 9110 section 13)
//! and `expected_version`, all by the stream that the command changes: its revision, or its last event.

use events::Revision;
use http::HeaderMap;
use http_kit::{
    ETag, IfMatch, IfNoneMatch, Problem, catalogue_revision, if_match, if_none_match,
    if_unmodified_since,
};
use jiff::Timestamp;

/// What a client wants to be so before its command is carried out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Preconditions {
    if_match: Option<IfMatch>,
    if_none_match: Option<IfNoneMatch>,
    if_unmodified_since: Option<Timestamp>,
    /// The revision in the body, for clients behind proxies that weaken or drop entity tags. Zero
    /// says that there is nothing yet.
    pub(crate) expected_version: Option<u64>,
}

/// What the preconditions are about, as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current {
    pub(crate) exists: bool,
    /// Whether a client can have seen a version of it. What has been deleted has one still.
    pub(crate) has_version: bool,
    pub(crate) revision: Revision,
    /// When the last event of its stream happened.
    pub(crate) changed_at: Option<Timestamp>,
}

impl Preconditions {
    /// Those of a request.
    ///
    /// # Errors
    /// 400 that names a header which breaks its grammar.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            if_match: if_match(headers)?,
            if_none_match: if_none_match(headers)?,
            if_unmodified_since: if_unmodified_since(headers),
            expected_version: None,
        })
    }

    /// The name of a header that is among them.
    pub(crate) fn header(&self) -> Option<&'static str> {
        let names = [
            (self.if_match.is_some(), "If-Match"),
            (self.if_none_match.is_some(), "If-None-Match"),
            (self.if_unmodified_since.is_some(), "If-Unmodified-Since"),
        ];
        names.into_iter().find_map(|(is_there, name)| is_there.then_some(name))
    }

    /// Whether they say which version is to be changed.
    pub(crate) fn name_a_version(&self) -> bool {
        self.if_match.is_some()
            || self.if_unmodified_since.is_some()
            || self.expected_version.is_some()
    }

    /// Whether they hold.
    pub(crate) fn hold(&self, current: &Current) -> bool {
        let Current { exists, has_version, revision, changed_at } = *current;
        let if_match = match &self.if_match {
            Some(IfMatch::Any) => exists,
            Some(tags) => has_version && tags.holds_for_revision(revision.0),
            None => true,
        };
        let if_none_match = match &self.if_none_match {
            Some(IfNoneMatch::Any) => !exists,
            Some(IfNoneMatch::Tags(tags)) => !exists || !names(tags, revision.0),
            None => true,
        };
        let if_unmodified_since = match (self.if_unmodified_since, changed_at) {
            // HTTP counts whole seconds.
            (Some(since), Some(changed_at)) => changed_at.as_second() <= since.as_second(),
            _ => true,
        };
        if_match
            && if_none_match
            && if_unmodified_since
            && self.expected_version.is_none_or(|known| known == revision.0)
    }

    /// The last revision that the client seems to know of: the highest that it names and that has
    /// been. None where it names none.
    pub(crate) fn known_revision(&self, current: Revision) -> Revision {
        let tags = match &self.if_match {
            Some(IfMatch::Tags(tags)) => tags.as_slice(),
            Some(IfMatch::Any) | None => &[],
        };
        let named = tags.iter().filter_map(catalogue_revision).chain(self.expected_version);
        Revision(named.filter(|known| *known <= current.0).max().unwrap_or_default())
    }
}

/// Whether one of `tags` is of this revision. `If-None-Match` compares weakly, so weak ones count.
fn names(tags: &[ETag], revision: u64) -> bool {
    tags.iter().any(|tag| catalogue_revision(&ETag::strong(tag.opaque())) == Some(revision))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(name: &'static str, value: &'static str) -> Preconditions {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )]);
        Preconditions::of(&headers).unwrap()
    }

    fn at(exists: bool, revision: Revision) -> Current {
        let changed_at = "2026-01-02T03:04:05.9Z".parse().ok();
        Current { exists, has_version: revision > Revision::NONE, revision, changed_at }
    }

    #[test]
    fn a_tag_of_the_current_revision_matches_whatever_else_it_says() {
        for tag in ["\"r3\"", "\"r3.17.g2\"", "\"r3.17.g2.f0a1b2c3;gzip\"", "\"x\", \"r3\""] {
            assert!(with("if-match", tag).hold(&at(true, Revision(3))), "{tag}");
            assert!(!with("if-match", tag).hold(&at(true, Revision(4))), "{tag}");
        }
        assert!(!with("if-match", "W/\"r3\"").hold(&at(true, Revision(3))));
    }

    #[test]
    fn a_star_matches_what_exists() {
        assert!(with("if-match", "*").hold(&at(true, Revision(3))));
        assert!(!with("if-match", "*").hold(&at(false, Revision(3))));
        assert!(!with("if-none-match", "*").hold(&at(true, Revision(3))));
        assert!(with("if-none-match", "*").hold(&at(false, Revision::NONE)));
    }

    #[test]
    fn a_revision_can_be_named_of_what_was_and_not_of_what_never_was() {
        assert!(with("if-match", "\"r3\"").hold(&at(false, Revision(3))));
        assert!(!with("if-match", "\"r0\"").hold(&at(false, Revision::NONE)));
    }

    #[test]
    fn what_is_seen_before_it_is_written_has_revision_zero() {
        let seen = Current { has_version: true, ..at(false, Revision::NONE) };
        assert!(with("if-match", "\"r0.1.g1\"").hold(&seen));
        assert!(!with("if-match", "\"r1\"").hold(&seen));
        assert!(!with("if-match", "*").hold(&seen));
    }

    #[test]
    fn what_was_changed_after_a_date_is_not_changed_again() {
        let since = |date| with("if-unmodified-since", date);
        assert!(since("Fri, 02 Jan 2026 03:04:05 GMT").hold(&at(true, Revision(3))));
        assert!(!since("Fri, 02 Jan 2026 03:04:04 GMT").hold(&at(true, Revision(3))));
        assert!(since("yesterday").hold(&at(true, Revision(3))));
        let new = Current { changed_at: None, ..at(false, Revision::NONE) };
        assert!(since("Fri, 02 Jan 2026 03:04:04 GMT").hold(&new));
    }

    #[test]
    fn if_none_match_compares_weakly() {
        assert!(!with("if-none-match", "W/\"r3\"").hold(&at(true, Revision(3))));
        assert!(with("if-none-match", "W/\"r3\"").hold(&at(true, Revision(4))));
    }

    #[test]
    fn an_expected_version_is_compared_with_the_revision() {
        let expecting =
            |version| Preconditions { expected_version: Some(version), ..Preconditions::default() };
        assert!(expecting(3).hold(&at(true, Revision(3))));
        assert!(!expecting(2).hold(&at(true, Revision(3))));
        assert!(expecting(0).hold(&at(false, Revision::NONE)));
    }

    #[test]
    fn a_client_knows_the_highest_revision_it_names_that_has_been() {
        let known = |value| with("if-match", value).known_revision(Revision(5));
        assert_eq!(known("\"r2\", \"r4.1.g1\""), Revision(4));
        assert_eq!(known("\"r9\""), Revision::NONE);
        assert_eq!(known("\"whatever\""), Revision::NONE);
        assert_eq!(known("*"), Revision::NONE);
    }
}
