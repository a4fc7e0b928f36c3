//! Conditional requests (RFC 9110 section 13).

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, StatusCode, header};
use jiff::Timestamp;

use crate::{
    ETag, FieldError, Problem, ProblemType,
    etag::{NotTags, TAGS_MAX, Tags, read_tags},
    http_date,
};

/// `If-Match`: go on only if what is there is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whatever is there, so long as something is.
    Any,
    /// One of these tags. Weak ones never match.
    Tags(Vec<ETag>),
}

/// `If-None-Match`: go on only if what is there is none of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfNoneMatch {
    /// `*`: only if nothing is there.
    Any,
    /// None of these tags, weak or not.
    Tags(Vec<ETag>),
}

impl IfMatch {
    /// Whether the condition holds for what is there, by strong comparison.
    #[must_use]
    pub fn holds(&self, current: Option<&ETag>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Tags(tags), Some(current)) => {
                tags.iter().any(|tag| tag.matches_strongly(current))
            }
        }
    }

    /// Whether the condition holds for something at this catalogue revision; see
    /// [`catalogue_revision`].
    #[must_use]
    pub fn holds_for_revision(&self, revision: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| catalogue_revision(tag) == Some(revision)),
        }
    }
}

impl IfNoneMatch {
    /// Whether the condition holds for what is there, by weak comparison.
    #[must_use]
    pub fn holds(&self, current: Option<&ETag>) -> bool {
        match (self, current) {
            (_, None) => true,
            (Self::Any, Some(_)) => false,
            (Self::Tags(tags), Some(current)) => {
                !tags.iter().any(|tag| tag.matches_weakly(current))
            }
        }
    }
}

/// `If-Match` of a request, if it has one.
///
/// # Errors
/// A 400 that names the header, where it is not a list of entity tags.
pub fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Problem> {
    Ok(condition(headers, &header::IF_MATCH, "If-Match")?.map(|tags| match tags {
        Tags::Any => IfMatch::Any,
        Tags::These(tags) => IfMatch::Tags(tags),
    }))
}

/// `If-None-Match` of a request, if it has one.
///
/// # Errors
/// A 400 that names the header, where it is not a list of entity tags.
pub fn if_none_match(headers: &HeaderMap) -> Result<Option<IfNoneMatch>, Problem> {
    Ok(condition(headers, &header::IF_NONE_MATCH, "If-None-Match")?.map(|tags| match tags {
        Tags::Any => IfNoneMatch::Any,
        Tags::These(tags) => IfNoneMatch::Tags(tags),
    }))
}

/// `If-Unmodified-Since` of a request, if it counts: it is ignored beside `If-Match`, which is more
/// exact, and where it is no date (RFC 9110 section 13.1.4).
#[must_use]
pub fn if_unmodified_since(headers: &HeaderMap) -> Option<Timestamp> {
    if headers.contains_key(header::IF_MATCH) {
        return None;
    }
    only_date(headers, &header::IF_UNMODIFIED_SINCE)
}

/// The date in a header that may stand in a request once.
fn only_date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    let mut dates = headers.get_all(name).iter();
    match (dates.next(), dates.next()) {
        (Some(date), None) => http_date::read(date),
        _ => None,
    }
}

fn condition(
    headers: &HeaderMap,
    name: &HeaderName,
    shown: &'static str,
) -> Result<Option<Tags>, Problem> {
    read_tags(headers, name).map_err(|NotTags| {
        let must = format!("must be * or a list of at most {TAGS_MAX} entity tags such as \"r1\"");
        Problem::new(ProblemType::MalformedRequest).error(FieldError::header(shown, must))
    })
}

/// The catalogue revision in a tag: the number between `r` and the first `.`, `;` or the end, in
/// `"r12"`, `"r12.5.g3"`, `"r12.5.g3;gzip"`. `None` for any other tag, and for weak ones, which never
/// match an `If-Match`.
#[must_use]
pub fn catalogue_revision(tag: &ETag) -> Option<u64> {
    if tag.is_weak() {
        return None;
    }
    let rest = tag.opaque().strip_prefix('r')?;
    let number = rest.split(['.', ';']).next()?;
    number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())?
}

/// Answers a GET with `body`, or with 304 where the client has it already (RFC 9110 section 13.2.2).
///
/// `If-None-Match` is compared with `etag`; only where it is absent, `If-Modified-Since` is compared
/// with `last_modified`. Either answer carries `ETag`, `Last-Modified` and all of `headers`: give
/// `Cache-Control`, `Vary`, `Content-Location` and `Cinelog-Position` there, and nothing that describes
/// a body. `body` is not called for a 304.
pub fn respond_conditional(
    request: &HeaderMap,
    etag: &ETag,
    last_modified: Option<Timestamp>,
    headers: HeaderMap,
    body: impl FnOnce() -> Response,
) -> Response {
    let not_modified = match if_none_match(request) {
        Err(problem) => return problem.into_response(),
        Ok(Some(condition)) => !condition.holds(Some(etag)),
        Ok(None) => last_modified.is_some_and(|time| not_modified_since(request, time)),
    };
    let mut response = if not_modified { StatusCode::NOT_MODIFIED.into_response() } else { body() };
    if not_modified || response.status().is_success() {
        let into = response.headers_mut();
        into.insert(header::ETAG, etag.header_value());
        if let Some(modified) = last_modified.and_then(http_date::write) {
            into.insert(header::LAST_MODIFIED, modified);
        }
        replace_all(into, headers);
    }
    response
}

/// Whether `If-Modified-Since` is there and not before `modified`, by whole seconds as HTTP counts.
pub(crate) fn not_modified_since(request: &HeaderMap, modified: Timestamp) -> bool {
    only_date(request, &header::IF_MODIFIED_SINCE)
        .is_some_and(|since| modified.as_second() <= since.as_second())
}

/// Puts `headers` in, in place of what is there under the same names.
fn replace_all(into: &mut HeaderMap, headers: HeaderMap) {
    for name in headers.keys() {
        into.remove(name);
    }
    into.extend(headers);
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn request(headers: &[(HeaderName, &'static str)]) -> HeaderMap {
        let headers = headers.iter().cloned();
        headers.map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
    }

    fn respond(request_headers: &[(HeaderName, &'static str)]) -> Response {
        let caching = request(&[(header::CACHE_CONTROL, "public, max-age=5")]);
        let modified = "2026-11-21T10:00:00.9Z".parse().unwrap();
        let etag = ETag::strong("r2.1.g1");
        respond_conditional(&request(request_headers), &etag, Some(modified), caching, || {
            "the film".into_response()
        })
    }

    #[test]
    fn without_conditions_the_answer_is_whole_and_carries_validators() {
        let response = respond(&[]);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::ETAG], "\"r2.1.g1\"");
        assert_eq!(response.headers()[header::LAST_MODIFIED], "Sat, 21 Nov 2026 10:00:00 GMT");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=5");
    }

    #[test]
    fn a_304_repeats_what_a_cache_needs_and_does_not_make_the_body() {
        let caching = request(&[(header::CACHE_CONTROL, "public"), (header::VARY, "accept")]);
        let asked = request(&[(header::IF_NONE_MATCH, "\"x\", \"a\"")]);
        let response = respond_conditional(&asked, &ETag::strong("a"), None, caching, || {
            panic!("the body was made")
        });
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(response.headers()[header::ETAG], "\"a\"");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public");
        assert_eq!(response.headers()[header::VARY], "accept");
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let response = respond(&[(header::IF_NONE_MATCH, "W/\"r2.1.g1\"")]);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(respond(&[(header::IF_NONE_MATCH, "*")]).status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn if_modified_since_counts_only_without_if_none_match() {
        let since = (header::IF_MODIFIED_SINCE, "Sat, 21 Nov 2026 10:00:00 GMT");
        assert_eq!(respond(std::slice::from_ref(&since)).status(), StatusCode::NOT_MODIFIED);
        let both = [(header::IF_NONE_MATCH, "\"other\""), since];
        assert_eq!(respond(&both).status(), StatusCode::OK);
    }

    #[test]
    fn a_date_before_the_change_or_no_date_at_all_gets_the_whole_answer() {
        for since in ["Sat, 21 Nov 2026 09:59:59 GMT", "yesterday", ""] {
            let response = respond(&[(header::IF_MODIFIED_SINCE, since)]);
            assert_eq!(response.status(), StatusCode::OK, "{since}");
        }
    }

    #[test]
    fn a_header_that_holds_no_tags_is_a_400_that_names_it() {
        let broken = request(&[(header::IF_MATCH, "r5"), (header::IF_NONE_MATCH, "r5")]);
        let problem = if_match(&broken).unwrap_err();
        assert_eq!(problem.problem_type(), ProblemType::MalformedRequest);
        assert!(problem.to_string().contains("If-Match: must be"));
        assert!(if_none_match(&broken).unwrap_err().to_string().contains("If-None-Match: must be"));
    }

    #[test]
    fn if_unmodified_since_counts_where_it_is_one_date_and_if_match_is_absent() {
        let since = (header::IF_UNMODIFIED_SINCE, "Sat, 21 Nov 2026 10:00:00 GMT");
        let date: Option<Timestamp> = "2026-11-21T10:00:00Z".parse().ok();
        assert_eq!(if_unmodified_since(&request(std::slice::from_ref(&since))), date);
        let both = request(&[since, (header::IF_MATCH, "*")]);
        assert_eq!(if_unmodified_since(&both), None);
        let unreadable = request(&[(header::IF_UNMODIFIED_SINCE, "yesterday")]);
        assert_eq!(if_unmodified_since(&unreadable), None);
    }

    #[test]
    fn weak_tags_never_hold_for_if_match() {
        let condition = IfMatch::Tags(vec![ETag::weak("r5")]);
        assert!(!condition.holds(Some(&ETag::weak("r5"))));
        assert!(!condition.holds_for_revision(5));
    }

    #[test]
    fn a_star_asks_only_whether_something_is_there() {
        let some = ETag::strong("a");
        assert!(IfMatch::Any.holds(Some(&some)) && !IfMatch::Any.holds(None));
        assert!(!IfNoneMatch::Any.holds(Some(&some)) && IfNoneMatch::Any.holds(None));
    }

    #[test]
    fn the_catalogue_revision_is_read_from_every_form_of_tag() {
        let revision = |opaque: &str| catalogue_revision(&ETag::strong(opaque));
        for opaque in ["r12", "r12.5.g3", "r12.5.g3.f0a1b2c3d;gzip", "r12;br"] {
            assert_eq!(revision(opaque), Some(12), "{opaque}");
        }
        for opaque in ["", "r", "12", "r-1", "r+1", "rx", "r1x", "r99999999999999999999"] {
            assert_eq!(revision(opaque), None, "{opaque}");
        }
        assert_eq!(catalogue_revision(&ETag::weak("r12")), None);
    }

    #[test]
    fn any_of_several_tags_may_hold() {
        let condition = IfMatch::Tags(vec![ETag::strong("r4"), ETag::strong("r5.9.g1")]);
        assert!(condition.holds_for_revision(5) && !condition.holds_for_revision(9));
    }
}
