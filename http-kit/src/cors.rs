//! Cross-origin requests (the CORS protocol of the Fetch standard): which pages of other origins may read
//! answers in a browser. None may, unless they are configured.
//!
//! It stands outside of whatever is kept: an answer that is kept, here or on Redis, never has a header of
//! this kind, and gets those of the request that it is given out to. Caches further out are told by `Vary`.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use axum::{body::Body, response::Response};

use crate::caching::vary;

/// What a preflight says may be asked.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");

/// The request headers that a page may set; those that it always may are not among them.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept-Encoding, Authorization, Cache-Control, Cinelog-Min-Position, Content-Encoding, Content-Type, \
     Idempotency-Key, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, Last-Event-ID, \
     Prefer, Range, Traceparent, X-Request-Id",
);

/// The answer's headers that a page may read besides those that it always may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Accept-Patch, Accept-Ranges, Allow, Cinelog-Position, Content-Encoding, Content-Range, Date, \
     Deprecation, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, \
     RateLimit-Policy, Retry-After, Sunset, Traceparent, WWW-Authenticate, X-RateLimit-Limit, \
     X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id",
);

/// Which origins may read answers.
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Origins,
    credentials: bool,
    /// For how long a browser may remember a preflight, in seconds.
    max_age: HeaderValue,
}

#[derive(Debug, Clone)]
enum Origins {
    Any,
    These(Vec<HeaderValue>),
}

/// What cannot be configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorsError {
    /// It is no origin.
    #[error(
        "{0:?} is no origin; expected \"https://\", a host in lower case and, where it is not the usual one, a port, such as \"https://films.example\""
    )]
    NotAnOrigin(String),
    /// Every origin, with credentials: any page could act for whoever looks at it.
    #[error("\"*\" cannot go with credentials; list the origins that may use them")]
    AnyWithCredentials,
    /// `*` and others.
    #[error("\"*\" is every origin and stands alone")]
    AnyAndOthers,
}

impl Cors {
    /// These origins, each as a browser sends it, or `*` alone; `None` where there are none.
    /// `credentials` lets pages send cookies and client certificates along; a token in `Authorization` does
    /// not need it. A preflight may be remembered for `max_age_s` seconds.
    ///
    /// # Errors
    /// [`CorsError`] where an origin is none, or `*` is not alone or goes with credentials.
    pub fn new(
        origins: &[String],
        credentials: bool,
        max_age_s: u64,
    ) -> Result<Option<Self>, CorsError> {
        let max_age = HeaderValue::from(max_age_s);
        let origins = match origins {
            [] => return Ok(None),
            [any] if any == "*" && credentials => return Err(CorsError::AnyWithCredentials),
            [any] if any == "*" => Origins::Any,
            several if several.iter().any(|origin| origin == "*") => {
                return Err(CorsError::AnyAndOthers);
            }
            several => {
                let read = several.iter().map(|text| {
                    let value = HeaderValue::from_str(text).ok().filter(|_| is_origin(text));
                    value.ok_or_else(|| CorsError::NotAnOrigin(text.clone()))
                });
                Origins::These(read.collect::<Result<_, _>>()?)
            }
        };
        Ok(Some(Self { origins, credentials, max_age }))
    }

    /// Whether pages of every origin may read answers.
    #[must_use]
    pub fn is_for_any(&self) -> bool {
        matches!(self.origins, Origins::Any)
    }

    /// The answer to a preflight of an origin that may ask; `None` for all else.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let asks = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if *method != Method::OPTIONS || !asks {
            return None;
        }
        let allowed = self.allowed(origin(headers).as_ref())?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        self.admit(headers, allowed);
        self.vary(headers);
        Some(response)
    }

    /// Says on an answer whether the page may read it. `origin` is that of the request.
    pub(crate) fn mark(&self, headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
        if let Some(allowed) = self.allowed(origin) {
            self.admit(headers, allowed);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        self.vary(headers);
    }

    fn admit(&self, headers: &mut HeaderMap, origin: HeaderValue) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            let value = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, value);
        }
    }

    /// Who may read the answer to a request from this origin. For any, that is said also to who did not ask
    /// from an origin: so the answer is the same for all.
    fn allowed(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        match &self.origins {
            Origins::Any => Some(HeaderValue::from_static("*")),
            Origins::These(known) => origin.filter(|origin| known.contains(origin)).cloned(),
        }
    }

    /// Every answer of a server that treats origins differently depends on it, also one that went to no
    /// origin: a cache must not give that to a page.
    fn vary(&self, headers: &mut HeaderMap) {
        if !self.is_for_any() {
            vary(headers, [header::ORIGIN]);
        }
    }
}

/// The origin that a request comes from, where it says one.
pub(crate) fn origin(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(header::ORIGIN).iter();
    values.next().filter(|_| values.next().is_none()).cloned()
}

/// Whether this is an origin as browsers send it (RFC 6454 section 6.2): `null` is none that anybody could
/// be let in by.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let is_scheme = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    let is_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._:[]".contains(c);
    let usual = matches!((scheme, host.rsplit_once(':')), ("https", Some((_, "443"))))
        || matches!((scheme, host.rsplit_once(':')), ("http", Some((_, "80"))));
    scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.chars().all(is_scheme)
        && !host.is_empty()
        && host.chars().all(is_host)
        && !usual
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_CORS: [header::HeaderName; 3] = [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ];

    fn cors(origins: &[&str], credentials: bool) -> Result<Option<Cors>, CorsError> {
        let origins: Vec<_> = origins.iter().map(ToString::to_string).collect();
        Cors::new(&origins, credentials, 600)
    }

    fn marked(cors: &Cors, origin: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        cors.mark(&mut headers, origin.map(HeaderValue::from_static).as_ref());
        headers
    }

    #[test]
    fn nobody_is_let_in_by_default() {
        assert!(cors(&[], true).unwrap().is_none());
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for good in ["https://films.example", "http://localhost:3000", "https://[::1]:8443"] {
            assert!(cors(&[good], true).is_ok(), "{good}");
        }
        for bad in [
            "",
            "null",
            "films.example",
            "https://",
            "https://Films.example",
            "https://films.example/",
            "https://films.example:443",
            "http://films.example:80",
            "https://*.example",
            "https://a b",
            "*.example",
        ] {
            assert!(matches!(cors(&[bad], false), Err(CorsError::NotAnOrigin(_))), "{bad}");
        }
    }

    #[test]
    fn every_origin_goes_without_credentials_and_alone() {
        assert_eq!(cors(&["*"], true).unwrap_err(), CorsError::AnyWithCredentials);
        let several = cors(&["*", "https://films.example"], false);
        assert_eq!(several.unwrap_err(), CorsError::AnyAndOthers);
        assert!(cors(&["*"], false).unwrap().unwrap().is_for_any());
    }

    #[test]
    fn an_origin_that_is_known_is_named_and_every_answer_varies() {
        let cors = cors(&["https://a.example", "https://b.example"], true).unwrap().unwrap();
        let headers = marked(&cors, Some("https://b.example"));
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://b.example");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(headers[header::VARY], "Accept, Origin");
        for stranger in [None, Some("null"), Some("https://c.example"), Some("https://a.example.c")]
        {
            let headers = marked(&cors, stranger);
            assert!(OF_CORS.iter().all(|name| !headers.contains_key(name)), "{stranger:?}");
            assert_eq!(headers[header::VARY], "Accept, Origin");
        }
    }

    #[test]
    fn where_every_origin_is_let_in_all_get_the_same_answer() {
        let cors = cors(&["*"], false).unwrap().unwrap();
        let (page, other) = (marked(&cors, Some("https://a.example")), marked(&cors, None));
        assert_eq!(page, other);
        assert_eq!(page[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(page[header::VARY], "Accept");
    }
}
