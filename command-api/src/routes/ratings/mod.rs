//! One's own rating of a film.

pub(super) mod delete;
pub(super) mod put;

use domain::{
    movie::Standing,
    rating::{Rating, RatingAction, RatingCommand},
};
use events::{AccountId, MovieId, StreamName};

use crate::{
    execute::Task,
    receipt::{Subject, SubjectId, Success},
};

/// Something to do to the rating that `account` gave to `movie`.
fn task(
    movie: MovieId,
    account: AccountId,
    action: RatingAction,
    success: Success,
) -> Task<Rating> {
    // What the film's standing is, the command is told when it is carried out.
    let standing = Standing::Unknown;
    Task {
        stream: StreamName::rating(movie, account),
        command: RatingCommand { movie, standing, account, action },
        subject: Subject {
            id: SubjectId::Id(movie),
            address: format!("/v1/movies/{movie}/ratings/me"),
        },
        success,
        require_if_match: false,
        is_seen_unwritten: false,
    }
}
