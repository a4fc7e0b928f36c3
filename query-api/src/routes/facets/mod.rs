//! Genres, tags, platforms and people: the same four routes for each.
//!
//! The handlers and their documentation are written once, with `{nouns}` and `{noun}` where the word
//! goes; [`for_noun`] makes a route of them.

pub(super) mod get;
pub(super) mod list;
pub(super) mod movies;
pub(super) mod of_movie;

use axum::Extension;
use events::Slug;
use serde::{Deserialize, Deserializer, de::Error};
use utoipa::openapi::path::{PathItem, Paths};
use utoipa_axum::router::{UtoipaMethodRouter, UtoipaMethodRouterExt};

use crate::{noun::Noun, parameter::is_text, state::Shared};

/// The route for one noun, of the route for all.
pub(super) fn for_noun(
    noun: Noun,
    (schemas, paths, methods): UtoipaMethodRouter<Shared>,
) -> UtoipaMethodRouter<Shared> {
    let mut named = Paths::new();
    for (path, item) in paths.paths {
        named.paths.insert(with_noun(&path, noun), item_with_noun(item, noun));
    }
    (schemas, named, methods).layer(Extension(noun))
}

fn item_with_noun(mut item: PathItem, noun: Noun) -> PathItem {
    if let Some(operation) = &mut item.get {
        let texts =
            [&mut operation.summary, &mut operation.description, &mut operation.operation_id];
        for text in texts.into_iter().flatten() {
            *text = with_noun(text, noun);
        }
        for tag in operation.tags.iter_mut().flatten() {
            *tag = with_noun(tag, noun);
        }
    }
    item
}

fn with_noun(text: &str, noun: Noun) -> String {
    text.replace("{nouns}", noun.plural).replace("{noun}", noun.singular)
}

/// A slug in a path. A name does as well: `Film%20Noir` is `film-noir`.
pub(crate) struct SlugInPath(pub(crate) Slug);

impl<'de> Deserialize<'de> for SlugInPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !is_text(&text, Slug::MAX_CHARS) {
            let must = format!("a slug has 1 to {} characters, not all blank", Slug::MAX_CHARS);
            return Err(D::Error::custom(must));
        }
        Ok(Self(Slug::of(&text)))
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http_kit::ProblemType;
    use serde_json::json;

    use crate::testing::{Kind, ReadModel, film, on_every_store, texts};

    async fn model(kind: Kind) -> ReadModel {
        let mut heat = film("Heat");
        heat.details.genres = texts(&["Crime", "Drama"]);
        heat.details.directors = texts(&["Michael Mann"]);
        heat.details.cast = texts(&["Al Pacino", "Robert De Niro"]);
        heat.platforms = texts(&["Netflix"]);
        let mut casino = film("Casino");
        casino.details.genres = texts(&["Crime"]);
        casino.details.cast = texts(&["Robert De Niro"]);
        casino.tags = texts(&["Las Vegas"]);
        ReadModel::of(kind, &[heat, casino]).await
    }

    async fn genres_are_listed_with_how_many_films_they_have(kind: Kind) {
        let model = model(kind).await;
        let answer = model.get("/v1/genres").await;
        let crime = json!({
            "slug": "crime", "name": "Crime", "movie_count": 2, "description": null,
            "links": {"self": "/v1/genres/crime", "movies": "/v1/genres/crime/movies"},
        });
        assert_eq!(answer.json["items"][0], crime);
        assert_eq!(answer.each("slug"), ["crime", "drama"]);
        let answer = model.get("/v1/genres?sort=-movie_count&limit=1").await;
        assert_eq!(answer.each("slug"), ["crime"]);
        let answer = model.get(&answer.link("next").unwrap()).await;
        assert_eq!(answer.each("slug"), ["drama"]);
    }

    async fn directors_and_actors_are_people(kind: Kind) {
        let model = model(kind).await;
        let answer = model.get("/v1/people").await;
        assert_eq!(answer.each("slug"), ["al-pacino", "michael-mann", "robert-de-niro"]);
        let answer = model.get("/v1/people?q=De").await;
        assert_eq!(answer.each("name"), ["Robert De Niro"]);
        assert_eq!(model.get("/v1/people?q=iro").await.each("name"), [""; 0]);
    }

    async fn each_kind_has_its_own_list(kind: Kind) {
        let model = model(kind).await;
        assert_eq!(model.get("/v1/tags").await.each("slug"), ["las-vegas"]);
        assert_eq!(model.get("/v1/platforms").await.each("slug"), ["netflix"]);
    }

    async fn one_is_found_by_slug_and_by_name(kind: Kind) {
        let model = model(kind).await;
        for address in ["/v1/people/robert-de-niro", "/v1/people/Robert%20De%20Niro"] {
            let answer = model.get(address).await;
            assert_eq!(answer.json["movie_count"], 2, "{address}");
            assert!(answer.header("etag").starts_with("\"r0."));
        }
        let missing = model.get("/v1/people/nobody").await.problem.unwrap();
        assert_eq!(missing.problem_type(), ProblemType::NotFound);
    }

    async fn the_films_of_one_can_be_filtered_further(kind: Kind) {
        let model = model(kind).await;
        let address = "/v1/people/robert-de-niro/movies";
        let answer = model.get(address).await;
        assert_eq!(answer.titles(), ["Casino", "Heat"]);
        assert_eq!(answer.link("self").unwrap(), address);
        assert_eq!(model.get(&format!("{address}?genre=drama")).await.titles(), ["Heat"]);
        let missing = model.get("/v1/genres/western/movies").await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
    }

    async fn those_of_a_film_are_listed(kind: Kind) {
        let model = model(kind).await;
        let heat = film("Heat").id;
        let answer = model.get(&format!("/v1/movies/{heat}/genres")).await;
        assert_eq!(answer.each("slug"), ["crime", "drama"]);
        let answer = model.get(&format!("/v1/movies/{heat}/people?limit=2")).await;
        assert_eq!(answer.each("slug"), ["al-pacino", "michael-mann"]);
        let answer = model.get(&answer.link("next").unwrap()).await;
        assert_eq!(answer.each("slug"), ["robert-de-niro"]);
        let missing = model.get(&format!("/v1/movies/{}/genres", film("Never").id)).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
    }

    async fn what_is_blank_is_nobodys_name(kind: Kind) {
        let mut film = film("Film");
        film.details.genres = texts(&["U"]);
        let model = ReadModel::of(kind, &[film]).await;
        assert_eq!(model.get("/v1/genres/u").await.json["name"], "U");
        let blank = ["/v1/genres/%20", "/v1/genres/%20/movies", "/v1/genres?q=+", "/v1/movies?q=+"];
        for address in blank.into_iter().chain(["/v1/movies?genre=%E2%80%83"]) {
            let answer = model.get(address).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
            assert_eq!(answer.problem.unwrap().field_errors().len(), 1, "{address}");
        }
    }

    async fn a_slug_has_at_most_100_characters(kind: Kind) {
        let model = model(kind).await;
        let answer = model.get(&format!("/v1/genres/{}", "a".repeat(101))).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let answer = model.get(&format!("/v1/genres/{}", "a".repeat(100))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }

    on_every_store! {
        genres_are_listed_with_how_many_films_they_have,
        directors_and_actors_are_people,
        each_kind_has_its_own_list,
        one_is_found_by_slug_and_by_name,
        the_films_of_one_can_be_filtered_further,
        those_of_a_film_are_listed,
        what_is_blank_is_nobodys_name,
        a_slug_has_at_most_100_characters,
    }
}
