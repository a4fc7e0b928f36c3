//! One's own rating of a film.

pub(super) mod delete;
pub(super) mod put;

use domain::{
    movie::Movie,
    rating::{Rating, RatingAction, RatingCommand},
};
use events::{AccountId, MovieId, StreamName};

use crate::{
    execute::Task,
    problem::CommandError,
    receipt::{Subject, SubjectId, Success},
    state::CommandState,
};

/// Something to do to the rating that `account` gave to `movie`.
async fn task(
    state: &CommandState,
    movie: MovieId,
    account: AccountId,
    action: RatingAction,
    success: Success,
) -> Result<Task<Rating>, CommandError> {
    let film = state.executor.load::<Movie, CommandError>(&StreamName::movie(movie)).await?;
    Ok(Task {
        stream: StreamName::rating(movie, account),
        command: RatingCommand { movie, standing: film.state.standing(), account, action },
        subject: Subject {
            id: SubjectId::Id(movie),
            address: format!("/v1/movies/{movie}/ratings/me"),
        },
        success,
        require_if_match: false,
        is_seen_unwritten: false,
    })
}
