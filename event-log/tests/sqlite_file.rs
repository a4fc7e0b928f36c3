//! What only a log in a file can meet: a full disk, a lock, a second process, damage, closing.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod facts;
mod file;

use std::{sync::Arc, time::Duration};

use event_log::{
    Append, AppendError, EventLog, Expected, LogError,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Digest, NewEvent, Position, Revision, StreamName};
use facts::{append, append_of, assert_damaged, assert_unavailable, event, everything, ids};
use file::{connect, folder, open};
use futures::{
    FutureExt, StreamExt,
    future::{join, join_all},
};
use sqlx::Connection;

#[tokio::test]
async fn a_full_disk_refuses_appends_and_loses_nothing() {
    let (_folder, mut options) = folder();
    options.file_bytes_max = Some(512 << 10);
    let log = open(&options).await;
    let mut acknowledged = Vec::new();
    let refused = loop {
        let id = acknowledged.len() as u128;
        match log.append(append_of(event(id, 50_000))).await {
            Ok(_) => acknowledged.push(id),
            Err(error) => break (id, error),
        }
    };
    assert_unavailable::<()>(Err(refused.1));
    assert!(acknowledged.len() > 2, "some of it must have fitted");
    assert_eq!(ids(&everything(&log).await), acknowledged);

    // What still fits is still served, at the next position.
    let small = append(&log, 1000).await.unwrap();
    assert_eq!(small.position.0, acknowledged.len() as u64 + 1);
    acknowledged.push(1000);
    log.close().await;

    // And with more room, the refused append may be tried again.
    options.file_bytes_max = None;
    let log = open(&options).await;
    log.append(append_of(event(refused.0, 50_000))).await.unwrap();
    acknowledged.push(refused.0);
    assert_eq!(ids(&everything(&log).await), acknowledged);
}

#[tokio::test]
async fn a_full_disk_fails_everyone_who_shared_the_transaction() {
    let (_folder, mut options) = folder();
    options.file_bytes_max = Some(256 << 10);
    let log = open(&options).await;
    append(&log, 0).await.unwrap();
    let appends = (1..=20).map(|id| log.append(append_of(event(id, 50_000))));
    for result in join_all(appends).await {
        assert_unavailable(result);
    }
    assert_eq!(ids(&everything(&log).await), [0]);
    assert_eq!(log.last_acknowledged(), Position(1));
    assert_eq!(append(&log, 21).await.unwrap().position, Position(2));
}

#[tokio::test]
async fn a_locked_file_refuses_appends_until_the_lock_is_gone() {
    let (_folder, mut options) = folder();
    options.busy_timeout = Duration::from_millis(1);
    let log = open(&options).await;
    let mut other = connect(&options).await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_unavailable(append(&log, 1).await);
    assert!(everything(&log).await.is_empty());
    lock.rollback().await.unwrap();
    assert_eq!(append(&log, 1).await.unwrap().position, Position(1));
}

#[tokio::test]
async fn only_the_append_that_the_database_refuses_fails() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    let versions = [1, 1, 0, 1];
    let appends = versions.iter().zip(1..).map(|(version, id)| {
        log.append(append_of(NewEvent { schema_version: *version, ..event(id, 10) }))
    });
    let results = join_all(appends).await;
    let succeeded: Vec<bool> = results.iter().map(Result::is_ok).collect();
    assert_eq!(succeeded, [true, true, false, true]);
    assert_eq!(ids(&everything(&log).await), [1, 2, 4]);
    let positions: Vec<_> = everything(&log).await.iter().map(|event| event.position.0).collect();
    assert_eq!(positions, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_file_keep_the_order() {
    const EACH: usize = 100;
    let (_folder, mut options) = folder();
    options.poll_interval = Duration::from_millis(5);
    let logs = [Arc::new(open(&options).await), Arc::new(open(&options).await)];
    let mut batches = logs[0].subscribe_all(Position::START);
    let writers = logs.iter().enumerate().map(|(n, log)| {
        let log = Arc::clone(log);
        tokio::spawn(async move {
            for id in 0..EACH {
                append(&*log, (n * EACH + id) as u128).await.unwrap();
            }
        })
    });
    let tail = tokio::spawn(async move {
        let mut seen = Vec::new();
        while seen.len() < 2 * EACH {
            seen.extend(batches.next().await.unwrap().unwrap());
        }
        seen
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    let seen = tail.await.unwrap();
    let numbers: Vec<_> = seen.iter().map(|event| (event.position.0, event.revision.0)).collect();
    let expected: Vec<_> = (1..=2 * EACH as u64).map(|n| (n, n)).collect();
    assert_eq!(numbers, expected);
    let mut ids = ids(&seen);
    ids.sort_unstable();
    assert_eq!(ids, (0..2 * EACH as u128).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_subscription_takes_large_events_a_few_at_a_time() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    for result in join_all((0..32).map(|id| log.append(append_of(event(id, 1_000_000))))).await {
        result.unwrap();
    }
    let mut batches = log.subscribe_all(Position::START);
    let mut seen = Vec::new();
    while seen.len() < 32 {
        let batch = batches.next().await.unwrap().unwrap();
        assert!(batch.len() <= 8, "{} MB in one batch", batch.len());
        seen.extend(ids(&batch));
    }
    assert_eq!(seen, (0..32).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_queue_makes_callers_wait_and_refuses_none() {
    let (_folder, mut options) = folder();
    options.queue_length = 1;
    let log = open(&options).await;
    for result in join_all((0..100).map(|id| append(&log, id))).await {
        result.unwrap();
    }
    assert_eq!(everything(&log).await.len(), 100);
}

#[tokio::test]
async fn closing_answers_what_waits_and_refuses_what_comes_after() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    let (answers, ()) = join(join_all((0..50).map(|id| append(&log, id))), log.close()).await;
    for answer in answers {
        answer.unwrap();
    }
    assert_unavailable(append(&log, 50).await);
    assert!(matches!(log.head().await, Err(LogError::Unavailable(_))));
    // Once more changes nothing.
    log.close().await;
    assert_eq!(everything(&open(&options).await).await.len(), 50);
}

#[tokio::test]
async fn closing_leaves_one_file() {
    let (folder, options) = folder();
    let log = open(&options).await;
    append(&log, 1).await.unwrap();
    log.close().await;
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["log.db"]);
}

#[tokio::test]
async fn a_subscription_ends_when_its_log_is_closed() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    let mut batches = log.subscribe_all(Position::START);
    assert!(batches.next().now_or_never().is_none());
    log.close().await;
    assert!(matches!(batches.next().await, Some(Err(LogError::Unavailable(_)))));
    assert!(batches.next().await.is_none());
}

#[tokio::test]
async fn what_waits_is_written_when_the_log_is_dropped() {
    let (_folder, mut options) = folder();
    options.poll_interval = Duration::from_millis(5);
    let log = open(&options).await;
    assert!(append(&log, 1).now_or_never().is_none());
    drop(log);
    let log = open(&options).await;
    let first = log.subscribe_all(Position::START).next().await.unwrap().unwrap();
    assert_eq!(ids(&first), [1]);
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_remove_an_event() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    append(&log, 1).await.unwrap();
    let mut other = connect(&options).await;
    for change in ["UPDATE event SET data = '{}'", "DELETE FROM event"] {
        sqlx::query(change).execute(&mut other).await.unwrap_err();
    }
    assert_eq!(ids(&everything(&log).await), [1]);
}

/// Does what the database would refuse.
async fn damage(options: &SqliteLogOptions, how: &'static str) {
    let mut other = connect(options).await;
    for statement in
        ["DROP TRIGGER event_is_never_changed", "DROP TRIGGER event_is_never_removed", how]
    {
        sqlx::query(statement).execute(&mut other).await.unwrap();
    }
}

#[tokio::test]
async fn damaged_data_is_told_with_its_position() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    for id in 1..=3 {
        append(&log, id).await.unwrap();
    }
    damage(&options, "UPDATE event SET data = '{' WHERE position = 2").await;
    let stream = StreamName::new("movie-1").unwrap();
    match log.read_stream(&stream, Revision(1), 10).await {
        Err(LogError::Damaged { position, .. }) => assert_eq!(position, Some(Position(2))),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_subscription_does_not_pass_over_an_event_that_is_missing() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    for id in 1..=3 {
        append(&log, id).await.unwrap();
    }
    damage(&options, "DELETE FROM event WHERE position = 2").await;
    match log.subscribe_all(Position::START).next().await {
        Some(Err(LogError::Damaged { position, .. })) => assert_eq!(position, Some(Position(2))),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_log_of_a_newer_version_is_left_alone() {
    let (_folder, options) = folder();
    open(&options).await.close().await;
    let mut other = connect(&options).await;
    let newer = "INSERT INTO _sqlx_migrations
                 SELECT 9999, description, installed_on, success, checksum, execution_time
                 FROM _sqlx_migrations LIMIT 1";
    sqlx::query(newer).execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    assert_damaged(SqliteLog::open(options).await);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damage_and_left_alone() {
    let (_folder, options) = folder();
    let content = "Dear diary, ".repeat(1000);
    std::fs::write(&options.path, &content).unwrap();
    assert_damaged(SqliteLog::open(options.clone()).await);
    assert_eq!(std::fs::read_to_string(&options.path).unwrap(), content);
}

#[tokio::test]
async fn an_append_to_a_damaged_log_is_not_told_to_try_again() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    append(&log, 1).await.unwrap();
    damage(&options, "ALTER TABLE event RENAME TO lost").await;
    let result = append(&log, 2).await;
    assert!(matches!(result, Err(AppendError::Log(LogError::Damaged { .. }))), "{result:?}");
    assert_damaged(log.head().await);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let options = SqliteLogOptions::at("/nowhere/at/all/log.db");
    let error = SqliteLog::open(options).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all/log.db"), "{error}");
    assert!(matches!(error, LogError::Unavailable(_)), "it may be mounted yet");
}

/// Makes the file as an older version left it: without digests, but with all its events.
async fn make_older(options: &SqliteLogOptions) {
    let mut other = connect(options).await;
    for statement in
        ["DROP TABLE digest", "DROP TABLE probe", "DELETE FROM _sqlx_migrations WHERE version > 1"]
    {
        sqlx::query(statement).execute(&mut other).await.unwrap();
    }
    other.close().await.unwrap();
}

#[tokio::test]
async fn the_digests_of_an_older_file_are_made_up_for() {
    const EVENTS: usize = 3000;
    let (_folder, options) = folder();
    let log = open(&options).await;
    let many = (0..EVENTS as u128).map(|id| event(id, 10)).collect();
    let stream = StreamName::new("movie-1").unwrap();
    log.append(Append::new(stream, Expected::Any, many)).await.unwrap();
    log.close().await;
    make_older(&options).await;

    let older = SqliteLog::open_reader(options.clone()).await;
    assert!(matches!(older, Err(LogError::Unavailable(_))), "a reader does not write them");
    let log = open(&options).await;
    let events = everything(&log).await;
    for at in [1, 1023, 1024, 1025, 2999, EVENTS] {
        let expected = events[..at].iter().fold(Digest::EMPTY, Digest::extend);
        assert_eq!(log.digest(Position(at as u64)).await.unwrap(), expected, "at {at}");
    }
    append(&log, 10_000).await.unwrap();
    let expected = everything(&log).await.iter().fold(Digest::EMPTY, Digest::extend);
    assert_eq!(log.digest(Position(u64::MAX)).await.unwrap(), expected);
}

#[tokio::test]
async fn a_digest_that_is_asked_for_where_an_event_is_missing_is_damage() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    let many = (0..10).map(|id| event(id, 10)).collect();
    let stream = StreamName::new("movie-1").unwrap();
    log.append(Append::new(stream, Expected::Any, many)).await.unwrap();
    damage(&options, "DELETE FROM event WHERE position = 4").await;
    match log.digest(Position(7)).await {
        Err(LogError::Damaged { position, .. }) => assert_eq!(position, Some(Position(4))),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_written_says_so_until_it_can_again() {
    let (_folder, mut options) = folder();
    options.busy_timeout = Duration::from_millis(1);
    let log = open(&options).await;
    let mut other = connect(&options).await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_unavailable(append(&log, 1).await);
    let told = log.health().unwrap_err().to_string();
    assert!(told.contains("nothing can be appended for "), "{told}");
    lock.rollback().await.unwrap();
    append(&log, 1).await.unwrap();
    log.health().unwrap();
}

#[tokio::test]
async fn a_log_finds_out_by_itself_that_it_can_be_written_again() {
    let (_folder, mut options) = folder();
    options.busy_timeout = Duration::from_millis(1);
    options.probe_interval = Duration::from_millis(5);
    let log = open(&options).await;
    let mut other = connect(&options).await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_unavailable(append(&log, 1).await);
    lock.rollback().await.unwrap();
    // Nobody appends meanwhile.
    while log.health().is_err() {
        assert!(everything(&log).await.is_empty());
    }
    assert_eq!(append(&log, 1).await.unwrap().position, Position(1));
}

#[tokio::test]
async fn what_is_refused_for_its_own_fault_leaves_the_log_healthy() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    log.append(append_of(NewEvent { schema_version: 0, ..event(1, 10) })).await.unwrap_err();
    log.health().unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_of_until_something_is_written() {
    let (_folder, mut options) = folder();
    options.file_bytes_max = Some(256 << 10);
    options.probe_interval = Duration::from_secs(3600);
    let log = open(&options).await;
    append(&log, 0).await.unwrap();
    assert_unavailable(log.append(append_of(event(1, 500_000))).await);
    log.health().unwrap_err();
    // One is refused, one was made before: neither is written.
    let expected = Expected::Exact(Revision(7));
    let conflict = log.append(Append { expected, ..append_of(event(2, 10)) }).await;
    assert!(matches!(conflict, Err(AppendError::Conflict { .. })), "{conflict:?}");
    log.health().unwrap_err();
    append(&log, 0).await.unwrap();
    log.health().unwrap_err();
    append(&log, 3).await.unwrap();
    log.health().unwrap();
}
