//! Every answer that is not a success, as RFC 9457 has it.
//!
//! A handler returns a [`Problem`]; it travels in the response's extensions to [`rendering`], which
//! turns it, and every bare failure of the layers below, into `application/problem+json` in one place.

mod document;
mod field;
mod pages;
pub(crate) mod rendering;
mod types;

pub use document::{ProblemDocument, ProblemFieldError};
pub use field::FieldError;
pub use pages::{problem_pages, problem_pages_access};
pub use types::ProblemType;

use std::{error::Error, fmt};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// A failure on its way to the client.
///
/// It says what the client can know. What only the operator may know goes into
/// [`Problem::internal`], which is logged and never shown.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    problem_type: ProblemType,
    detail: Option<String>,
    errors: Vec<FieldError>,
    extensions: Map<String, Value>,
    headers: HeaderMap,
    cause: Option<String>,
}

impl Problem {
    /// The most parts of a request that one problem lists.
    pub const ERRORS_MAX: usize = 100;

    /// A problem of this type, with no more to say than the type does.
    #[must_use]
    pub fn new(problem_type: ProblemType) -> Self {
        Self(Box::new(Parts {
            problem_type,
            detail: None,
            errors: Vec::new(),
            extensions: Map::new(),
            headers: HeaderMap::new(),
            cause: None,
        }))
    }

    /// A failure that the client can do nothing about. `error` and its sources are logged, once, when
    /// the answer is rendered; the client sees a 500 and the request id.
    #[must_use]
    pub fn internal(error: impl Error + 'static) -> Self {
        Self::new(ProblemType::Internal).caused_by(error)
    }

    /// What is wrong this time, in a sentence for people.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// One part of the request that is wrong.
    #[must_use]
    pub fn error(self, error: FieldError) -> Self {
        self.errors([error])
    }

    /// Several parts of the request that are wrong. After [`ERRORS_MAX`](Self::ERRORS_MAX) of them
    /// `errors_truncated` says that there are more: an answer must not grow with what was sent.
    #[must_use]
    pub fn errors(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        for error in errors {
            if self.0.errors.len() == Self::ERRORS_MAX {
                self.0.extensions.insert("errors_truncated".to_owned(), Value::Bool(true));
                break;
            }
            self.0.errors.push(error);
        }
        self
    }

    /// An extension member (RFC 9457 section 3.2). The names of the standard's own members, `errors`
    /// and `request_id` are taken.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        debug_assert!(!ProblemDocument::MEMBERS.contains(&name), "{name} is taken");
        self.0.extensions.insert(name.to_owned(), value);
        self
    }

    /// A header of the answer, such as `Retry-After`. The same name again replaces it.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// What led to the problem, for the log only. Only problems of status 500 and more are logged.
    #[must_use]
    pub fn caused_by(mut self, error: impl Error + 'static) -> Self {
        self.0.cause = Some(chain(&error));
        self
    }

    /// Its type.
    #[must_use]
    pub fn problem_type(&self) -> ProblemType {
        self.0.problem_type
    }

    /// The headers of its answer, less those that every problem has.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The parts of the request that are wrong.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        &self.0.errors
    }
}

/// An error and its sources, from the outermost to the root.
fn chain(error: &dyn Error) -> String {
    /// Errors with more sources than this are cut: a cycle must not hang the server.
    const SOURCES_MAX: usize = 16;
    let mut text = error.to_string();
    let sources = std::iter::successors(error.source(), |&error| error.source());
    for source in sources.take(SOURCES_MAX) {
        text.push_str(": ");
        text.push_str(&source.to_string());
    }
    text
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.problem_type.title())?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        self.0.errors.iter().try_for_each(|error| write!(f, "; {error}"))
    }
}

impl Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.problem_type.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
