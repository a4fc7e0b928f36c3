//! What went wrong with a call, by what can be done about it. Which of them a code of the server is
//! stands here and nowhere else.

use events::Revision;
use eventstore::{CurrentRevision, Error};

use super::revision;
use crate::LogError;

/// Why a call to the server failed.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// The stream is elsewhere: at this revision.
    WrongRevision(Revision),
    /// There is no such stream.
    NoStream,
    /// No record of the server's begins at the position that was read from.
    NoSuchPosition,
    /// The server is gone, busy, not the leader, or did not answer in time: of a write it is not known
    /// whether it happened. Another attempt may help.
    Transient {
        reason: String,
        /// Whether the client itself has stopped working, and another is needed.
        is_client_dead: bool,
    },
    /// The server lets these credentials do nothing. Nothing was written.
    Denied,
    /// Another attempt will be answered in the same way, and nothing was written.
    Refused(String),
}

/// Reads what the client says.
pub(super) fn of(error: Error) -> Failure {
    let transient = |error: Error, is_client_dead| Failure::Transient {
        reason: error.to_string(),
        is_client_dead,
    };
    match error {
        Error::WrongExpectedVersion { current, .. } => Failure::WrongRevision(match current {
            CurrentRevision::NoStream => Revision::NONE,
            CurrentRevision::Current(number) => revision(number),
        }),
        Error::ResourceNotFound => Failure::NoStream,
        Error::AccessDenied => Failure::Denied,
        Error::ResourceDeleted => {
            Failure::Refused("a stream has been deleted for good, which no Cinelog does".to_owned())
        }
        // What the server answers has no code of its own, only this name of its own making.
        Error::ServerError(reason) if reason.contains("InvalidPosition") => Failure::NoSuchPosition,
        // After such an error the client's own task has ended: it never connects again.
        Error::ConnectionClosed | Error::GrpcConnectionError(_) => transient(error, true),
        Error::ServerError(_) | Error::DeadlineExceeded => transient(error, false),
        Error::NotLeaderException(ref leader) => Failure::Transient {
            reason: format!("{}:{} leads now", leader.host, leader.port),
            is_client_dead: false,
        },
        Error::Grpc { code, message } => by_code(&format!("{code:?}"), message),
        other => Failure::Refused(other.to_string()),
    }
}

/// What is left to the code. Its type is of a crate that is not otherwise needed here; its names are
/// those of the gRPC specification.
fn by_code(code: &str, message: String) -> Failure {
    let reason = format!("{code}: {message}");
    match code {
        // Of a deletion. Where the stream is stands in the message only, and nobody asks for it.
        "FailedPrecondition" if reason.contains("WrongExpectedVersion") => {
            Failure::WrongRevision(Revision::NONE)
        }
        // Too large for what the server is set to, or not understood.
        "InvalidArgument" | "OutOfRange" | "FailedPrecondition" => Failure::Refused(reason),
        _ => Failure::Transient { reason, is_client_dead: false },
    }
}

impl From<Failure> for LogError {
    fn from(failure: Failure) -> Self {
        let damaged = |reason| Self::Damaged { position: None, reason };
        match failure {
            Failure::Transient { reason, .. } => Self::Unavailable(reason),
            Failure::Denied => {
                Self::Unavailable("the server denies access; look at user and password".to_owned())
            }
            Failure::Refused(reason) => damaged(format!("the server refuses a call: {reason}")),
            Failure::WrongRevision(actual) => {
                damaged(format!("a stream of the log's own is at revision {actual}"))
            }
            Failure::NoSuchPosition => damaged("no event is at that position".to_owned()),
            Failure::NoStream => damaged("a stream is not there any more".to_owned()),
        }
    }
}
