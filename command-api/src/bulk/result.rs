//! What a line is answered with.

use bytes::BytesMut;
use events::{MovieId, Position, Revision};
use http::StatusCode;
use http_kit::{Problem, ProblemDocument, ProblemType};
use serde::Serialize;
use serde_json::Value;

use super::{BULK_PATH, Sender};
use crate::receipt::{Done, DryRun, Outcome, SubjectId};

/// The answer to a line.
#[derive(Debug, Serialize)]
pub(crate) struct LineResult {
    /// The number of the line, from 1; blank lines count.
    line: u64,
    status: u16,
    #[serde(flatten)]
    said: Said,
    /// Whether the line was not refused for what it says, but may succeed later as it is.
    #[serde(skip)]
    passes: bool,
}

/// What is said besides the status.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Said {
    Done {
        id: Option<MovieId>,
        revision: Revision,
        position: Position,
    },
    /// Without an id: a film that would be created has none yet.
    Rehearsed {
        revision: u64,
        events: Vec<Value>,
    },
    Refused {
        problem: Box<ProblemDocument>,
    },
}

impl LineResult {
    /// What came of a line of `sender`'s.
    pub(crate) fn of(sender: &Sender, line: u64, outcome: Result<Outcome, Problem>) -> Self {
        let mut passes = false;
        let (status, said) = match outcome {
            Ok(Outcome::Done(Done { answer, appended, .. })) => {
                let id = match answer.subject() {
                    SubjectId::Id(movie) => Some(*movie),
                    SubjectId::Slug(_) => None,
                };
                let (revision, position) = (appended.revision, appended.position);
                (answer.status(), Said::Done { id, revision, position })
            }
            Ok(Outcome::Rehearsed(DryRun { events, revision })) => {
                (StatusCode::OK, Said::Rehearsed { revision, events })
            }
            Err(problem) => {
                let kind = problem.problem_type();
                passes = matches!(kind, ProblemType::Unavailable | ProblemType::RequestInFlight);
                let status = kind.status();
                let problem = problem.into_document(BULK_PATH, &sender.request_id);
                (status, Said::Refused { problem: Box::new(problem) })
            }
        };
        Self { line, status: status.as_u16(), said, passes }
    }

    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Whether what the line asks for is so now, or would be.
    pub(crate) fn is_success(&self) -> bool {
        !matches!(self.said, Said::Refused { .. })
    }

    /// Whether the line was not refused for what it says, but may succeed later as it is.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.passes
    }

    /// Writes it as a line.
    pub(crate) fn write_to(&self, bytes: &mut BytesMut) -> Result<(), serde_json::Error> {
        bytes.extend_from_slice(&serde_json::to_vec(self)?);
        bytes.extend_from_slice(b"\n");
        Ok(())
    }
}
