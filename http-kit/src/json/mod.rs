//! JSON bodies, read strictly: the extractors, and what they claim to take.

mod body;
mod form;
mod lines;
mod misfit;
mod pointer;
mod strict;
mod unique;

pub(crate) use body::{did_not_arrive, is_over_limit};
pub use form::JsonOrForm;
pub use lines::JsonLines;

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Problem, ProblemType};

const MEDIA_TYPE_JSON: &str = "application/json";
const MEDIA_TYPE_MERGE_PATCH: &str = "application/merge-patch+json";

/// What a body may be.
const FORMATS: &str = "application/json, application/vnd.cinelog.v1+json";

/// What a patch may be.
const PATCH_FORMATS: &str = "application/merge-patch+json, application/json";

/// The header that says what a patch may be (RFC 5789 section 3.1): what [`JsonBody`] takes.
pub const ACCEPT_PATCH: (HeaderName, HeaderValue) =
    (HeaderName::from_static("accept-patch"), HeaderValue::from_static(PATCH_FORMATS));

/// A JSON body of a known shape; also an answer in JSON.
///
/// As an extractor it rejects with 415 unless `Content-Type` is `application/json` or
/// `application/vnd.cinelog.v1+json`, with 413 where the body is too large, with 400 where it is not
/// JSON (RFC 8259) or an object has the same name twice, and with 422 where it is JSON of another
/// shape, as [`JsonBody::read`] says it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// A JSON body of any shape, as `application/merge-patch+json` (RFC 7396) or as plain JSON. Rejects
/// as [`Json`] does.
#[derive(Debug, Clone)]
pub struct JsonBody(pub Value);

/// What a JSON body claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonMediaType {
    /// `application/json` or `application/vnd.cinelog.v1+json`.
    Json,
    /// `application/merge-patch+json`.
    MergePatch,
}

impl JsonBody {
    /// The document that `bytes` are, read as strictly as a body is.
    ///
    /// # Errors
    /// 400 where they are not JSON (RFC 8259), or an object has the same name twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        body::parse(bytes).map(Self)
    }

    /// Reads the body as a `T`. A member that the type has no field for is wrong, whatever the type says.
    ///
    /// # Errors
    /// 422 that names fields by JSON Pointers: all that are not known, and the first other one that is wrong.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Problem> {
        strict::read(self.0)
            .map_err(|wrong| Problem::new(ProblemType::ValidationFailed).errors(wrong))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        if body::media_type(request.headers()) != Some(JsonMediaType::Json) {
            return Err(other_format(FORMATS));
        }
        JsonBody(body::read(request).await?).read().map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        if body::media_type(request.headers()).is_none() {
            // RFC 5789 section 2.2: a PATCH is told which formats there are for patches.
            let (name, formats) = ACCEPT_PATCH;
            return Err(other_format(PATCH_FORMATS).header(name, formats));
        }
        body::read(request).await.map(Self)
    }
}

fn unsupported() -> Problem {
    Problem::new(ProblemType::UnsupportedMediaType)
}

/// The body's format is none of `formats` (RFC 9110 section 15.5.16).
fn other_format(formats: &'static str) -> Problem {
    unsupported()
        .detail(format!("Content-Type must be one of: {formats}; in UTF-8."))
        .header(header::ACCEPT, HeaderValue::from_static(formats))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, MEDIA_TYPE_JSON)], body).into_response(),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request as HttpRequest;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Film {
        title: String,
        #[serde(default)]
        year: Option<i16>,
        #[serde(default)]
        cast: Vec<Actor>,
        hero: Option<Actor>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Actor {
        name: String,
    }

    fn request(content_type: &str, body: impl Into<Body>) -> Request {
        HttpRequest::post("/").header(header::CONTENT_TYPE, content_type).body(body.into()).unwrap()
    }

    async fn film(body: impl Into<Body>) -> Result<Film, Problem> {
        Json::from_request(request("application/json", body), &()).await.map(|Json(film)| film)
    }

    async fn refused(body: &'static str) -> (ProblemType, String) {
        let problem = film(body).await.unwrap_err();
        let errors: Vec<_> = problem.field_errors().iter().map(ToString::to_string).collect();
        (problem.problem_type(), errors.join("; "))
    }

    #[tokio::test]
    async fn a_body_of_the_right_shape_is_read() {
        let film = film(r#"{"title": "Heat", "cast": [{"name": "Al Pacino"}]}"#).await.unwrap();
        let cast = vec![Actor { name: "Al Pacino".to_owned() }];
        assert_eq!(film, Film { title: "Heat".to_owned(), year: None, cast, hero: None });
    }

    #[tokio::test]
    async fn an_unknown_field_is_refused_by_name_at_any_depth() {
        for (body, pointer) in [
            (r#"{"title":"x","colour":1}"#, "/colour"),
            (r#"{"title":"x","cast":[{"name":"a"},{"name":"b","na/me":1}]}"#, "/cast/1/na~1me"),
            (r#"{"title":"x","cast":[{"name":"a","cast":1}]}"#, "/cast/0/cast"),
            (r#"{"title":"x","hero":{"name":"a","hero":1}}"#, "/hero/hero"),
        ] {
            let (kind, error) = refused(body).await;
            assert_eq!(kind, ProblemType::ValidationFailed);
            assert!(
                error.starts_with(&format!("{pointer}: is not known here; expected")),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_missing_field_is_named() {
        let (kind, error) = refused(r#"{"title":"x","cast":[{}]}"#).await;
        assert_eq!(
            (kind, error.as_str()),
            (ProblemType::ValidationFailed, "/cast/0/name: is required")
        );
    }

    #[tokio::test]
    async fn a_value_of_the_wrong_type_is_named() {
        let (kind, error) = refused(r#"{"title":"x","year":"1995"}"#).await;
        assert_eq!(kind, ProblemType::ValidationFailed);
        assert_eq!(error, "/year: invalid type: string \"1995\", expected i16");
        let (_, error) = refused("[\"x\"]").await;
        assert_eq!(error, ": invalid type: array, expected an object");
    }

    #[tokio::test]
    async fn what_was_sent_is_not_sent_back_at_length() {
        let long = format!(r#"{{"title":"x","year":"{}"}}"#, "é".repeat(5000));
        let problem = film(long).await.unwrap_err();
        assert!(problem.to_string().chars().count() < 300);
    }

    #[tokio::test]
    async fn what_is_not_json_is_a_400_that_says_where() {
        for body in ["", "  ", "{", "{\"title\":}", "title=x", "{} x"] {
            let (kind, _) = refused(body).await;
            assert_eq!(kind, ProblemType::MalformedRequest, "{body}");
        }
        let problem = film("{\"title\":\n}").await.unwrap_err();
        assert!(problem.to_string().contains("line 2 column 1"), "{problem}");
    }

    #[tokio::test]
    async fn a_name_given_twice_is_a_400_that_names_it() {
        let twice = r#"{"title":"x","title":"y"}"#;
        let expected =
            (ProblemType::MalformedRequest, "/title: must not be given twice".to_owned());
        assert_eq!(refused(twice).await, expected);
    }

    #[tokio::test]
    async fn only_json_in_utf_8_is_read() {
        for good in [
            "application/json",
            "Application/JSON; Charset=\"UTF-8\"",
            "application/vnd.cinelog.v1+json",
        ] {
            let read = Json::<Film>::from_request(request(good, r#"{"title":"x"}"#), &()).await;
            assert!(read.is_ok(), "{good}");
        }
        for bad in [
            "text/plain",
            "application/json; charset=latin1",
            "application/merge-patch+json",
            "application/vnd.cinelog.v2+json",
            "",
        ] {
            let read = Json::<Film>::from_request(request(bad, r#"{"title":"x"}"#), &()).await;
            let problem = read.unwrap_err();
            assert_eq!(problem.problem_type(), ProblemType::UnsupportedMediaType, "{bad}");
            assert_eq!(problem.headers()[header::ACCEPT], FORMATS, "{bad}");
            assert!(problem.to_string().contains(FORMATS), "{bad}: {problem}");
        }
        let untyped = HttpRequest::post("/").body(Body::from("{}")).unwrap();
        assert!(Json::<Film>::from_request(untyped, &()).await.is_err());
    }

    #[tokio::test]
    async fn compressed_bodies_are_refused() {
        let mut request = request("application/json", "x");
        request.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let problem = Json::<Film>::from_request(request, &()).await.unwrap_err();
        assert_eq!(problem.problem_type(), ProblemType::UnsupportedMediaType);
        assert_eq!(problem.headers()[header::ACCEPT_ENCODING], "identity");
    }

    #[tokio::test]
    async fn a_patch_comes_in_either_format() {
        for content_type in ["application/json", "application/merge-patch+json"] {
            let body = JsonBody::from_request(request(content_type, "{\"a\":null}"), &()).await;
            assert_eq!(body.unwrap().0, serde_json::json!({"a": null}));
        }
        let problem = JsonBody::from_request(request("text/plain", "{}"), &()).await.unwrap_err();
        assert_eq!(problem.headers()["accept-patch"], PATCH_FORMATS);
        assert_eq!(problem.headers()[header::ACCEPT], PATCH_FORMATS);
        assert!(problem.to_string().contains(PATCH_FORMATS), "{problem}");
    }
}
