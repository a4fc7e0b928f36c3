//! The words that misspelled ones are looked for among, which Postgres alone keeps: those of the titles and
//! people of the films that are there, no more and no fewer.

use events::{MovieChanges, MovieDetails};
use projector::{PoisonPolicy, verify};
use read_model::Checkpoint;

use crate::{
    ground::{Ground, Store, options},
    history::{History, names},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

fn titled(title: &str) -> MovieDetails {
    MovieDetails { title: title.to_owned(), ..MovieDetails::default() }
}

/// Two films that have a word in common, and one with people and texts.
fn films() -> History {
    let mut history = History::default();
    history.create(1, titled("Seven Samurai")).create(2, titled("Seven Days"));
    let details = MovieDetails {
        directors: names(["Jacques Tati"]),
        synopsis: Some("Glass and steel.".into()),
        ..titled("Playtime")
    };
    history.create(3, details);
    history
}

/// The words that a read model has which was made of `history`, as many events in a batch as that.
async fn words_of(history: &History, batch_events_max: usize) -> Vec<String> {
    let ground = Ground::with(Store::Postgres, &history.events).await;
    ground.catch_up(options(batch_events_max, PARK)).await;
    words(&ground).await
}

async fn words(ground: &Ground) -> Vec<String> {
    let list = "SELECT word FROM cinelog_read_model_1.search_word ORDER BY word";
    let mut db = ground.database.as_ref().unwrap().connect().await;
    sqlx::query_scalar(list).fetch_all(&mut db).await.unwrap()
}

#[tokio::test]
async fn the_words_of_titles_and_people_are_known_and_those_of_texts_are_not() {
    let words = words_of(&films(), 100).await;
    assert_eq!(words, ["days", "jacques", "playtime", "samurai", "seven", "tati"]);
}

#[tokio::test]
async fn a_word_goes_with_its_last_film_and_comes_back_with_it() {
    let mut history = films();
    history.delete(1).delete(3);
    assert_eq!(words_of(&history, 1).await, ["days", "seven"]);
    history.delete(2).restore(3);
    assert_eq!(words_of(&history, 1).await, ["jacques", "playtime", "tati"]);
}

#[tokio::test]
async fn a_word_of_a_title_that_was_changed_goes_unless_another_film_has_it() {
    let mut history = films();
    history.change(1, MovieChanges { title: Some("Ikiru, Days".into()), ..<_>::default() });
    history.change(3, MovieChanges { synopsis: Some(Some("Playtime.".into())), ..<_>::default() });
    assert_eq!(
        words_of(&history, 1).await,
        ["days", "ikiru", "jacques", "playtime", "seven", "tati"]
    );
    history.change(3, MovieChanges { title: Some("Traffic".into()), ..<_>::default() });
    // It stands in the text still.
    assert_eq!(
        words_of(&history, 1).await,
        ["days", "ikiru", "jacques", "seven", "tati", "traffic"]
    );
}

#[tokio::test]
async fn how_a_history_is_cut_into_batches_does_not_matter() {
    let mut history = films();
    history.change(2, MovieChanges { title: Some("Seven Nights".into()), ..<_>::default() });
    history.change(2, MovieChanges { title: Some("Seven Moons".into()), ..<_>::default() });
    history.create(4, titled("Alien")).delete(4).delete(1).restore(1);
    let words = words_of(&history, 1).await;
    for batch_events_max in [2, 3, 100] {
        assert_eq!(words_of(&history, batch_events_max).await, words);
    }
}

/// Plants one wrong word, and gives all that is found.
async fn found(statement: &str) -> Vec<String> {
    let ground = Ground::with(Store::Postgres, &films().events).await;
    ground.catch_up(options(2, PARK)).await;
    assert_eq!(ground.change(statement).await, 1, "{statement}");
    let read_models = ground.read_models.as_ref();
    let verified = verify(ground.log.as_ref(), read_models, 10, &|_| {}).await.unwrap();
    assert!(!verified.is_clean());
    verified.comparison.shown.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_word_that_is_missing_or_changed_or_that_no_film_has_is_found_by_verifying() {
    assert_eq!(
        found("DELETE FROM search_word WHERE word = 'samurai'").await,
        [r#"search_word "samurai": missing"#]
    );
    assert_eq!(
        found("UPDATE search_word SET word = 'samovar' WHERE word = 'samurai'").await,
        [r#"search_word "samovar": should not be there"#, r#"search_word "samurai": missing"#]
    );
    assert_eq!(
        found("INSERT INTO search_word (word) VALUES ('stray')").await,
        [r#"search_word "stray": should not be there"#]
    );
}

#[tokio::test]
async fn what_an_earlier_version_has_left_behind_is_forgotten_when_its_tables_are_brought_up_to_date()
 {
    let ground = Ground::with(Store::Postgres, &films().events).await;
    ground.catch_up(options(100, PARK)).await;
    let before = words(&ground).await;
    ground.change("INSERT INTO search_word (word) VALUES ('forgotten')").await;
    assert_eq!(ground.change("DELETE FROM _sqlx_migrations WHERE version = 3").await, 1);
    let model = ground.read_model().await;
    assert_eq!(words(&ground).await, before);
    let Checkpoint { position, .. } = model.checkpoint().await.unwrap();
    assert_eq!(position, films().events.last().unwrap().position);
}
