//! JSON bodies, read strictly.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::header;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Problem, ProblemType};

/// A JSON body of a known shape; also an answer in JSON.
///
/// As an extractor it rejects with 415 unless `Content-Type` is `application/json` or
/// `application/vnd.cinelog.v1+json`, with 413 where the body is too large, with 400 where it is not
/// JSON (RFC 8259) or an object has the same name twice, and with 422 where it is JSON of another
/// shape; that names the field by a JSON Pointer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// A JSON body of any shape, as `application/merge-patch+json` (RFC 7396) or as plain JSON. Rejects
/// as [`Json`] does.
#[derive(Debug, Clone)]
pub struct JsonBody {
    /// What it holds.
    pub value: Value,
    /// What it claims to be.
    pub media_type: JsonMediaType,
}

/// What a JSON body claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonMediaType {
    /// `application/json` or `application/vnd.cinelog.v1+json`.
    Json,
    /// `application/merge-patch+json`.
    MergePatch,
}

impl JsonBody {
    /// Reads the body as a `T`.
    ///
    /// # Errors
    /// 422 that names the field.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Problem> {
        serde_json::from_value(self.value).map_err(|_| Problem::new(ProblemType::ValidationFailed))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        JsonBody::from_request(request, state).await?.read().map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let _ = request;
        Err(Problem::new(ProblemType::MalformedRequest))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}
