//! Which representation a client accepts (RFC 9110 section 12.5.1).

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};

use crate::{
    Problem, ProblemDocument, ProblemType,
    field_list::{elements, weighted, weights_of},
};

/// The media type of this version of the API; `application/json` is the same.
pub(crate) const MEDIA_TYPE_V1: &str = "application/vnd.cinelog.v1+json";

/// What else this server sends under `/v1`: nothing that a client could ask for instead.
const OTHERS: [&str; 3] =
    [ProblemDocument::MEDIA_TYPE, "application/schema+json", "application/x-ndjson"];

/// The path under which representations are negotiated.
const NEGOTIATED: &str = "/v1";

/// How an answer in JSON is to be labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// As `application/json`.
    Json,
    /// As [`MEDIA_TYPE_V1`], which the client wants more.
    V1,
    /// Not at all: the client accepts nothing that there is.
    Nothing,
}

/// Whether representations are negotiated under this path.
pub(crate) fn is_negotiated(path: &str) -> bool {
    path.strip_prefix(NEGOTIATED).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What the client accepts. Without `Accept`, or with one that cannot be read, anything.
pub(crate) fn accepted(headers: &HeaderMap) -> Accepted {
    let ranges = || {
        let listed = elements(headers, &header::ACCEPT).map(weighted);
        listed.filter(|(range, _)| range.contains('/'))
    };
    if ranges().next().is_none() {
        return Accepted::Json;
    }
    let names = ["application/json", MEDIA_TYPE_V1, "application/*", "*/*"];
    let [json, v1, application, any] = weights_of(names, ranges());
    // A type is wanted as much as the most specific range that includes it says.
    let weight = |exactly: Option<u16>| exactly.or(application).or(any).unwrap_or(0);
    let (json, v1) = (weight(json), weight(v1));
    if v1 > json {
        Accepted::V1
    } else if json > 0 || weights_of(OTHERS, ranges()).into_iter().any(|other| weight(other) > 0) {
        Accepted::Json
    } else {
        Accepted::Nothing
    }
}

/// Refuses, with 406, requests that accept nothing that there is. It stands around handlers only, so
/// that 404 and 405 come first.
pub(crate) async fn require_acceptable(request: Request, next: Next) -> Response {
    if is_negotiated(request.uri().path()) && accepted(request.headers()) == Accepted::Nothing {
        return Problem::new(ProblemType::NotAcceptable)
            .with("available", ["application/json", MEDIA_TYPE_V1].as_slice().into())
            .into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(accept: &'static str) -> Accepted {
        let accept = HeaderValue::from_static(accept);
        accepted(&[(header::ACCEPT, accept)].into_iter().collect())
    }

    #[test]
    fn whoever_accepts_anything_gets_plain_json() {
        assert_eq!(accepted(&HeaderMap::new()), Accepted::Json);
        for accept in ["*/*", "application/*", "application/json", "text/html, */*;q=0.1", "", "x"]
        {
            assert_eq!(of(accept), Accepted::Json, "{accept}");
        }
    }

    #[test]
    fn the_versioned_type_is_sent_to_those_who_want_it_more() {
        for accept in [
            "application/vnd.cinelog.v1+json",
            "Application/Vnd.Cinelog.V1+JSON;q=0.9, */*;q=0.1",
            "application/json;q=0.5, application/*",
        ] {
            assert_eq!(of(accept), Accepted::V1, "{accept}");
        }
        assert_eq!(of("application/vnd.cinelog.v1+json, application/json"), Accepted::Json);
    }

    #[test]
    fn whoever_accepts_nothing_that_there_is_gets_nothing() {
        for accept in [
            "text/html",
            "application/xml, text/*",
            "application/vnd.cinelog.v2+json",
            "*/*;q=0",
            "application/*;q=0, */*",
            "application/json;q=0",
        ] {
            assert_eq!(of(accept), Accepted::Nothing, "{accept}");
        }
    }

    #[test]
    fn problems_schemas_and_lines_may_be_asked_for() {
        assert_eq!(of("application/problem+json"), Accepted::Json);
        assert_eq!(of("application/x-ndjson"), Accepted::Json);
        assert_eq!(of("application/schema+json"), Accepted::Json);
    }

    #[test]
    fn only_the_api_is_negotiated() {
        assert!(is_negotiated("/v1") && is_negotiated("/v1/movies"));
        assert!(!is_negotiated("/v10/movies") && !is_negotiated("/problems"));
    }
}
