//! Bodies of many JSON documents, one a line.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};

use super::{body, other_format};
use crate::{Problem, limits};

/// What such a body may be called. None of the names is registered; `text/plain` is what tools send that
/// know none.
const FORMATS: [&str; 4] =
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "text/plain"];

/// The same, as a header has it.
const FORMATS_TEXT: &str =
    "application/x-ndjson, application/ndjson, application/jsonl, text/plain";

/// Lines that the handler reads as they come, and for as long as they come: neither the size nor the
/// time of ordinary requests bounds them. The handler must bound both itself.
///
/// It rejects with 415 what is not called lines of JSON, or is compressed.
#[derive(Debug)]
pub struct JsonLines(pub Body);

impl<S: Send + Sync> FromRequest<S> for JsonLines {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        if !body::essence(request.headers()).is_some_and(|name| FORMATS.contains(&name.as_str())) {
            return Err(other_format(FORMATS_TEXT));
        }
        body::refuse_encoded(request.headers())?;
        Ok(Self(limits::streamed(request)))
    }
}

#[cfg(test)]
mod tests {
    use http::{Request as HttpRequest, header};

    use super::*;

    async fn is_read(name: header::HeaderName, value: &str) -> bool {
        let mut request = HttpRequest::post("/").header(name, value);
        if !request.headers_ref().unwrap().contains_key(header::CONTENT_TYPE) {
            request = request.header(header::CONTENT_TYPE, FORMATS[0]);
        }
        JsonLines::from_request(request.body(Body::empty()).unwrap(), &()).await.is_ok()
    }

    #[tokio::test]
    async fn lines_have_several_names() {
        assert_eq!(FORMATS.join(", "), FORMATS_TEXT);
        for name in FORMATS.into_iter().chain(["Application/X-NDJSON; charset=utf-8"]) {
            assert!(is_read(header::CONTENT_TYPE, name).await, "{name}");
        }
        for name in ["application/json", "text/csv", "application/x-ndjson;charset=latin1", ""] {
            assert!(!is_read(header::CONTENT_TYPE, name).await, "{name}");
        }
    }

    #[tokio::test]
    async fn compressed_lines_are_refused() {
        assert!(is_read(header::CONTENT_ENCODING, "identity").await);
        assert!(!is_read(header::CONTENT_ENCODING, "gzip").await);
    }
}
