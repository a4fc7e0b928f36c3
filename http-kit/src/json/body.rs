//! From the body of a request to a JSON value: media type, size, syntax.

use axum::extract::Request;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, LengthLimitError};
use serde_json::Value;

use super::{
    JsonMediaType, MEDIA_TYPE_JSON, MEDIA_TYPE_MERGE_PATCH,
    unique::{self, NotJson},
    unsupported,
};
use crate::{
    FieldError, MEDIA_TYPE_V1, Problem, ProblemType, field_list::with_parameters, limits::BodyLimit,
};

/// What the body claims to be, in lower case, if it is in UTF-8.
pub(super) fn essence(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let (essence, parameters) = with_parameters(line.to_str().ok()?);
    let charset = parameters.iter().find(|(name, _)| name == "charset");
    if charset.is_some_and(|(_, name)| !name.trim_matches('"').eq_ignore_ascii_case("utf-8")) {
        return None;
    }
    Some(essence)
}

/// What the body claims to be, if it is one of the formats of a document understood here.
pub(super) fn media_type(headers: &HeaderMap) -> Option<JsonMediaType> {
    match essence(headers)?.as_str() {
        MEDIA_TYPE_JSON | MEDIA_TYPE_V1 => Some(JsonMediaType::Json),
        MEDIA_TYPE_MERGE_PATCH => Some(JsonMediaType::MergePatch),
        _ => None,
    }
}

/// Reads the body to its end, as JSON in which no name is repeated.
pub(super) async fn read(request: Request) -> Result<Value, Problem> {
    refuse_encoded(request.headers())?;
    parse(&read_bytes(request).await?)
}

/// Reads the body to its end, unjudged.
pub(super) async fn read_form(request: Request) -> Result<Bytes, Problem> {
    refuse_encoded(request.headers())?;
    read_bytes(request).await
}

/// Reads one JSON document in which no name is repeated.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    unique::parse(bytes).map_err(|error| {
        let problem = Problem::new(ProblemType::MalformedRequest);
        match error {
            NotJson::Syntax(_) if bytes.trim_ascii().is_empty() => {
                problem.detail("The body is empty, and a JSON document is expected.")
            }
            NotJson::Syntax(error) => problem.detail(format!("The body is not JSON: {error}.")),
            NotJson::Repeated(at) => {
                problem.error(FieldError::pointer(at, "must not be given twice"))
            }
        }
    })
}

/// Compressed bodies are not read: their size could not be bounded by what arrives.
pub(super) fn refuse_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    let encoded = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded {
        return Err(unsupported()
            .detail("Compressed bodies are not understood.")
            .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    Ok(())
}

async fn read_bytes(request: Request) -> Result<Bytes, Problem> {
    let limit = BodyLimit::of(&request);
    // What announces itself as too large is refused before a byte of it has travelled.
    if request
        .headers()
        .get(header::CONTENT_LENGTH)
        .is_some_and(|length| limit.is_exceeded_by(length))
    {
        return Err(limit.exceeded());
    }
    match request.into_body().collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if is_over_limit(&error) => Err(limit.exceeded()),
        Err(_) => Err(did_not_arrive()),
    }
}

/// The answer to a client whose body broke off.
pub(crate) fn did_not_arrive() -> Problem {
    Problem::new(ProblemType::MalformedRequest).detail("The body did not arrive whole.")
}

/// Whether a body could not be read since it is too long.
pub(crate) fn is_over_limit(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .any(|error| error.is::<LengthLimitError>())
}
