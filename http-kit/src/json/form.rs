//! Bodies that may be JSON or a form: OAuth's clients send forms (RFC 6749 appendix B), ours JSON.

use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};

use super::{JsonBody, JsonMediaType, body, other_format};
use crate::{FieldError, Problem, ProblemType, QueryPairs};

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// What there is.
const FORMATS: &str = "application/json, application/x-www-form-urlencoded";

/// A body of known names: JSON, read as strictly as [`super::Json`]; or a form, whose other names are passed
/// over (RFC 6749 section 3.2 demands that). A name that is given twice is 400 in either.
#[derive(Debug, Clone)]
pub enum JsonOrForm {
    /// A JSON document.
    Json(JsonBody),
    /// The fields of a form, each a text.
    Form(Map<String, Value>),
}

impl JsonOrForm {
    /// The body as a `T`; of a form, only `names` are looked at.
    ///
    /// # Errors
    /// 422, as [`JsonBody::read`] says it.
    pub fn read<T: serde::de::DeserializeOwned>(self, names: &[&str]) -> Result<T, Problem> {
        match self {
            Self::Json(body) => body.read(),
            Self::Form(mut fields) => {
                fields.retain(|name, _| names.contains(&name.as_str()));
                JsonBody(Value::Object(fields)).read()
            }
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonOrForm {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        if body::media_type(request.headers()) == Some(JsonMediaType::Json) {
            return body::read(request).await.map(|body| Self::Json(JsonBody(body)));
        }
        if body::essence(request.headers()).as_deref() != Some(FORM) {
            return Err(other_format(FORMATS));
        }
        fields(&body::read_form(request).await?).map(Self::Form)
    }
}

fn fields(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let malformed = |detail| Problem::new(ProblemType::MalformedRequest).detail(detail);
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("The form is not in UTF-8."))?;
    let pairs = QueryPairs::parse(text.trim_end())
        .map_err(|_| malformed("The form is not percent-encoded UTF-8, or has too many fields."))?;
    let mut fields = Map::new();
    for (name, value) in pairs.0 {
        let pointer = format!("/{name}");
        if fields.insert(name, Value::String(value)).is_some() {
            return Err(Problem::new(ProblemType::MalformedRequest)
                .error(FieldError::pointer(pointer, "must not be given twice")));
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request as HttpRequest;
    use serde::Deserialize;

    use super::{super::MEDIA_TYPE_JSON, *};

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Grant {
        kind: String,
    }

    async fn read(media_type: &str, body: &'static str) -> Result<Grant, ProblemType> {
        let request = HttpRequest::post("/").header("content-type", media_type);
        let request = request.body(Body::from(body)).unwrap();
        let body = JsonOrForm::from_request(request, &()).await;
        body.and_then(|body| body.read(&["kind"])).map_err(|problem| problem.problem_type())
    }

    #[tokio::test]
    async fn a_form_and_json_say_the_same() {
        let grant = Grant { kind: "a b".to_owned() };
        assert_eq!(read(MEDIA_TYPE_JSON, r#"{"kind": "a b"}"#).await.unwrap(), grant);
        assert_eq!(read(FORM, "kind=a+b").await.unwrap(), grant);
        assert_eq!(
            read("Application/X-WWW-form-urlencoded; charset=UTF-8", "kind=a%20b").await.unwrap(),
            grant
        );
    }

    #[tokio::test]
    async fn what_a_form_says_besides_is_passed_over_and_what_json_says_is_not() {
        assert!(read(FORM, "kind=a&client_id=x").await.is_ok());
        let refused = read(MEDIA_TYPE_JSON, r#"{"kind": "a", "client_id": "x"}"#).await;
        assert_eq!(refused.unwrap_err(), ProblemType::ValidationFailed);
    }

    #[tokio::test]
    async fn a_form_that_is_none_is_refused() {
        assert_eq!(read(FORM, "kind=a&kind=b").await.unwrap_err(), ProblemType::MalformedRequest);
        assert_eq!(read(FORM, "kind=%zz").await.unwrap_err(), ProblemType::MalformedRequest);
        assert_eq!(read(FORM, "").await.unwrap_err(), ProblemType::ValidationFailed);
        assert_eq!(
            read("text/plain", "kind=a").await.unwrap_err(),
            ProblemType::UnsupportedMediaType
        );
    }
}
