//! The body of a problem: one type for what is sent and what the OpenAPI documents say is sent.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{FieldError, Problem, field::Place};

/// What servers take in a path, but RFC 3986 does not have there.
const NOT_IN_A_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

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

    pub(super) fn new(problem: Problem, path: &str, request_id: String) -> Self {
        let parts = *problem.0;
        Self {
            problem_type: parts.problem_type.uri(),
            title: parts.problem_type.title().to_owned(),
            status: parts.problem_type.status().as_u16(),
            detail: parts.detail,
            instance: utf8_percent_encode(path, NOT_IN_A_PATH).to_string(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::PartialSchema;

    use super::*;
    use crate::ProblemType;

    fn rendered(problem: Problem, path: &str) -> Value {
        let document = ProblemDocument::new(problem, path, "abc".to_owned());
        serde_json::to_value(document).unwrap()
    }

    #[test]
    fn what_is_rendered_fits_the_schema_that_is_published() {
        let schema = json!({
            "components": {"schemas": {
                "ProblemDocument": ProblemDocument::schema(),
                "ProblemFieldError": ProblemFieldError::schema(),
            }},
            "$ref": "#/components/schemas/ProblemDocument",
        });
        let schema = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        for &kind in ProblemType::ALL {
            let bare = Problem::new(kind);
            let full = Problem::new(kind)
                .detail("It is so.")
                .error(FieldError::pointer("/title", "must be short"))
                .error(FieldError::parameter("year[gte]", "must be a year"))
                .error(FieldError::header("If-Match", "must be a tag"))
                .with("current_revision", 5.into());
            for problem in [bare, full] {
                let document = rendered(problem, "/v1/{é}\"[]\\|^`<>");
                assert!(schema.is_valid(&document), "{document}");
            }
        }
        assert!(!schema.is_valid(&json!({"type": "/problems/internal"})));
    }

    #[test]
    fn what_is_not_said_is_not_there() {
        let members: Vec<_> = match rendered(Problem::new(ProblemType::NotFound), "/x") {
            Value::Object(members) => members.keys().cloned().collect(),
            other => panic!("{other}"),
        };
        assert_eq!(members, ["type", "title", "status", "instance", "request_id"]);
    }

    #[test]
    fn the_address_is_sent_back_as_an_address() {
        let document = rendered(Problem::new(ProblemType::NotFound), "/v1/{caf\u{e9}}%20x");
        assert_eq!(document["instance"], "/v1/%7Bcaf%C3%A9%7D%20x");
    }
}
