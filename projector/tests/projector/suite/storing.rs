//! One batch, one transaction.

use std::sync::Arc;

use events::{ExternalIds, MovieDetails, Position, RecordedEvent, StreamName};
use jiff::Timestamp;
use projector::{PoisonPolicy, ReadModel, StoreError, port::Place};
use proptest::prelude::*;
use read_model::Checkpoint;

use super::STORE;
use crate::{
    contents::{Named, folded, rows},
    ground::Ground,
    history::{History, film, poisoned_histories},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

fn at(position: u64) -> Checkpoint {
    Checkpoint { generation: 1, position: Position(position) }
}

async fn fold_in_batches(
    model: &Arc<dyn ReadModel>,
    events: &[RecordedEvent],
    batch_events: usize,
) {
    for batch in events.chunks(batch_events) {
        let from = model.checkpoint().await.unwrap();
        model.apply(from, batch, PARK).await.unwrap();
    }
}

#[test]
fn folding_in_batches_is_a_fresh_fold() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ground = runtime.block_on(Ground::new(STORE));
    let generations = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(32), |(
        events in poisoned_histories(), batch_events in 1usize..12
    )| {
        // Each case has a generation of its own.
        generations.set(generations.get() + 1);
        runtime.block_on(async {
            let model = ground.leading_in(generations.get()).await;
            fold_in_batches(&model, &events, batch_events).await;
            assert_eq!(ground.stored_in(generations.get()).await, folded(&events));
            model.close().await;
        });
    });
}

#[tokio::test]
async fn a_new_read_model_is_at_the_start_in_generation_1() {
    let ground = Ground::new(STORE).await;
    let model = ground.read_model().await;
    assert_eq!(model.checkpoint().await.unwrap(), at(0));
    assert_eq!(model.parked_streams().await.unwrap(), 0);
}

#[tokio::test]
async fn a_read_model_that_is_opened_again_is_where_it_was() {
    let ground = Ground::new(STORE).await;
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]);
    let model = ground.leading().await;
    model.apply(at(0), &history.events, PARK).await.unwrap();
    model.close().await;
    assert_eq!(ground.read_model().await.checkpoint().await.unwrap(), at(1));
}

#[tokio::test]
async fn what_lists_sort_and_filter_by_stands_beside_the_document() {
    let ground = Ground::new(STORE).await;
    let mut history = History::default();
    let details = MovieDetails {
        title: "Amélie".into(),
        year: Some(2001),
        release_date: Some(jiff::civil::date(2001, 4, 25)),
        runtime_minutes: Some(122),
        language: Some("fr".into()),
        country: Some("FR".into()),
        external_ids: ExternalIds { imdb: Some("tt0211915".into()), tmdb: None },
        ..MovieDetails::default()
    };
    history.create(1, details).create_with_genres(2, []);
    history.rate(1, 1, 7).rate(1, 2, 8).rate(1, 3, 8).delete(2);
    let model = ground.leading().await;
    model.apply(at(0), &history.events, PARK).await.unwrap();

    let mut snapshot = ground.read_models.snapshot(Place::Generation(1)).await.unwrap();
    let rows = rows(snapshot.as_mut(), "movie").await;
    let [amelie, other] = &rows[..] else { panic!("two films") };
    assert_eq!((amelie.integer("key"), amelie.id("id")), (1, film(1).0));
    assert_eq!(amelie.text("title"), "amelie");
    assert_eq!(amelie.integer("year"), 2001);
    assert_eq!(amelie.text("release_date"), "2001-04-25");
    assert_eq!(amelie.integer("runtime_minutes"), 122);
    assert_eq!(amelie.text("language"), "fr");
    assert_eq!(amelie.text("country"), "FR");
    assert_eq!(amelie.text("imdb"), "tt0211915");
    assert_eq!(amelie.integer("deleted"), 0);
    assert_eq!(amelie.integer("created_at"), 1_000_000);
    assert_eq!(amelie.integer("rating_count"), 3);
    let movie = &ground.stored().await.movies[&film(1)];
    assert_eq!(Some(amelie.real("rating")), movie.rating.average());
    assert_eq!(movie.created_at, Timestamp::from_second(1).unwrap());
    is_empty(other);
}

fn is_empty(film: &Named) {
    assert_eq!(film.integer("deleted"), 1);
    for absent in ["release_date", "language", "country", "imdb"] {
        assert_eq!(film.text(absent), "", "{absent}");
    }
    for absent in ["year", "runtime_minutes", "rating_count"] {
        assert_eq!(film.integer(absent), 0, "{absent}");
    }
    assert_eq!(film.real("rating"), 0.0);
}

#[tokio::test]
async fn a_text_that_no_command_lets_through_is_stored_all_the_same() {
    let ground = Ground::new(STORE).await;
    let mut history = History::default();
    let title = "a\0b \u{202e}c\u{feff} 🎬".to_owned();
    let genres = vec!["x\0y".to_owned()];
    history.create(1, MovieDetails { title, genres, ..MovieDetails::default() });
    let model = ground.leading().await;
    model.apply(at(0), &history.events, PARK).await.unwrap();
    let movies = ground.stored_documents().await;
    assert_eq!(movies, folded(&history.events).movies);
}

#[tokio::test]
async fn a_batch_on_an_old_checkpoint_is_fenced_and_changes_nothing() {
    let ground = Ground::new(STORE).await;
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).rate(1, 1, 5);
    let model = ground.leading().await;
    model.apply(at(0), &history.events, PARK).await.unwrap();
    let refused = model.apply(at(0), &history.events, PARK).await.unwrap_err();
    let (expected, reached) = (at(0), at(2));
    assert!(
        matches!(refused, StoreError::Fenced { expected: e, stored: s } if e == expected && s == reached)
    );
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn a_batch_that_fails_at_its_end_leaves_nothing_behind() {
    let ground = Ground::new(STORE).await;
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).rate(1, 1, 5);
    let model = ground.leading().await;
    ground.fail().await;
    let failed = model.apply(at(0), &history.events, PARK).await.unwrap_err();
    assert!(failed.to_string().contains("the power is gone"), "{failed}");
    assert_eq!(ground.stored().await, folded(&[]));

    ground.fail_no_more().await;
    model.apply(at(0), &history.events, PARK).await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn a_row_that_should_not_be_there_or_is_gone_is_noticed() {
    let ground = Ground::new(STORE).await;
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]);
    let model = ground.leading().await;
    model.apply(at(0), &history.events, PARK).await.unwrap();
    ground.change("DELETE FROM movie_facet").await;
    history.delete(1);
    let failed = model.apply(at(1), &history.events[1..], PARK).await.unwrap_err();
    assert!(failed.to_string().contains("leaving facets touched 0 rows, not 1"), "{failed}");
    assert!(!failed.is_transient());
    assert_eq!(model.checkpoint().await.unwrap(), at(1));
}

#[tokio::test]
async fn events_that_do_not_follow_the_checkpoint_in_order_are_refused() {
    let ground = Ground::new(STORE).await;
    let model = ground.leading().await;
    let mut history = History::default();
    history.create_with_genres(1, []).create_with_genres(2, []);
    let first = &history.events[..1];
    model.apply(at(0), first, PARK).await.unwrap();
    let again = model.apply(at(1), first, PARK).await.unwrap_err();
    assert!(matches!(again, StoreError::OutOfOrder(Position(1))));
    let backwards: Vec<_> = history.events.iter().rev().cloned().collect();
    let backwards = model.apply(at(0), &backwards, PARK).await.unwrap_err();
    assert!(matches!(backwards, StoreError::OutOfOrder(Position(0))));
}

#[tokio::test]
async fn halting_folds_in_what_stands_before_the_poison_and_nothing_else() {
    let ground = Ground::new(STORE).await;
    let mut history = History::default();
    history.create_with_genres(1, []).record_poison(StreamName::movie(film(1)));
    history.create_with_genres(2, []);
    let model = ground.leading().await;
    let applied = model.apply(at(0), &history.events, PoisonPolicy::Halt).await.unwrap();
    assert_eq!(applied.halted.unwrap().position, Position(2));
    assert_eq!(applied.changed.checkpoint, at(1));
    assert_eq!(ground.stored().await, folded(&history.events[..1]));
}

#[tokio::test]
async fn parking_keeps_position_and_reason_and_never_the_payload() {
    let ground = Ground::new(STORE).await;
    let mut history = History::default();
    history.create_with_genres(1, []);
    history.record_poison(StreamName::movie(film(1))).delete(1).create_with_genres(2, []);
    let model = ground.leading().await;
    let applied = model.apply(at(0), &history.events, PARK).await.unwrap();
    assert_eq!((applied.events_applied, applied.events_parked), (2, 2));
    assert_eq!(model.parked_streams().await.unwrap(), 1);

    let contents = ground.stored().await;
    let stream = StreamName::movie(film(1)).to_string();
    let (position, reason) = &contents.parked_streams[&stream];
    assert_eq!((*position, reason.as_str()), (2, "is no well-formed MovieTagged version 1"));
    assert_eq!(contents.parked_events.into_keys().collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn a_read_model_of_a_newer_cinelog_is_not_opened() {
    let ground = Ground::new(STORE).await;
    ground.read_model().await.close().await;
    ground
        .change_as(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', true, x'00', 0)",
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', true, '\\x00', 0)",
        )
        .await;
    let refused = ground.read_models.open(Place::Generation(1)).await.err().unwrap().to_string();
    assert!(refused.contains("cannot open the read model"), "{refused}");
}
