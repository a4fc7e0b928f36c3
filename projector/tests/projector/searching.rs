//! What is found in the index that the projector keeps, on the real FTS5.

use std::path::PathBuf;

use events::{MovieChanges, MovieDetails, MovieId, MovieTagged};
use projector::{PoisonPolicy, sqlite::SqliteReadModel};
use read_model::search::fts5_query;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    contents::reader,
    history::{History, film, names},
};

struct Index {
    folder: TempDir,
    history: History,
}

impl Index {
    fn new(films: impl IntoIterator<Item = MovieDetails>) -> Self {
        let mut history = History::default();
        for (number, details) in (1..).zip(films) {
            history.create(number, details);
        }
        Self { folder: tempfile::tempdir().unwrap(), history }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("read-model.db")
    }

    /// Folds in what has been recorded since the last time, then searches.
    async fn find(&self, query: &str) -> Vec<MovieId> {
        let model = SqliteReadModel::open(self.path()).await.unwrap();
        let from = model.checkpoint().await.unwrap();
        let new: Vec<_> =
            self.history.events.iter().filter(|e| e.position > from.position).cloned().collect();
        if !new.is_empty() {
            model.apply(from, &new, PoisonPolicy::Halt).await.unwrap();
        }
        model.close().await;
        let Some(expression) = fts5_query(query) else { return Vec::new() };
        let found: Vec<Uuid> = sqlx::query_scalar(
            "SELECT movie.id FROM movie_search JOIN movie ON movie.key = movie_search.rowid \
             WHERE movie_search MATCH ? ORDER BY movie.id",
        )
        .bind(expression)
        .fetch_all(&mut reader(&self.path()).await)
        .await
        .unwrap();
        found.into_iter().map(MovieId).collect()
    }
}

fn titled(title: &str) -> MovieDetails {
    MovieDetails { title: title.to_owned(), ..MovieDetails::default() }
}

#[tokio::test]
async fn accents_and_case_do_not_matter_on_either_side() {
    let index = Index::new([titled("Amélie"), titled("ANGSTROM")]);
    assert_eq!(index.find("amelie").await, [film(1)]);
    assert_eq!(index.find("AMÉLIE").await, [film(1)]);
    assert_eq!(index.find("Ångström").await, [film(2)]);
}

#[tokio::test]
async fn the_last_word_may_be_unfinished_and_the_others_not() {
    let index = Index::new([titled("Seven Samurai")]);
    assert_eq!(index.find("seven sam").await, [film(1)]);
    assert!(index.find("sev samurai").await.is_empty());
}

#[tokio::test]
async fn any_part_of_a_chinese_japanese_or_korean_name_is_found() {
    let index = Index::new([titled("七人の侍"), titled("기생충"), titled("花樣年華")]);
    assert_eq!(index.find("人の").await, [film(1)]);
    assert_eq!(index.find("侍").await, [film(1)]);
    assert_eq!(index.find("생충").await, [film(2)]);
    assert_eq!(index.find("年華").await, [film(3)]);
    assert!(index.find("侍人").await.is_empty(), "the order counts");
}

#[tokio::test]
async fn words_of_other_scripts_are_whole() {
    let index = Index::new([titled("Андрей Рублёв"), titled("हिन्दी मीडियम")]);
    assert_eq!(index.find("андрей").await, [film(1)]);
    assert_eq!(index.find("हिन्दी").await, [film(2)]);
    assert!(index.find("न्दी").await.is_empty());
}

#[tokio::test]
async fn people_and_tags_and_the_original_title_are_found_too() {
    let details = MovieDetails {
        original_title: Some("七人の侍".into()),
        directors: names(["Akira Kurosawa"]),
        cast: names(["Toshirō Mifune"]),
        ..titled("Seven Samurai")
    };
    let mut index = Index::new([details]);
    let tagged = MovieTagged { movie_id: film(1), tags: names(["black and white"]) };
    index.history.record(tagged);
    for query in ["kurosawa", "toshiro mifune", "black white", "七人", "samurai kurosawa"] {
        assert_eq!(index.find(query).await, [film(1)], "{query}");
    }
}

#[tokio::test]
async fn punctuation_in_names_need_not_be_typed_alike() {
    let index = Index::new([titled("Don’t Look Now"), titled("WALL·E"), titled("Spider-Man")]);
    assert_eq!(index.find("don't look").await, [film(1)]);
    assert_eq!(index.find("dont look").await, [film(1)]);
    assert_eq!(index.find("wall-e").await, [film(2)]);
    assert_eq!(index.find("spider man").await, [film(3)]);
}

#[tokio::test]
async fn no_query_is_an_error_and_one_without_words_finds_nothing() {
    let index = Index::new([titled("Alien")]);
    for query in ["\"", "*", "title:", "NEAR(", "^", "-", "a\"b", "''", "\u{0}", "{}", "alien)("] {
        index.find(query).await;
    }
    assert!(index.find("*").await.is_empty());
    assert_eq!(index.find("alien \"").await, [film(1)]);
}

#[tokio::test]
async fn a_changed_title_is_found_under_the_new_one_only() {
    let mut index = Index::new([titled("Alien")]);
    assert_eq!(index.find("alien").await, [film(1)]);
    index.history.change(1, MovieChanges { title: Some("Aliens Two".into()), ..<_>::default() });
    assert_eq!(index.find("two").await, [film(1)]);
    index.history.change(1, MovieChanges { title: Some("Gravity".into()), ..<_>::default() });
    assert!(index.find("alien").await.is_empty());
}

#[tokio::test]
async fn a_deleted_film_is_not_found_until_it_is_restored() {
    let mut index = Index::new([titled("Alien"), titled("Aliens")]);
    assert_eq!(index.find("alien").await, [film(1), film(2)]);
    index.history.delete(1);
    assert_eq!(index.find("alien").await, [film(2)]);
    index.history.restore(1);
    assert_eq!(index.find("alien").await, [film(1), film(2)]);
}
