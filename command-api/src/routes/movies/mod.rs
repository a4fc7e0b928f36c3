//! Films.

mod body;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod patch;
pub(super) mod put;
pub(super) mod restore;

pub(crate) use body::READ_ONLY_FIELDS;
pub(super) use body::read;

use axum::response::{IntoResponse, Response};
use domain::movie::{Movie, MovieAction, MovieCommand};
use events::{MovieId, StreamName};
use http_kit::ACCEPT_PATCH;

use super::movie_subject;
use crate::{execute::Task, receipt::Success, state::CommandState};

/// Something to do to a film.
pub(super) fn task(
    state: &CommandState,
    movie: MovieId,
    action: MovieAction,
    success: Success,
) -> Task<Movie> {
    Task {
        stream: StreamName::movie(movie),
        command: MovieCommand { movie, action },
        subject: movie_subject(movie),
        success,
        require_if_match: state.require_if_match,
        is_seen_unwritten: false,
    }
}

/// Says in which formats the film can be patched (RFC 5789 section 3.1).
fn patchable(response: Response) -> Response {
    ([ACCEPT_PATCH], response).into_response()
}
