//! What is found in the index that the projector keeps, by the store's own search.

use events::{MovieChanges, MovieDetails, MovieId, MovieTagged};
use projector::PoisonPolicy;
use read_model::search::{Words, fts5_query};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use super::STORE;
use crate::{
    ground::Ground,
    history::{History, film, names},
};

struct Index {
    ground: Ground,
    history: History,
}

impl Index {
    async fn new(films: impl IntoIterator<Item = MovieDetails>) -> Self {
        let mut history = History::default();
        for (number, details) in (1..).zip(films) {
            history.create(number, details);
        }
        Self { ground: Ground::new(STORE).await, history }
    }

    /// Folds in what has been recorded since the last time, then searches.
    async fn find(&self, query: &str) -> Vec<MovieId> {
        let model = self.ground.leading().await;
        let from = model.checkpoint().await.unwrap();
        let new: Vec<_> =
            self.history.events.iter().filter(|e| e.position > from.position).cloned().collect();
        if !new.is_empty() {
            model.apply(from, &new, PoisonPolicy::Halt).await.unwrap();
        }
        model.close().await;
        let found = match &self.ground.database {
            None => {
                let Some(expression) = fts5_query(query) else { return Vec::new() };
                self.find_in_file(expression).await
            }
            Some(database) => {
                let Some(words) = Words::of(query) else { return Vec::new() };
                let find = "SELECT m.id FROM cinelog_read_model_1.movie_search AS s \
                    JOIN cinelog_read_model_1.movie AS m ON m.key = s.movie_key \
                    WHERE s.words @@ $1::tsquery ORDER BY m.id";
                let mut db = database.connect().await;
                sqlx::query_scalar(find).bind(words.tsquery()).fetch_all(&mut db).await.unwrap()
            }
        };
        found.into_iter().map(MovieId).collect()
    }

    async fn find_in_file(&self, expression: String) -> Vec<Uuid> {
        let options = SqliteConnectOptions::new().filename(self.ground.path()).read_only(true);
        let mut db = SqliteConnection::connect_with(&options).await.unwrap();
        let find = "SELECT movie.id FROM movie_search JOIN movie ON movie.key = movie_search.rowid \
            WHERE movie_search MATCH ? ORDER BY movie.id";
        sqlx::query_scalar(find).bind(expression).fetch_all(&mut db).await.unwrap()
    }
}

fn titled(title: &str) -> MovieDetails {
    MovieDetails { title: title.to_owned(), ..MovieDetails::default() }
}

#[tokio::test]
async fn accents_and_case_do_not_matter_on_either_side() {
    let index = Index::new([titled("Amélie"), titled("ANGSTROM")]).await;
    assert_eq!(index.find("amelie").await, [film(1)]);
    assert_eq!(index.find("AMÉLIE").await, [film(1)]);
    assert_eq!(index.find("Ångström").await, [film(2)]);
}

#[tokio::test]
async fn the_last_word_may_be_unfinished_and_the_others_not() {
    let index = Index::new([titled("Seven Samurai")]).await;
    assert_eq!(index.find("seven sam").await, [film(1)]);
    assert!(index.find("sev samurai").await.is_empty());
}

#[tokio::test]
async fn any_part_of_a_chinese_japanese_or_korean_name_is_found() {
    let index = Index::new([titled("七人の侍"), titled("기생충"), titled("花樣年華")]).await;
    assert_eq!(index.find("人の").await, [film(1)]);
    assert_eq!(index.find("侍").await, [film(1)]);
    assert_eq!(index.find("생충").await, [film(2)]);
    assert_eq!(index.find("年華").await, [film(3)]);
    assert!(index.find("侍人").await.is_empty(), "the order counts");
}

#[tokio::test]
async fn words_of_other_scripts_are_whole() {
    let index = Index::new([titled("Андрей Рублёв"), titled("हिन्दी मीडियम")]).await;
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
    let mut index = Index::new([details]).await;
    let tagged = MovieTagged { movie_id: film(1), tags: names(["black and white"]) };
    index.history.record(tagged);
    for query in ["kurosawa", "toshiro mifune", "black white", "七人", "samurai kurosawa"] {
        assert_eq!(index.find(query).await, [film(1)], "{query}");
    }
}

#[tokio::test]
async fn punctuation_in_names_need_not_be_typed_alike() {
    let index =
        Index::new([titled("Don’t Look Now"), titled("WALL·E"), titled("Spider-Man")]).await;
    assert_eq!(index.find("don't look").await, [film(1)]);
    assert_eq!(index.find("dont look").await, [film(1)]);
    assert_eq!(index.find("wall-e").await, [film(2)]);
    assert_eq!(index.find("spider man").await, [film(3)]);
}

#[tokio::test]
async fn no_query_is_an_error_and_one_without_words_finds_nothing() {
    let index = Index::new([titled("Alien")]).await;
    for query in ["\"", "*", "title:", "NEAR(", "^", "-", "a\"b", "''", "\u{0}", "{}", "alien)("] {
        index.find(query).await;
    }
    assert!(index.find("*").await.is_empty());
    assert_eq!(index.find("alien \"").await, [film(1)]);
}

#[tokio::test]
async fn a_changed_title_is_found_under_the_new_one_only() {
    let mut index = Index::new([titled("Alien")]).await;
    assert_eq!(index.find("alien").await, [film(1)]);
    index.history.change(1, MovieChanges { title: Some("Aliens Two".into()), ..<_>::default() });
    assert_eq!(index.find("two").await, [film(1)]);
    index.history.change(1, MovieChanges { title: Some("Gravity".into()), ..<_>::default() });
    assert!(index.find("alien").await.is_empty());
}

#[tokio::test]
async fn a_deleted_film_is_not_found_until_it_is_restored() {
    let mut index = Index::new([titled("Alien"), titled("Aliens")]).await;
    assert_eq!(index.find("alien").await, [film(1), film(2)]);
    index.history.delete(1);
    assert_eq!(index.find("alien").await, [film(2)]);
    index.history.restore(1);
    assert_eq!(index.find("alien").await, [film(1), film(2)]);
}
