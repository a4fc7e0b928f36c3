//! Films that are looked up by what others know them by.

use std::time::Duration;

use events::{ExternalIds, MovieDetails, MovieId};
use projector::{GenerationError, PoisonPolicy, port::Films};

use super::STORE;
use crate::{
    ground::{Ground, options},
    history::{History, film},
};

/// More than a look-up takes.
const LONG: Duration = Duration::from_secs(60);

fn known(title: &str, year: Option<i16>, imdb: Option<&str>) -> MovieDetails {
    let external_ids = ExternalIds { imdb: imdb.map(str::to_owned), ..ExternalIds::default() };
    MovieDetails { title: title.to_owned(), year, external_ids, ..MovieDetails::default() }
}

async fn films() -> (Ground, Box<dyn Films>) {
    let mut history = History::default();
    history
        .create(1, known("Solaris", Some(1972), Some("tt0069293")))
        .create(2, known("Solaris", Some(2002), Some("tt0307479")))
        .create(3, known("SOLARIS", None, None))
        .create(4, known("Amélie", Some(2001), None))
        .create(5, known("Mirror", Some(1975), Some("tt0072443")))
        .delete(5);
    let ground = Ground::with(STORE, &history.events).await;
    ground.catch_up(options(100, PoisonPolicy::Halt)).await;
    let films = ground.read_models.films(1, LONG).await.unwrap();
    (ground, films)
}

#[tokio::test]
async fn films_are_found_by_the_ids_of_imdb() {
    let (_ground, films) = films().await;
    let found = films.by_imdb(&["tt0307479", "tt9999999", "tt0069293"]).await.unwrap();
    assert_eq!(found, [("tt0069293".to_owned(), film(1)), ("tt0307479".to_owned(), film(2))]);
}

#[tokio::test]
async fn films_are_found_by_their_titles_whatever_their_year() {
    let (_ground, films) = films().await;
    let found = films.by_title(&["solaris", "amelie", "stalker"]).await.unwrap();
    let solaris = |year, film: MovieId| ("solaris".to_owned(), year, film);
    let amelie = ("amelie".to_owned(), 2001, film(4));
    assert_eq!(
        found,
        [solaris(1972, film(1)), solaris(2002, film(2)), solaris(0, film(3)), amelie]
    );
}

#[tokio::test]
async fn neither_deleted_films_nor_those_without_an_id_are_found() {
    let (_ground, films) = films().await;
    assert_eq!(films.by_imdb(&["tt0072443", ""]).await.unwrap(), []);
    assert_eq!(films.by_title(&["mirror"]).await.unwrap(), []);
}

#[tokio::test]
async fn a_generation_that_is_not_there_has_no_films() {
    let ground = Ground::new(STORE).await;
    let films = ground.read_models.films(1, LONG).await;
    assert!(matches!(films.err(), Some(GenerationError::Missing(1))));
}
