//! Every way a command can fail, and what the client is told about it.

use domain::{Invalid, genre::GenreRefusal, movie::MovieRefusal, rating::RatingRefusal};
use event_log::{AppendError, LogError};
use events::{CloudEvent, DecodeError, RecordedEvent, Revision};
use http::{HeaderValue, header::RETRY_AFTER};
use http_kit::{FieldError, Problem, ProblemType};
use serde_json::json;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Movie(#[from] MovieRefusal),
    #[error(transparent)]
    Rating(#[from] RatingRefusal),
    #[error(transparent)]
    Genre(#[from] GenreRefusal),
    /// The client's picture of the stream is old.
    #[error("it is at revision {current}, which is not what the request expects")]
    PreconditionFailed {
        current: Revision,
        /// The first of what happened since.
        since: Vec<RecordedEvent>,
        /// Whether more than that happened.
        truncated: bool,
    },
    #[error(
        "the server wants to know which version is to be changed: send its ETag as If-Match; where a body \
         holds the film, and in a line of a bulk request, its revision as expected_version does too"
    )]
    PreconditionRequired,
    #[error("a request with this idempotency key is being worked on")]
    KeyInFlight,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("too many requests with idempotency keys are being worked on")]
    Overloaded,
    /// Others were faster, again and again.
    #[error("the stream changed {0} times while the command was decided on")]
    Contended(u32),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("JSON of our own cannot be written or read: {0}")]
    Json(#[from] serde_json::Error),
}

impl CommandError {
    /// What kind of problem it is.
    pub(crate) fn problem_type(&self) -> ProblemType {
        match self {
            Self::Movie(MovieRefusal::Unknown | MovieRefusal::Deleted)
            | Self::Rating(RatingRefusal::MovieUnknown | RatingRefusal::MovieDeleted) => {
                ProblemType::NotFound
            }
            Self::Movie(
                MovieRefusal::MustBeRestored | MovieRefusal::Exists | MovieRefusal::Full(_),
            )
            | Self::Genre(GenreRefusal::Exists)
            | Self::Append(AppendError::Conflict { .. } | AppendError::GivenChanged { .. }) => {
                ProblemType::Conflict
            }
            Self::PreconditionFailed { .. } => ProblemType::PreconditionFailed,
            Self::PreconditionRequired => ProblemType::PreconditionRequired,
            // A key that is taken and cannot be recalled is being forgotten at this moment.
            Self::KeyInFlight | Self::Append(AppendError::KeyTaken) => ProblemType::RequestInFlight,
            Self::KeyReused => ProblemType::IdempotencyKeyReused,
            Self::Append(AppendError::TooLarge { .. }) => ProblemType::PayloadTooLarge,
            Self::Overloaded
            | Self::Contended(_)
            | Self::Append(AppendError::Log(LogError::Unavailable(_)))
            | Self::Log(LogError::Unavailable(_)) => ProblemType::Unavailable,
            Self::Append(
                AppendError::DuplicateEvent(_) | AppendError::Log(LogError::Damaged { .. }),
            )
            | Self::Log(LogError::Damaged { .. })
            | Self::Decode(_)
            | Self::Json(_) => ProblemType::Internal,
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let problem_type = error.problem_type();
        let problem = Self::new(problem_type);
        if problem_type.status().is_server_error() {
            // How the store fails is for the operator to know.
            return problem.header(RETRY_AFTER, HeaderValue::from_static("1")).caused_by(error);
        }
        if problem_type == ProblemType::RequestInFlight {
            return problem.header(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let problem = problem.detail(error.to_string());
        match error {
            CommandError::PreconditionFailed { current, since, truncated } => {
                let events: Vec<CloudEvent<'_>> = since.iter().map(CloudEvent::from).collect();
                problem
                    .with("current_revision", json!(current))
                    .with("events", json!(events))
                    .with("events_truncated", json!(truncated))
            }
            _ => problem,
        }
    }
}

/// The answer to an input of which this is wrong.
pub(crate) fn invalid(findings: Vec<Invalid>) -> Problem {
    let errors = findings.into_iter().map(|Invalid { pointer, expected }| {
        FieldError::pointer(pointer, format!("must {expected}"))
    });
    Problem::new(ProblemType::ValidationFailed).errors(errors)
}
