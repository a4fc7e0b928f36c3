//! `GET /v1/movies`: all films, filtered, searched, sorted, page by page.

use axum::{extract::State, response::Response};
use http_kit::Problem;

use crate::{
    collections::Movies,
    documentation::{ListProblems, MovieListParameters},
    listing::{List, respond},
    read::Read,
    representation::MovieView,
    state::Shared,
};

/// Lists films.
///
/// Filters are strict: an unknown parameter or a bad value is 400, and says what there is. Different
/// filters must all hold; a film of which a value is not known fails every filter by that value.
#[utoipa::path(
    get,
    path = "/v1/movies",
    operation_id = "list_movies",
    tag = "movies",
    params(MovieListParameters),
    responses(
        (status = 200, description = "A page of films.", body = List<MovieView>),
        (status = 206, description = "The films that `Range` asked for.", body = List<MovieView>),
        ListProblems
    ),
)]
pub(crate) async fn handler(State(state): State<Shared>, read: Read) -> Result<Response, Problem> {
    let arguments = read.arguments(Movies::parameters())?;
    respond(&state, &read, &arguments, &Movies::all(&arguments)).await
}

#[cfg(test)]
mod tests {
    use events::ExternalIds;
    use http::StatusCode;
    use read_model::MovieDocument;

    use crate::testing::{Kind, ReadModel, film, on_every_store, texts};

    fn rated(mut film: MovieDocument, sum: u64, count: u64) -> MovieDocument {
        film.rating.sum = sum;
        film.rating.count = count;
        film
    }

    /// Four films that differ in all that can be asked for.
    fn films() -> Vec<MovieDocument> {
        let mut samurai = film("Seven Samurai");
        samurai.details.original_title = Some("七人の侍".to_owned());
        samurai.details.year = Some(1954);
        samurai.details.release_date = Some(jiff::civil::date(1954, 4, 26));
        samurai.details.runtime_minutes = Some(207);
        samurai.details.genres = texts(&["Drama", "Action"]);
        samurai.details.directors = texts(&["Akira Kurosawa"]);
        samurai.details.cast = texts(&["Toshirô Mifune", "Takashi Shimura"]);
        samurai.details.studios = texts(&["Toho"]);
        samurai.details.language = Some("ja".to_owned());
        samurai.details.country = Some("JP".to_owned());
        samurai.details.external_ids =
            ExternalIds { imdb: Some("tt0047478".to_owned()), tmdb: None };
        let mut stray = film("Stray Dog");
        stray.details.year = Some(1949);
        stray.details.genres = texts(&["Drama", "Film Noir"]);
        stray.details.directors = texts(&["Akira Kurosawa"]);
        stray.details.cast = texts(&["Toshiro Mifune"]);
        stray.tags = texts(&["heat"]);
        stray.platforms = texts(&["MUBI"]);
        let mut amelie = film("Amélie");
        amelie.details.year = Some(2001);
        amelie.details.language = Some("fr".to_owned());
        amelie.details.country = Some("FR".to_owned());
        amelie.details.synopsis = Some("A waitress, no samurai.".to_owned());
        vec![rated(samurai, 18, 2), rated(stray, 8, 1), rated(amelie, 22, 3), film("Unknown")]
    }

    async fn every_filter_leaves_the_films_that_fit(kind: Kind) {
        let model = ReadModel::of(kind, &films()).await;
        let (samurai, stray, amelie) = ("Seven Samurai", "Stray Dog", "Amélie");
        let cases: &[(&str, &[&str])] = &[
            ("genre=drama", &[samurai, stray]),
            ("genre=Film%20Noir", &[stray]),
            ("genre=drama&genre=action", &[samurai]),
            ("genre=film-noir,action", &[samurai, stray]),
            ("tag=heat", &[stray]),
            ("platform=mubi", &[stray]),
            ("director=Akira+Kurosawa", &[samurai, stray]),
            ("actor=toshiro-mifune", &[samurai, stray]),
            ("cast=Takashi%20Shimura", &[samurai]),
            ("person=akira-kurosawa&year=1949", &[stray]),
            ("studio=toho", &[samurai]),
            ("language=JA,de", &[samurai]),
            ("country=fr", &[amelie]),
            ("country=FR&language=Fr", &[amelie]),
            ("imdb=tt0047478", &[samurai]),
            ("year[gte]=1954", &[amelie, samurai]),
            ("year[gt]=1954", &[amelie]),
            ("year[lte]=1954", &[samurai, stray]),
            ("year[lt]=1954&year[gt]=1940", &[stray]),
            ("release_date[gte]=1954-04-26", &[samurai]),
            ("release_date[lt]=1954-04-26", &[]),
            ("runtime_minutes[gt]=200", &[samurai]),
            ("rating[gte]=8", &[samurai, stray]),
            ("rating=7.33", &[amelie]),
            ("rating[gte]=7.33&rating[lt]=8", &[amelie]),
            ("rating[gt]=7.33", &[samurai, stray]),
            ("rating=7.333", &[]),
            ("rating[lte]=10", &[amelie, samurai, stray]),
            ("rating_count[lt]=1", &["Unknown"]),
            ("rating_count[gte]=2", &[amelie, samurai]),
            ("q=samurai&sort=title", &[amelie, samurai]),
            ("q=%E3%81%AE%E4%BE%8D", &[samurai]),
            ("q=AMELIE", &[amelie]),
            ("q=kurosawa+str", &[stray]),
            ("q=%21%21%21", &[]),
        ];
        for (query, titles) in cases {
            let answer = model.get(&format!("/v1/movies?{query}")).await;
            assert_eq!(answer.titles(), *titles, "{query}: {:?}", answer.problem);
        }
    }

    async fn several_keys_sort_each_in_its_own_direction(kind: Kind) {
        let model = ReadModel::of(kind, &films()).await;
        let titles = |query| {
            let model = &model;
            async move { model.get(&format!("/v1/movies?sort={query}")).await.titles() }
        };
        assert_eq!(titles("-year").await, ["Amélie", "Seven Samurai", "Stray Dog", "Unknown"]);
        assert_eq!(
            titles("rating_count,-title").await,
            ["Unknown", "Stray Dog", "Seven Samurai", "Amélie"]
        );
    }

    async fn a_search_shows_the_best_title_first(kind: Kind) {
        let mut about = film("A Film");
        about.details.synopsis = Some("Ran through the night.".to_owned());
        let titles = ["The Man Who Ran", "Ran", "Ran and Run"];
        let mut films: Vec<_> = titles.into_iter().map(film).collect();
        films.push(about);
        let model = ReadModel::of(kind, &films).await;
        assert_eq!(
            model.get("/v1/movies?q=ran").await.titles(),
            ["Ran", "Ran and Run", "The Man Who Ran", "A Film"]
        );
        let mut page = model.get("/v1/movies?q=ran&limit=1").await;
        let mut seen = page.titles();
        while let Some(next) = page.link("next") {
            page = model.get(&next).await;
            seen.extend(page.titles());
        }
        assert_eq!(seen, ["Ran", "Ran and Run", "The Man Who Ran", "A Film"]);
    }

    async fn deleted_films_are_in_no_list(kind: Kind) {
        let mut gone = film("Gone");
        gone.deleted = true;
        let model = ReadModel::of(kind, &[gone, film("Here")]).await;
        assert_eq!(model.get("/v1/movies").await.titles(), ["Here"]);
    }

    async fn only_the_wanted_fields_are_sent(kind: Kind) {
        let model = ReadModel::of(kind, &films()).await;
        let answer = model.get("/v1/movies?fields=title,year&limit=1").await;
        let item = answer.json["items"][0].as_object().unwrap();
        assert_eq!(item.keys().collect::<Vec<_>>(), ["id", "title", "year"]);
    }

    async fn whatever_is_wrong_with_the_parameters_is_said_at_once(kind: Kind) {
        let model = ReadModel::on(kind).await;
        let answer = model.get("/v1/movies?colour=red&year=soon&sort=size").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.problem.unwrap().field_errors().len(), 3);
    }

    async fn text_that_looks_like_sql_is_only_text(kind: Kind) {
        let model = ReadModel::of(kind, &films()).await;
        for value in ["%27%3B+DROP+TABLE+movie%3B--", "%22%20OR%201%3D1", "%00", "a%25_"] {
            for name in ["q", "genre", "director"] {
                let answer = model.get(&format!("/v1/movies?{name}={value}zzz")).await;
                assert_eq!(answer.titles(), [""; 0], "{name}={value}");
            }
        }
    }

    on_every_store! {
        every_filter_leaves_the_films_that_fit,
        several_keys_sort_each_in_its_own_direction,
        a_search_shows_the_best_title_first,
        deleted_films_are_in_no_list,
        only_the_wanted_fields_are_sent,
        whatever_is_wrong_with_the_parameters_is_said_at_once,
        text_that_looks_like_sql_is_only_text,
    }
}
