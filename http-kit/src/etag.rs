//! Entity tags (RFC 9110 section 8.8.3).

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

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

    /// A tag as strong as this one, with something else between the quotes.
    pub(crate) fn with_opaque(&self, opaque: &str) -> Self {
        Self { weak: self.weak, opaque: opaque.to_owned() }
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

/// The most tags in one header. Each is compared with what is there.
pub(crate) const TAGS_MAX: usize = 256;

/// What a list of entity tags in a header holds: `*`, or tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tags {
    Any,
    These(Vec<ETag>),
}

/// A header that should hold entity tags and does not, or holds more than [`TAGS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotTags;

/// Reads `*` or a list of entity tags (RFC 9110 sections 13.1.1 and 13.1.2), over all lines of the
/// header. `None` where the header is absent.
pub(crate) fn read_tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, NotTags> {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let list = lines.join(&b',');
    if list.trim_ascii() == b"*" {
        return Ok(Some(Tags::Any));
    }
    let mut tags = Vec::new();
    let mut rest = next_element(&list);
    while !rest.is_empty() {
        let (tag, after) = read_tag(rest).ok_or(NotTags)?;
        if tags.len() == TAGS_MAX {
            return Err(NotTags);
        }
        tags.push(tag);
        rest = after.trim_ascii_start();
        if !rest.is_empty() && rest[0] != b',' {
            return Err(NotTags);
        }
        rest = next_element(rest);
    }
    if tags.is_empty() { Err(NotTags) } else { Ok(Some(Tags::These(tags))) }
}

/// Steps over white space, commas and the empty elements between them.
fn next_element(mut list: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b',', rest @ ..] = list {
        list = rest;
    }
    list
}

fn read_tag(text: &[u8]) -> Option<(ETag, &[u8])> {
    let (weak, text) = match text.strip_prefix(b"W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let text = text.strip_prefix(b"\"")?;
    let end = text.iter().position(|&b| b == b'"')?;
    let (opaque, rest) = (&text[..end], &text[end + 1..]);
    let allowed = |&b: &u8| b == 0x21 || (0x23..=0x7e).contains(&b) || b >= 0x80;
    if !opaque.iter().all(allowed) {
        return None;
    }
    // Bytes beyond ASCII are opaque (obs-text); as Latin-1 each keeps its own character.
    let opaque = opaque.iter().copied().map(char::from).collect();
    Some((ETag { weak, opaque }, rest))
}

#[cfg(test)]
mod tests {
    use http::header::IF_MATCH;
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&[u8]]) -> Result<Option<Tags>, NotTags> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_bytes(line).unwrap());
        }
        read_tags(&headers, &IF_MATCH)
    }

    #[test]
    fn a_star_stands_alone() {
        assert_eq!(read(&[b" * "]), Ok(Some(Tags::Any)));
        assert_eq!(read(&[b"*, \"a\""]), Err(NotTags));
        assert_eq!(read(&[b"*", b"*"]), Err(NotTags));
    }

    #[test]
    fn a_list_may_have_weak_tags_commas_in_tags_and_several_lines() {
        let expected =
            vec![ETag::strong("a,b"), ETag::weak("c"), ETag::strong(""), ETag::strong("d")];
        let list: &[&[u8]] = &[b", \"a,b\" ,W/\"c\",,\"\"", b"\"d\""];
        assert_eq!(read(list), Ok(Some(Tags::These(expected))));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        let bad: &[&[u8]] =
            &[b"", b",", b"a", b"\"a", b"w/\"a\"", b"\"a\" \"b\"", b"\"a b\"", b"W/ \"a\""];
        for list in bad {
            assert_eq!(read(&[list]), Err(NotTags), "{list:?}");
        }
    }

    #[test]
    fn a_list_of_very_many_tags_is_refused() {
        let list = |tags: usize| "\"a\",".repeat(tags);
        assert!(read(&[list(TAGS_MAX).as_bytes()]).is_ok());
        assert_eq!(read(&[list(TAGS_MAX + 1).as_bytes()]), Err(NotTags));
        assert_eq!(read(&[list(50_000).as_bytes()]), Err(NotTags));
    }

    #[test]
    fn an_absent_header_is_no_condition() {
        assert_eq!(read(&[]), Ok(None));
    }

    #[test]
    fn a_weak_tag_matches_weakly_only() {
        let (strong, weak) = (ETag::strong("a"), ETag::weak("a"));
        assert!(strong.matches_strongly(&strong) && !strong.matches_strongly(&weak));
        assert!(!weak.matches_strongly(&weak));
        assert!(weak.matches_weakly(&strong) && weak.matches_weakly(&weak));
    }

    #[test]
    fn bytes_beyond_ascii_are_never_taken_for_a_tag_of_ours() {
        let Ok(Some(Tags::These(tags))) = read(&[b"\"r5\xff\""]) else { panic!("a list") };
        assert!(!tags[0].matches_weakly(&ETag::strong("r5")));
    }

    proptest! {
        #[test]
        fn a_tag_is_read_back_as_it_was_written(opaque in "\\PC{0,20}", weak: bool) {
            let tag = ETag::new(weak, opaque);
            let tags = read(&[tag.header_value().as_bytes()]);
            prop_assert_eq!(tags, Ok(Some(Tags::These(vec![tag]))));
        }
    }
}
