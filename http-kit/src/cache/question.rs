//! What a request asks the cache: which address, in which representation, how new, on what condition.

use axum::{body::Body, extract::Request};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use super::ResponseCacheOptions;
use crate::{
    Count, ETag, MEDIA_TYPE_V1, Preferences, RequestContext,
    compression::Coding,
    etag::{NotTags, Tags, read_tags},
    negotiation::{Accepted, accepted},
    prefer::PREFER,
    representation::Wanted,
};

/// All besides its address that decides which bytes an answer has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Choice {
    /// The media type of this version, by its name.
    pub(super) v1: bool,
    /// How the body is coded, where it is worth it.
    pub(super) coding: Option<Coding>,
    /// Whether a list says how long it is.
    pub(super) count: Option<Count>,
}

/// A request that the cache may answer.
pub(super) struct Question<'r> {
    /// Path and query, as they were sent.
    pub(super) target: &'r str,
    pub(super) choice: Choice,
    /// The version that the answer shall show at least.
    pub(super) version_min: u64,
    /// HEAD: all but the body.
    pub(super) is_head: bool,
    pub(super) wanted: Wanted,
    pub(super) headers: &'r HeaderMap,
}

impl<'r> Question<'r> {
    /// What a request asks; `None` where the answer may depend on the caller, or on a header that no
    /// kept answer knows of, or where a header is wrong in a way that a handler explains.
    pub(super) fn of(
        method: &Method,
        uri: &'r Uri,
        headers: &'r HeaderMap,
        options: &ResponseCacheOptions,
    ) -> Option<Self> {
        let is_head = match *method {
            Method::GET if !headers.contains_key(header::RANGE) => false,
            // A range means nothing to HEAD (RFC 9110 section 14.2).
            Method::HEAD => true,
            _ => return None,
        };
        if !(options.is_public)(uri.path()) || accepted(headers) == Accepted::Nothing {
            return None;
        }
        let version_min = version_min(headers, &options.version_min)?;
        let count = count(headers, version_min.is_some())?;
        let wanted = Wanted::of(uri.path(), headers);
        let choice = Choice { v1: wanted.v1, coding: wanted.codings.chosen, count };
        Some(Self {
            target: uri.path_and_query()?.as_str(),
            choice,
            version_min: version_min.unwrap_or(0),
            is_head,
            wanted,
            headers,
        })
    }

    /// The tags of representations that the client holds and that would do; `None` where it holds any
    /// at all (`*`).
    ///
    /// # Errors
    /// `If-None-Match` is not a list of tags: a handler will say so.
    pub(super) fn held(&self) -> Result<Option<Vec<ETag>>, NotTags> {
        Ok(match read_tags(self.headers, &header::IF_NONE_MATCH)? {
            Some(Tags::Any) => None,
            Some(Tags::These(tags)) => Some(self.wanted.offered(tags)),
            None => Some(Vec::new()),
        })
    }

    /// The request that makes an answer to be kept: this one's, without all that is not in its key.
    pub(super) fn request(&self, uri: &Uri, context: Option<&RequestContext>) -> Request {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.clone();
        if let Some(context) = context {
            request.extensions_mut().insert(context.clone());
        }
        let Choice { v1, coding, count } = self.choice;
        let headers = [
            v1.then_some((header::ACCEPT, MEDIA_TYPE_V1)),
            coding.map(|coding| (header::ACCEPT_ENCODING, coding.as_str())),
            count.map(|count| match count {
                Count::Exact => (PREFER, "count=exact"),
                Count::Estimated => (PREFER, "count=estimated"),
            }),
        ];
        for (name, value) in headers.into_iter().flatten() {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        request
    }
}

/// The version that a request asks for, where it asks for one; `None` where that is no number, or is
/// given twice.
fn version_min(headers: &HeaderMap, name: &HeaderName) -> Option<Option<u64>> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Some(None) };
    let digits = value.to_str().ok()?;
    let is_one_number = values.next().is_none() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| is_one_number)?;
    Some(Some(number))
}

/// How the request wants a list counted; `None` where it is ready to wait for a version, and shall be
/// told that its wish was followed.
fn count(headers: &HeaderMap, has_version_min: bool) -> Option<Option<Count>> {
    if !headers.contains_key(PREFER) {
        return Some(None);
    }
    let preferences = Preferences::parse(headers);
    let waits = preferences.wait.is_some() && has_version_min;
    (!waits).then_some(preferences.count)
}
