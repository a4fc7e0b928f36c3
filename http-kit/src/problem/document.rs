//! The body of a problem: one type for what is sent and what the OpenAPI documents say is sent.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{FieldError, Problem, field::Place};

/// A problem (RFC 9457). Members beyond those listed belong to the type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// The kind of problem: the address of its documentation, relative to the server.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/problems/validation-failed")]
    pub problem_type: String,
    /// A short summary of the kind.
    #[schema(example = "The content is not valid")]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    pub status: u16,
    /// What is wrong this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// The address that was asked.
    #[schema(format = "uri-reference", example = "/v1/movies")]
    pub instance: String,
    /// The id of the request, the same as in `X-Request-Id`.
    #[schema(min_length = 1, max_length = 128)]
    pub request_id: String,
    /// Each part of the request that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<ProblemFieldError>,
    /// What else belongs to the type.
    #[serde(flatten)]
    pub extensions: Map<String, Value>,
}

/// One part of the request that is wrong: exactly one of `pointer`, `parameter` and `header` is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemFieldError {
    /// A value in the JSON body, by JSON Pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/title")]
    pub pointer: Option<String>,
    /// A parameter of the path or the query, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<String>,
    /// A header, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub header: Option<String>,
    /// What it must be.
    #[schema(example = "must have 1 to 300 characters")]
    pub detail: String,
}

impl ProblemDocument {
    /// The names that extension members cannot have.
    pub(super) const MEMBERS: [&'static str; 7] =
        ["type", "title", "status", "detail", "instance", "request_id", "errors"];

    /// The media type (RFC 9457 section 3).
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    pub(super) fn new(problem: Problem, instance: String, request_id: String) -> Self {
        let parts = *problem.0;
        Self {
            problem_type: parts.problem_type.uri(),
            title: parts.problem_type.title().to_owned(),
            status: parts.problem_type.status().as_u16(),
            detail: parts.detail,
            instance,
            request_id,
            errors: parts.errors.into_iter().map(ProblemFieldError::from).collect(),
            extensions: parts.extensions,
        }
    }
}

impl From<FieldError> for ProblemFieldError {
    fn from(error: FieldError) -> Self {
        let mut this = Self { pointer: None, parameter: None, header: None, detail: error.detail };
        match error.place {
            Place::Pointer(pointer) => this.pointer = Some(pointer),
            Place::Parameter(name) => this.parameter = Some(name),
            Place::Header(name) => this.header = Some(name),
        }
        this
    }
}
