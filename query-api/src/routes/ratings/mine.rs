//! `GET /v1/movies/{id}/ratings/me`: the caller's own rating of a film.

use std::sync::{Arc, LazyLock};

use axum::{extract::State, response::Response};
use events::{AccountId, MovieId};
use http::{HeaderValue, StatusCode, header};
use http_kit::{Caller, Path, Problem, ProblemType, vary};

use crate::{
    documentation::{MyRatingParameters, PrivateProblems},
    fields::Fields,
    freshness::POSITION,
    listing::json,
    parameter::Parameter,
    read::Read,
    representation::{Rating, RatingView},
    state::Shared,
    store::Store,
};

static PARAMETERS: LazyLock<[Parameter; 1]> =
    LazyLock::new(|| [Fields::parameter(&Rating::FIELDS, Rating::ALWAYS)]);

/// The parameters of the caller's own rating.
pub(crate) fn parameters() -> &'static [Parameter] {
    &*PARAMETERS
}

/// Shows the caller's own rating of a film.
#[utoipa::path(
    get,
    path = "/v1/movies/{id}/ratings/me",
    operation_id = "get_my_rating",
    tag = "ratings",
    params(("id" = uuid::Uuid, Path, description = "The film."), MyRatingParameters),
    responses((status = 200, description = "The rating.", body = RatingView), PrivateProblems),
)]
pub(crate) async fn handler(
    caller: Caller,
    State(state): State<Shared>,
    Path(movie): Path<MovieId>,
    read: Read,
) -> Result<Response, Problem> {
    let fields = Fields::asked(&read.arguments(parameters())?, Rating::ALWAYS);
    let account = AccountId(caller.account);
    let find = async |store: Arc<dyn Store>| Ok(store.rating(movie, account).await?);
    let (checkpoint, rating) = state.fresh(&read, find).await?;
    let rating = rating.ok_or_else(|| {
        Problem::new(ProblemType::NotFound).detail("You have not rated a film with this id.")
    })?;
    let rating = RatingView::of(rating.into(), &fields).map_err(Problem::internal)?;
    let body = serde_json::to_vec(&rating).map_err(Problem::internal)?;
    let mut response = json(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(POSITION, HeaderValue::from(checkpoint.position.0));
    vary(headers, [header::AUTHORIZATION]);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use events::AccountId;
    use http::StatusCode;
    use uuid::Uuid;

    use crate::testing::{Kind, ReadModel, film, on_every_store};

    async fn nobody_in_particular_has_no_rating(kind: Kind) {
        let ran = film("Ran");
        let model = ReadModel::of(kind, std::slice::from_ref(&ran)).await;
        let answer = model.node(0).get(&format!("/v1/movies/{}/ratings/me", ran.id)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }

    async fn everybody_has_their_own_rating(kind: Kind) {
        let ran = film("Ran");
        let model = ReadModel::of(kind, std::slice::from_ref(&ran)).await;
        model.put_rating(ran.id, 1, 7, 10).await;
        let of = |account| AccountId(Uuid::from_u128(account));
        let store = model.store();
        assert_eq!(store.rating(ran.id, of(1)).await.unwrap().1.unwrap().value, 7);
        assert_eq!(store.rating(ran.id, of(2)).await.unwrap().1, None);
    }

    on_every_store! {
        nobody_in_particular_has_no_rating,
        everybody_has_their_own_rating,
    }
}
