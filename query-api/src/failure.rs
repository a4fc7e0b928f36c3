//! How a failure of the store is answered.

use http::{HeaderValue, header};
use http_kit::{Problem, ProblemType};

use crate::{measure, store::StoreError};

/// How long a client waits before it asks again, in seconds.
pub(crate) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Missing(_) => {
                Self::new(ProblemType::Unavailable)
                    .header(header::RETRY_AFTER, RETRY_AFTER)
                    .caused_by(error)
            }
            StoreError::TooSlow(_) => {
                measure::given_up();
                Self::new(ProblemType::Unavailable)
                    .detail("Reading took too long. A narrower filter or search takes less.")
                    .header(header::RETRY_AFTER, RETRY_AFTER)
                    .caused_by(error)
            }
            StoreError::Foreign { .. } | StoreError::Damaged(_) => Self::internal(error),
        }
    }
}

/// The answer where there is no such film, or it is deleted.
pub(crate) fn no_such_movie() -> Problem {
    Problem::new(ProblemType::NotFound).detail("There is no film with this id.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_that_took_too_long_may_be_tried_again() {
        let problem = Problem::from(StoreError::TooSlow("two seconds have passed".into()));
        assert_eq!(problem.problem_type(), ProblemType::Unavailable);
        assert_eq!(problem.headers()[header::RETRY_AFTER], RETRY_AFTER);
    }
}
