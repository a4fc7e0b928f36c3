//! Verifying: what is wrong in a read model is found and named, and nothing else.

use event_log::EventLog;
use events::{MovieDetails, StreamName};
use projector::{
    BuildError, GenerationError, PoisonPolicy, Verification, What,
    port::{Place, Work},
    verify,
};
use read_model::ChangeFeed;

use super::STORE;
use crate::{
    ground::{Ground, Store, busy_history, options, reached},
    history::{History, film, names, person},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

/// Films with people and texts, ratings given and taken back, and a stream that is parked.
fn history() -> History {
    let mut history = busy_history();
    let details = MovieDetails {
        title: "Playtime".into(),
        synopsis: Some("A day in Paris, in glass and steel.".into()),
        directors: names(["Jacques Tati"]),
        cast: names(["Jacques Tati", "Barbara Dennek"]),
        genres: names(["Comedy"]),
        ..MovieDetails::default()
    };
    history.create(77, details).rate(77, 1, 10).rate(77, 2, 9).withdraw(77, 2);
    history.record_poison(StreamName::movie(film(2))).delete(2);
    history
}

async fn ground() -> Ground {
    let ground = Ground::with(STORE, &history().events).await;
    ground.catch_up(options(7, PARK)).await;
    ground
}

async fn verified(ground: &Ground) -> Verification {
    let read_models = ground.read_models.as_ref();
    let verification = verify(ground.log.as_ref(), read_models, 10, &|_| {}).await;
    nothing_is_left(ground).await;
    verification.unwrap()
}

async fn nothing_is_left(ground: &Ground) {
    let left = ground.read_models.peek(Place::Scratch).await;
    assert!(left.is_err(), "what it needed is gone");
}

/// Changes one row, in the words of each store.
async fn plant(ground: &Ground, sqlite: &str, postgres: &str) {
    assert_eq!(ground.change_as(sqlite, postgres).await, 1, "{sqlite}");
}

#[tokio::test]
async fn a_read_model_that_is_what_the_log_says_is_clean() {
    let ground = ground().await;
    let verification = verified(&ground).await;
    assert!(verification.is_clean(), "{verification:?}");
    assert_eq!(verification.position, ground.log.head().await.unwrap());
    let empty = verification.comparison.tables.iter().find(|table| table.rows == 0);
    assert_eq!(empty, None, "every table has rows that were compared");
}

#[tokio::test]
async fn an_empty_read_model_of_an_empty_log_is_clean() {
    let ground = Ground::new(STORE).await;
    ground.read_model().await.close().await;
    assert!(verified(&ground).await.is_clean());
}

/// Plants one wrong row, and expects exactly that to be found.
async fn found(statement: &str) -> String {
    found_as(statement, statement).await
}

/// The same, in the words of each store.
async fn found_as(sqlite: &str, postgres: &str) -> String {
    let ground = ground().await;
    plant(&ground, sqlite, postgres).await;
    let verification = verified(&ground).await;
    assert!(!verification.is_clean());
    assert!(verification.digests_agree());
    let [difference] = &verification.comparison.shown[..] else {
        panic!("{:?}", verification.comparison.shown)
    };
    assert_eq!(verification.comparison.differences(), 1);
    difference.to_string()
}

#[tokio::test]
async fn a_film_s_document_that_was_changed_is_found_with_the_field() {
    let changed = "UPDATE movie SET document = json_set(document, '$.title', 'Hello') \
        WHERE document ->> 'title' = 'Playtime'";
    let on_postgres = "UPDATE movie SET document = replace(document, '\"Playtime\"', '\"Hello\"') \
        WHERE document::json ->> 'title' = 'Playtime'";
    let found = found_as(changed, on_postgres).await;
    let expected = r#"document.title is "\"Hello\"", a fresh fold has "\"Playtime\"""#;
    assert!(found.starts_with("movie ") && found.contains(expected), "{found}");
}

#[tokio::test]
async fn a_film_that_lists_sort_in_the_wrong_place_is_found() {
    let found = found("UPDATE movie SET year = 1900 WHERE title = 'playtime'").await;
    assert!(found.ends_with("year is 1900, a fresh fold has 0"), "{found}");
}

#[tokio::test]
async fn a_facet_that_is_missing_is_found() {
    let found = found("DELETE FROM facet WHERE kind = 'genre' AND slug = 'comedy'").await;
    assert_eq!(found, r#"facet "genre" "comedy": missing"#);
}

#[tokio::test]
async fn a_facet_that_counts_wrong_is_found() {
    let wrong = "UPDATE facet SET movie_count = 2 WHERE kind = 'genre' AND slug = 'comedy'";
    let found = found(wrong).await;
    assert_eq!(found, r#"facet "genre" "comedy": movie_count is 2, a fresh fold has 1"#);
}

#[tokio::test]
async fn a_film_that_has_lost_its_genre_is_found() {
    let lost = "DELETE FROM movie_facet WHERE kind = 'genre' AND slug = 'comedy'";
    let found = found(lost).await;
    assert!(found.starts_with(r#"movie_facet "genre" "comedy" "#), "{found}");
    assert!(found.ends_with(": missing"), "{found}");
}

#[tokio::test]
async fn a_text_in_the_search_index_that_should_not_be_there_is_found() {
    let found = found_as(
        "INSERT INTO movie_search (rowid, title, people, other) VALUES (99999, 'stray', '', '')",
        "INSERT INTO movie_search (movie_key, words) VALUES (99999, 'stray:1')",
    )
    .await;
    let expected = match STORE {
        Store::Sqlite => r#"movie_search "stray" 99999 0 0: should not be there"#,
        Store::Postgres => "movie_search 99999: should not be there",
    };
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_film_that_search_does_not_find_is_found() {
    let ground = ground().await;
    plant(
        &ground,
        "DELETE FROM movie_search WHERE rowid = (SELECT key FROM movie WHERE title = 'playtime')",
        "DELETE FROM movie_search WHERE movie_key = (SELECT key FROM movie WHERE title = 'playtime')",
    )
    .await;
    let comparison = verified(&ground).await.comparison;
    match STORE {
        // A title of one word, two people of two words (one of them named twice), a genre and eight more;
        // no more are kept than were asked for.
        Store::Sqlite => {
            assert_eq!((comparison.differences(), comparison.shown.len()), (1 + 6 + 1 + 8, 10));
        }
        // All of a film's words are one row.
        Store::Postgres => assert_eq!((comparison.differences(), comparison.shown.len()), (1, 1)),
    }
    assert!(comparison.shown.iter().all(|d| d.table == "movie_search" && d.what == What::Missing));
}

#[tokio::test]
async fn a_rating_that_is_missing_is_found() {
    let found = found(
        "DELETE FROM rating WHERE value = 10 AND revision = 1 AND movie_id = \
        (SELECT id FROM movie WHERE title = 'playtime')",
    )
    .await;
    let key = format!("rating {} {}: missing", film(77), person(1));
    assert_eq!(found, key);
}

#[tokio::test]
async fn a_withdrawal_that_is_forgotten_and_a_stream_that_is_not_parked_are_found() {
    let found_one = found(
        "DELETE FROM withdrawn_rating WHERE revision = 2 AND movie_id = \
        (SELECT id FROM movie WHERE title = 'playtime')",
    )
    .await;
    assert!(found_one.starts_with("withdrawn_rating ") && found_one.ends_with("missing"));
    let found = found("UPDATE parked_stream SET reason = 'is odd'").await;
    assert!(
        found.contains(r#"reason is "is odd", a fresh fold has "is no well-formed"#),
        "{found}"
    );
}

#[tokio::test]
async fn a_digest_that_is_not_the_log_s_is_found() {
    let ground = ground().await;
    ground.spoil_digest().await;
    let verification = verified(&ground).await;
    assert!(!verification.is_clean() && !verification.digests_agree());
    assert_eq!(verification.comparison.differences(), 0);
    assert_eq!(verification.log, verification.folded);
}

#[tokio::test]
async fn that_somebody_asked_for_a_retry_is_no_difference() {
    let ground = ground().await;
    plant(&ground, "UPDATE parked_stream SET retry = 1", "UPDATE parked_stream SET retry = true")
        .await;
    assert!(verified(&ground).await.is_clean());
}

#[tokio::test]
async fn every_table_is_compared() {
    const OURS: &[&str] = &["_sqlx_migrations", "checkpoint", "leader"];
    let ground = ground().await;
    let mut tables = ground.tables().await;
    // What waits to be folded in is no part of what is read.
    tables.retain(|name| !OURS.contains(&name.as_str()) && !name.starts_with("inbox"));
    let comparison = verified(&ground).await.comparison;
    let mut compared: Vec<_> = comparison.tables.iter().map(|table| table.name).collect();
    compared.sort_unstable();
    assert_eq!(compared, tables);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_others_write_it_is_clean_again_and_again() {
    let history = history();
    let (old, new) = history.events.split_at(40);
    let ground = Ground::with(STORE, old).await;
    let mut items = ground.feed.subscribe();
    let running = ground.start(options(3, PARK)).await;
    reached(&mut items, old.last().unwrap().position).await;
    for chunk in new.chunks(new.len().div_ceil(6)) {
        let (verification, ()) = tokio::join!(verified(&ground), ground.append(chunk));
        assert!(verification.is_clean(), "{verification:?}");
    }
    reached(&mut items, new.last().unwrap().position).await;
    running.stop().await.unwrap();
    assert!(verified(&ground).await.is_clean());
}

#[tokio::test]
async fn a_read_model_that_is_ahead_of_the_log_cannot_be_verified() {
    let ground = ground().await;
    ground.change("UPDATE checkpoint SET position = position + 1").await;
    let done = verify(ground.log.as_ref(), ground.read_models.as_ref(), 10, &|_| {}).await;
    assert!(matches!(done, Err(BuildError::LogTooShort { .. })), "{done:?}");
    nothing_is_left(&ground).await;
}

#[tokio::test]
async fn what_an_interrupted_run_left_is_removed() {
    let ground = ground().await;
    // Somebody who has the lead, and died with it.
    let left = ground.read_models.open(Place::Scratch).await.unwrap();
    left.lead().await.unwrap();
    drop(left);
    assert!(ground.read_models.peek(Place::Scratch).await.is_ok());
    assert!(verified(&ground).await.is_clean());
}

#[tokio::test]
async fn two_do_not_verify_at_the_same_time() {
    let ground = ground().await;
    let other = ground.read_models.lock(Work::Verifying).await.unwrap();
    let refused = verify(ground.log.as_ref(), ground.read_models.as_ref(), 10, &|_| {}).await;
    assert!(
        matches!(refused, Err(BuildError::Generation(GenerationError::Busy(_)))),
        "{refused:?}"
    );
    drop(other);
}
