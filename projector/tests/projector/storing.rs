//! One batch, one transaction.

use std::time::Duration;

use events::{ExternalIds, MovieDetails, Position, RecordedEvent, StreamName};
use jiff::Timestamp;
use projector::{
    PoisonPolicy, StoreError,
    sqlite::{SqliteReadModel, SqliteReadModelOptions},
};
use proptest::prelude::*;
use read_model::Checkpoint;
use sqlx::{Connection, Row, SqliteConnection};

use crate::{
    contents::{folded, reader, stored},
    history::{History, film, poisoned_histories},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

fn at(position: u64) -> Checkpoint {
    Checkpoint { generation: 1, position: Position(position) }
}

async fn fold_in_batches(model: &SqliteReadModel, events: &[RecordedEvent], batch_events: usize) {
    for batch in events.chunks(batch_events) {
        let from = model.checkpoint().await.unwrap();
        model.apply(from, batch, PARK).await.unwrap();
    }
}

/// A connection that does what no projector does.
async fn intruder(path: &std::path::Path) -> SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    SqliteConnection::connect_with(&options).await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn folding_into_sqlite_in_batches_is_a_fresh_fold(
        events in poisoned_histories(), batch_events in 1usize..12
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("read-model.db");
            let model = SqliteReadModel::open(&path).await.unwrap();
            fold_in_batches(&model, &events, batch_events).await;
            assert_eq!(stored(&path).await, folded(&events));
            model.close().await;
        });
    }
}

#[tokio::test]
async fn a_new_read_model_is_at_the_start_in_generation_1() {
    let folder = tempfile::tempdir().unwrap();
    let model = SqliteReadModel::open(folder.path().join("read-model.db")).await.unwrap();
    assert_eq!(model.checkpoint().await.unwrap(), at(0));
    assert_eq!(model.parked_streams().await.unwrap(), 0);
}

#[tokio::test]
async fn a_read_model_that_is_opened_again_is_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]);
    let model = SqliteReadModel::open(&path).await.unwrap();
    model.apply(at(0), &history.events, PARK).await.unwrap();
    model.close().await;
    let model = SqliteReadModel::open(&path).await.unwrap();
    assert_eq!(model.checkpoint().await.unwrap(), at(1));
}

#[tokio::test]
async fn what_lists_sort_and_filter_by_stands_beside_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
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
    let model = SqliteReadModel::open(&path).await.unwrap();
    model.apply(at(0), &history.events, PARK).await.unwrap();

    let mut db = reader(&path).await;
    let row = sqlx::query("SELECT * FROM movie WHERE imdb = 'tt0211915'")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(row.get::<&str, _>("title"), "amelie");
    assert_eq!(row.get::<i64, _>("year"), 2001);
    assert_eq!(row.get::<&str, _>("release_date"), "2001-04-25");
    assert_eq!(row.get::<i64, _>("runtime_minutes"), 122);
    assert_eq!(row.get::<&str, _>("language"), "fr");
    assert_eq!(row.get::<&str, _>("country"), "FR");
    assert!(!row.get::<bool, _>("deleted"));
    assert_eq!(row.get::<i64, _>("created_at"), 1_000_000);
    assert_eq!(row.get::<i64, _>("rating_count"), 3);
    let movie = &stored(&path).await.movies[&film(1)];
    assert_eq!(Some(row.get::<f64, _>("rating")), movie.rating.average());
    assert_eq!(movie.created_at, Timestamp::from_second(1).unwrap());

    let row = sqlx::query("SELECT * FROM movie WHERE id = ?")
        .bind(film(2).0)
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert!(row.get::<bool, _>("deleted"));
    for absent in ["release_date", "language", "country", "imdb"] {
        assert_eq!(row.get::<&str, _>(absent), "", "{absent}");
    }
    for absent in ["year", "runtime_minutes", "rating_count"] {
        assert_eq!(row.get::<i64, _>(absent), 0, "{absent}");
    }
    assert_eq!(row.get::<f64, _>("rating"), 0.0);
}

#[tokio::test]
async fn a_batch_on_an_old_checkpoint_is_fenced_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).rate(1, 1, 5);
    let one = SqliteReadModel::open(&path).await.unwrap();
    let other = SqliteReadModel::open(&path).await.unwrap();
    one.apply(at(0), &history.events, PARK).await.unwrap();
    let refused = other.apply(at(0), &history.events, PARK).await.unwrap_err();
    let (expected, reached) = (at(0), at(2));
    assert!(
        matches!(refused, StoreError::Fenced { expected: e, stored: s } if e == expected && s == reached)
    );
    assert_eq!(stored(&path).await, folded(&history.events));
}

#[tokio::test]
async fn a_batch_that_fails_at_its_end_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).rate(1, 1, 5);
    let model = SqliteReadModel::open(&path).await.unwrap();
    let mut db = intruder(&path).await;
    let failing = "CREATE TRIGGER failing BEFORE UPDATE ON checkpoint \
        BEGIN SELECT RAISE(ABORT, 'the power is gone'); END";
    sqlx::query(failing).execute(&mut db).await.unwrap();
    let failed = model.apply(at(0), &history.events, PARK).await.unwrap_err();
    assert!(failed.to_string().contains("the power is gone"), "{failed}");
    assert_eq!(stored(&path).await, folded(&[]));

    sqlx::query("DROP TRIGGER failing").execute(&mut db).await.unwrap();
    model.apply(at(0), &history.events, PARK).await.unwrap();
    assert_eq!(stored(&path).await, folded(&history.events));
}

/// As it does when the disk is full at the end of a transaction.
#[tokio::test]
async fn a_batch_whose_transaction_sqlite_itself_has_ended_may_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).rate(1, 1, 5);
    let model = SqliteReadModel::open(&path).await.unwrap();
    let mut db = intruder(&path).await;
    let ending = "CREATE TRIGGER ending BEFORE UPDATE ON checkpoint \
        BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END";
    sqlx::query(ending).execute(&mut db).await.unwrap();
    for _ in 0..2 {
        let failed = model.apply(at(0), &history.events, PARK).await.unwrap_err();
        assert!(failed.to_string().contains("the disk is full"), "{failed}");
    }
    sqlx::query("DROP TRIGGER ending").execute(&mut db).await.unwrap();
    model.apply(at(0), &history.events, PARK).await.unwrap();
    assert_eq!(stored(&path).await, folded(&history.events));
}

#[tokio::test]
async fn a_file_that_somebody_has_locked_is_a_failure_that_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    let mut history = History::default();
    history.create_with_genres(1, []);
    let busy_timeout = Duration::from_millis(1);
    let options = SqliteReadModelOptions { busy_timeout, ..SqliteReadModelOptions::at(&path) };
    let model = SqliteReadModel::open_with(options).await.unwrap();
    let mut db = intruder(&path).await;
    let lock = db.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let failed = model.apply(at(0), &history.events, PARK).await.unwrap_err();
    assert!(failed.is_transient(), "{failed}");
    lock.rollback().await.unwrap();
    model.apply(at(0), &history.events, PARK).await.unwrap();
}

#[tokio::test]
async fn events_that_do_not_follow_the_checkpoint_in_order_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = SqliteReadModel::open(folder.path().join("read-model.db")).await.unwrap();
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    let mut history = History::default();
    history.create_with_genres(1, []).record_poison(StreamName::movie(film(1)));
    history.create_with_genres(2, []);
    let model = SqliteReadModel::open(&path).await.unwrap();
    let applied = model.apply(at(0), &history.events, PoisonPolicy::Halt).await.unwrap();
    assert_eq!(applied.halted.unwrap().position, Position(2));
    assert_eq!(applied.changed.checkpoint, at(1));
    assert_eq!(stored(&path).await, folded(&history.events[..1]));
}

#[tokio::test]
async fn parking_keeps_position_and_reason_and_never_the_payload() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    let mut history = History::default();
    history.create_with_genres(1, []);
    history.record_poison(StreamName::movie(film(1))).delete(1).create_with_genres(2, []);
    let model = SqliteReadModel::open(&path).await.unwrap();
    let applied = model.apply(at(0), &history.events, PARK).await.unwrap();
    assert_eq!((applied.events_applied, applied.events_parked), (2, 2));
    assert_eq!(model.parked_streams().await.unwrap(), 1);

    let contents = stored(&path).await;
    let stream = StreamName::movie(film(1)).to_string();
    let (position, reason) = &contents.parked_streams[&stream];
    assert_eq!((*position, reason.as_str()), (2, "is no well-formed MovieTagged version 1"));
    assert_eq!(contents.parked_events.into_keys().collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn a_read_model_of_a_newer_cinelog_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-model.db");
    SqliteReadModel::open(&path).await.unwrap().close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        VALUES (9999, 'from the future', true, x'00', 0)";
    sqlx::query(newer).execute(&mut intruder(&path).await).await.unwrap();
    assert!(matches!(SqliteReadModel::open(&path).await, Err(StoreError::Open { .. })));
}

#[tokio::test]
async fn a_file_in_a_folder_that_is_not_there_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere").join("read-model.db");
    let error = SqliteReadModel::open(&path).await.unwrap_err().to_string();
    assert!(error.contains("nowhere"), "{error}");
}
