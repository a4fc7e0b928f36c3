//! Preconditions of a command: `If-Match`, `If-None-Match` (RFC 9110 section 13) and
//! `expected_version`, all by the revision of the stream that the command changes.

use events::Revision;
use http::HeaderMap;
use http_kit::{ETag, IfMatch, IfNoneMatch, Problem, catalogue_revision, if_match, if_none_match};

/// What a client wants to be so before its command is carried out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Preconditions {
    if_match: Option<IfMatch>,
    if_none_match: Option<IfNoneMatch>,
    /// The revision in the body, for clients behind proxies that weaken or drop entity tags. Zero
    /// says that there is nothing yet.
    pub(crate) expected_version: Option<u64>,
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
            expected_version: None,
        })
    }

    /// Whether they say which version is to be changed.
    pub(crate) fn name_a_version(&self) -> bool {
        self.if_match.is_some() || self.expected_version.is_some()
    }

    /// Whether they hold for what `exists` or not, at `current`.
    pub(crate) fn hold(&self, exists: bool, current: Revision) -> bool {
        let if_match = match &self.if_match {
            Some(IfMatch::Any) => exists,
            // A film that has been deleted has a revision still, which a restoration may name.
            Some(tags) => current > Revision::NONE && tags.holds_for_revision(current.0),
            None => true,
        };
        let if_none_match = match &self.if_none_match {
            Some(IfNoneMatch::Any) => !exists,
            Some(IfNoneMatch::Tags(tags)) => !exists || !names(tags, current.0),
            None => true,
        };
        if_match && if_none_match && self.expected_version.is_none_or(|known| known == current.0)
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

    #[test]
    fn a_tag_of_the_current_revision_matches_whatever_else_it_says() {
        for tag in ["\"r3\"", "\"r3.17.g2\"", "\"r3.17.g2.f0a1b2c3;gzip\"", "\"x\", \"r3\""] {
            assert!(with("if-match", tag).hold(true, Revision(3)), "{tag}");
            assert!(!with("if-match", tag).hold(true, Revision(4)), "{tag}");
        }
        assert!(!with("if-match", "W/\"r3\"").hold(true, Revision(3)));
    }

    #[test]
    fn a_star_matches_what_exists() {
        assert!(with("if-match", "*").hold(true, Revision(3)));
        assert!(!with("if-match", "*").hold(false, Revision(3)));
        assert!(!with("if-none-match", "*").hold(true, Revision(3)));
        assert!(with("if-none-match", "*").hold(false, Revision::NONE));
    }

    #[test]
    fn a_revision_can_be_named_of_what_was_and_not_of_what_never_was() {
        assert!(with("if-match", "\"r3\"").hold(false, Revision(3)));
        assert!(!with("if-match", "\"r0\"").hold(false, Revision::NONE));
    }

    #[test]
    fn if_none_match_compares_weakly() {
        assert!(!with("if-none-match", "W/\"r3\"").hold(true, Revision(3)));
        assert!(with("if-none-match", "W/\"r3\"").hold(true, Revision(4)));
    }

    #[test]
    fn an_expected_version_is_compared_with_the_revision() {
        let expecting =
            |version| Preconditions { expected_version: Some(version), ..Preconditions::default() };
        assert!(expecting(3).hold(true, Revision(3)));
        assert!(!expecting(2).hold(true, Revision(3)));
        assert!(expecting(0).hold(false, Revision::NONE));
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
