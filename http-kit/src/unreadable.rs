//! Requests that cannot be read as HTTP: who reads connections says why, and the edge answers as it answers
//! everything else. Knows nothing of bytes.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::StatusCode;

use crate::{Problem, ProblemType};

/// Why a request could not be read. It is put into the extensions of a request that stands for the one that
/// was sent; the connection is closed after its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not what RFC 9112 demands: what is wrong, in a sentence.
    Malformed(&'static str),
    /// Its request line is too long.
    UriTooLong,
    /// Its head has too many bytes, or too many headers.
    HeadTooLarge,
    /// Its head did not arrive in time.
    TooSlow,
}

impl Unreadable {
    /// The status that it is answered with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.problem_type().status()
    }

    fn problem_type(self) -> ProblemType {
        match self {
            Self::Malformed(_) => ProblemType::MalformedRequest,
            Self::UriTooLong => ProblemType::UriTooLong,
            Self::HeadTooLarge => ProblemType::HeadTooLarge,
            Self::TooSlow => ProblemType::RequestTimeout,
        }
    }

    fn problem(self) -> Problem {
        let problem = Problem::new(self.problem_type());
        match self {
            Self::Malformed(what) => problem.detail(what),
            Self::TooSlow => problem.detail("The head of the request did not arrive in time."),
            Self::UriTooLong | Self::HeadTooLarge => problem,
        }
    }
}

/// Answers requests that could not be read.
pub(crate) async fn answer_unreadable(request: Request, next: Next) -> Response {
    match request.extensions().get::<Unreadable>() {
        Some(unreadable) => unreadable.problem().into_response(),
        None => next.run(request).await,
    }
}
