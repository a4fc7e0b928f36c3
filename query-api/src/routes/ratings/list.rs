//! `GET /v1/movies/{id}/ratings`: who rated a film, and how.

use axum::{extract::State, response::Response};
use events::MovieId;
use http_kit::{Path, Problem};

use crate::{
    collections::Ratings,
    documentation::{ListOfProblems, RatingListParameters},
    listing::{List, respond},
    read::Read,
    representation::Rating,
    state::Shared,
};

/// Lists the ratings of a film.
#[utoipa::path(
    get,
    path = "/v1/movies/{id}/ratings",
    operation_id = "list_ratings",
    tag = "ratings",
    params(("id" = uuid::Uuid, Path, description = "The film."), RatingListParameters),
    responses(
        (status = 200, description = "A page of ratings.", body = List<Rating>),
        (status = 206, description = "The ratings that `Range` asked for.", body = List<Rating>),
        ListOfProblems
    ),
)]
pub(crate) async fn handler(
    State(state): State<Shared>,
    Path(movie): Path<MovieId>,
    read: Read,
) -> Result<Response, Problem> {
    let arguments = read.arguments(Ratings::parameters())?;
    respond(&state, &read, &arguments, &Ratings::of(movie, &arguments)).await
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::{Kind, ReadModel, film, on_every_store};

    async fn the_newest_ratings_come_first(kind: Kind) {
        let ran = film("Ran");
        let model = ReadModel::of(kind, std::slice::from_ref(&ran)).await;
        for (account, value, minute) in [(1, 7, 10), (2, 9, 30), (3, 4, 20)] {
            model.put_rating(ran.id, account, value, minute).await;
        }
        let address = format!("/v1/movies/{}/ratings", ran.id);
        let answer = model.get(&format!("{address}?limit=2")).await;
        assert_eq!(answer.each("value"), [9, 4]);
        assert_eq!(answer.json["items"][0]["rated_at"], "1970-01-01T00:30:00Z");
        let answer = model.get(&answer.link("next").unwrap()).await;
        assert_eq!(answer.each("value"), [7]);
        let answer = model.get(&format!("{address}?sort=rated_at")).await;
        assert_eq!(answer.each("value"), [7, 4, 9]);
    }

    async fn a_film_that_is_not_there_has_no_list_of_ratings(kind: Kind) {
        let mut gone = film("Gone");
        gone.deleted = true;
        let model = ReadModel::of(kind, std::slice::from_ref(&gone)).await;
        let answer = model.get(&format!("/v1/movies/{}/ratings", gone.id)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }

    on_every_store! {
        the_newest_ratings_come_first,
        a_film_that_is_not_there_has_no_list_of_ratings,
    }
}
