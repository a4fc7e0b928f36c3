//! The moment in which one projector takes over from another, and what can go wrong in it.

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::*;

/// A projection at work on generation 1, at position 2, and generation 2, at position 1.
async fn before_the_hand_over(folder: &TempDir) -> (Projection, Running) {
    let (mut projection, live) = idle(folder).await;
    projection.hand_over_max = Duration::from_millis(50);
    let current = projection.start(live, Gate::open(&projection.feed));
    append(&projection.log, 1).await;
    eventually(|| async { current.has_reached(Position(1)) }).await;
    rebuild_at(&projection.log, folder, false).await;
    append(&projection.log, 2).await;
    eventually(|| async { current.has_reached(Position(2)) }).await;
    (projection, current)
}

/// A projector on generation 2, whose news nobody hears yet.
async fn next_of(projection: &Projection) -> Running {
    start(projection, open_of(projection).await)
}

async fn open_of(projection: &Projection) -> OpenGeneration {
    OpenGeneration::existing(projection.read_models.as_ref(), 2).await.unwrap()
}

fn start(projection: &Projection, generation: OpenGeneration) -> Running {
    projection.start(generation, Gate::closed(&projection.feed))
}

/// Generation 2, to be read.
async fn store_of(projection: &Projection) -> Arc<dyn Store> {
    readers(projection).stores.open(2).await.unwrap()
}

/// The old generation answers, and goes on.
async fn the_old_one_is_at_work(projection: &Projection, mut current: Running) {
    append(&projection.log, 3).await;
    let at = Checkpoint { generation: 1, position: Position(3) };
    let store = &readers(projection).store;
    eventually(|| async { store.current().checkpoint().await.unwrap() == at }).await;
    eventually(|| async { projection.status.report().checkpoint == Some(at) }).await;
    assert!(!current.has_ended());
    current.halt().await.unwrap();
    // Once more is no panic.
    current.halt().await.unwrap();
}

#[tokio::test]
async fn a_generation_that_does_not_come_as_far_in_time_hands_back_to_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (projection, mut current) = before_the_hand_over(&folder).await;
    let (generation, store) = (open_of(&projection).await, store_of(&projection).await);
    // Somebody writes to its file, and does not come to an end.
    let path = folder.path().join("read-model.2.db");
    let file = SqliteConnectOptions::new().filename(path);
    let mut db = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await.unwrap();
    let next = start(&projection, generation);
    let stop = CancellationToken::new();
    let refused = projection.hand_over(&mut current, next, Some(store), &stop).await.unwrap_err();
    assert!(refused.to_string().contains("did not come as far"), "{refused}");
    the_old_one_is_at_work(&projection, current).await;
}

#[tokio::test]
async fn a_generation_whose_projector_ends_during_the_hand_over_hands_back_to_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut projection, mut current) = before_the_hand_over(&folder).await;
    projection.hand_over_max = PATIENCE;
    let store = store_of(&projection).await;
    let mut next = next_of(&projection).await;
    next.task = Some(tokio::spawn(async { Ok(()) }));
    next.status = Status::default();
    let stop = CancellationToken::new();
    let refused = projection.hand_over(&mut current, next, Some(store), &stop).await.unwrap_err();
    assert!(refused.to_string().contains("before its time"), "{refused}");
    the_old_one_is_at_work(&projection, current).await;
}

#[tokio::test]
async fn a_stop_during_the_hand_over_is_not_kept_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (mut projection, mut current) = before_the_hand_over(&folder).await;
    projection.hand_over_max = PATIENCE * 10;
    let store = store_of(&projection).await;
    let next = next_of(&projection).await;
    let stop = CancellationToken::new();
    stop.cancel();
    let handed = projection.hand_over(&mut current, next, Some(store), &stop);
    timeout(PATIENCE, handed).await.unwrap().unwrap();
    assert_eq!(current.generation.number, 1);
    current.stop().await.unwrap();
}

#[tokio::test]
async fn a_projector_that_does_not_stop_keeps_no_other_generation_from_taking_over() {
    let folder = tempfile::tempdir().unwrap();
    let (mut projection, mut current) = before_the_hand_over(&folder).await;
    projection.hand_over_max = Duration::from_secs(5);
    let store = store_of(&projection).await;
    let mut next = next_of(&projection).await;
    next.reaches(Position(2)).await.unwrap();
    current.halt().await.unwrap();
    current.task = Some(tokio::spawn(std::future::pending()));
    let stop = CancellationToken::new();
    let handed = projection.hand_over(&mut current, next, Some(store), &stop);
    timeout(PATIENCE, handed).await.unwrap().unwrap();
    assert_eq!(current.generation.number, 2);
    assert_eq!(readers(&projection).store.current().generation(), 2);
    current.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_projector_that_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (mut projection, mut current) = before_the_hand_over(&folder).await;
    projection.hand_over_max = PATIENCE * 10;
    let next = next_of(&projection).await;
    current.halt().await.unwrap();
    current.task = Some(tokio::spawn(std::future::pending()));
    let stop = CancellationToken::new();
    let (handed, ()) = tokio::join!(
        timeout(PATIENCE, projection.hand_over(&mut current, next, None, &stop)),
        async { stop.cancel() },
    );
    handed.unwrap().unwrap();
    assert_eq!(current.generation.number, 1);
    current.abandon();
}

#[tokio::test]
async fn a_generation_that_is_not_as_far_as_what_was_shown_does_not_take_over() {
    let folder = tempfile::tempdir().unwrap();
    let (projection, mut current) = before_the_hand_over(&folder).await;
    let store = store_of(&projection).await;
    let next = next_of(&projection).await;
    // As where another process leads, and was further than this one knows.
    let shown = Checkpoint { generation: 1, position: Position(3) };
    readers(&projection).store.shows(shown);
    let stop = CancellationToken::new();
    let refused = projection.hand_over(&mut current, next, Some(store), &stop).await.unwrap_err();
    assert!(refused.to_string().contains("did not come as far"), "{refused}");
    the_old_one_is_at_work(&projection, current).await;
}
