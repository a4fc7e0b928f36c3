//! Several at one file: two that append at once, one that only reads, one that copies it.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod facts;
mod file;

use std::{sync::Arc, time::Duration};

use event_log::{Append, AppendError, EventLog, Expected, LogError, sqlite::SqliteLog};
use events::{Digest, Position, RecordedEvent, StreamName};
use facts::{append, assert_unavailable, event, everything, ids};
use file::{folder, open};
use futures::{
    FutureExt, StreamExt,
    future::{join, join_all},
};

const SOON: Duration = Duration::from_millis(5);

/// Appends so many batches of events to the log, each of 1 to 3 in one append, 16 at a time.
async fn write(log: &SqliteLog, first_id: u128, appends: u128) {
    let mut next = first_id;
    for round in 0..appends / 16 {
        let together = (0..16).map(|n| {
            let stream = StreamName::new(format!("movie-{}", (round + n) % 5)).unwrap();
            let events: Vec<_> = (0..n % 3 + 1).map(|m| event(next + m, 20)).collect();
            next += n % 3 + 1;
            log.append(Append::new(stream, Expected::Any, events))
        });
        for result in join_all(together.collect::<Vec<_>>()).await {
            result.unwrap();
        }
    }
}

fn digest(events: &[RecordedEvent]) -> Digest {
    events.iter().fold(Digest::EMPTY, Digest::extend)
}

#[track_caller]
fn assert_no_gaps(events: &[RecordedEvent]) {
    for (event, position) in events.iter().zip(1..) {
        assert_eq!(event.position, Position(position));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_append_at_once_keep_one_order_and_one_digest() {
    let (_folder, options) = folder();
    let (one, two) = (open(&options).await, open(&options).await);
    let ((), ()) = join(write(&one, 0, 320), write(&two, 10_000, 320)).await;
    let events = everything(&one).await;
    assert_eq!(events.len(), 2 * 620);
    assert_no_gaps(&events);
    assert_eq!(ids(&everything(&two).await), ids(&events));
    for at in [1, 2, 77, 500, 1239, 1240] {
        let expected = digest(&events[..at]);
        assert_eq!(one.digest(Position(at as u64)).await.unwrap(), expected);
        assert_eq!(two.digest(Position(at as u64)).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn one_that_reads_refuses_to_append_and_to_forget() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    append(&log, 1).await.unwrap();
    let reader = SqliteLog::open_reader(options).await.unwrap();
    assert_unavailable(append(&reader, 2).await);
    let forgotten = reader.forget_keys(jiff::Timestamp::MAX).await;
    assert!(matches!(forgotten, Err(LogError::Unavailable(_))), "{forgotten:?}");
    assert_eq!(ids(&everything(&log).await), [1]);
    assert_eq!(reader.last_acknowledged(), Position::START);
    reader.health().unwrap();
}

#[tokio::test]
async fn one_that_reads_sees_what_another_appends() {
    let (_folder, mut options) = folder();
    options.poll_interval = SOON;
    let log = open(&options).await;
    append(&log, 1).await.unwrap();
    let reader = SqliteLog::open_reader(options).await.unwrap();
    let mut batches = reader.subscribe_all(Position::START);
    assert_eq!(ids(&batches.next().await.unwrap().unwrap()), [1]);
    for id in 2..20 {
        let at = append(&log, id).await.unwrap();
        assert_eq!(ids(&batches.next().await.unwrap().unwrap()), [id]);
        assert_eq!(reader.head().await.unwrap(), at.position);
        let both = (log.digest(at.position).await, reader.digest(at.position).await);
        assert_eq!(both.0.unwrap(), both.1.unwrap());
    }
}

#[tokio::test]
async fn one_that_reads_and_is_far_behind_does_not_wait_between_pages() {
    let (_folder, mut options) = folder();
    let log = open(&options).await;
    // Whoever waits once does not get to the end.
    options.poll_interval = Duration::from_secs(24 * 60 * 60);
    append(&log, 0).await.unwrap();
    let reader = SqliteLog::open_reader(options).await.unwrap();
    let many = (1..10_000).map(|id| event(id, 10)).collect();
    let stream = StreamName::new("movie-2").unwrap();
    log.append(Append::new(stream, Expected::Any, many)).await.unwrap();
    let mut batches = reader.subscribe_all(Position::START);
    let mut seen = 0;
    while seen < 10_000 {
        seen += batches.next().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn one_that_reads_needs_nobody_who_writes() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    append(&log, 1).await.unwrap();
    log.close().await;
    let reader = SqliteLog::open_reader(options.clone()).await.unwrap();
    assert_eq!(ids(&everything(&reader).await), [1]);
    // And is in nobody's way who comes to write.
    let log = open(&options).await;
    append(&log, 2).await.unwrap();
    assert_eq!(ids(&everything(&reader).await), [1, 2]);
    reader.close().await;
    assert!(matches!(reader.head().await, Err(LogError::Unavailable(_))));
}

#[tokio::test]
async fn closing_one_that_reads_ends_its_subscriptions() {
    let (_folder, options) = folder();
    let log = open(&options).await;
    let reader = SqliteLog::open_reader(options).await.unwrap();
    let mut batches = reader.subscribe_all(Position::START);
    assert!(batches.next().now_or_never().is_none());
    reader.close().await;
    assert!(matches!(batches.next().await, Some(Err(LogError::Unavailable(_)))));
    append(&log, 1).await.unwrap();
}

#[tokio::test]
async fn one_that_reads_makes_no_file() {
    let (_folder, options) = folder();
    let error = SqliteLog::open_reader(options.clone()).await.unwrap_err();
    assert!(matches!(error, LogError::Unavailable(_)), "{error}");
    assert!(!options.path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_taken_under_writers_is_a_beginning_of_the_log() {
    let (folder, options) = folder();
    let log = Arc::new(open(&options).await);
    write(&log, 0, 64).await;
    let before = log.head().await.unwrap();
    let writer = {
        let log = Arc::clone(&log);
        tokio::spawn(async move { write(&log, 10_000, 640).await })
    };
    let into = folder.path().join("copy.db");
    SqliteLog::snapshot(&options.path, &into).await.unwrap();
    writer.await.unwrap();

    let copy = open(&event_log::sqlite::SqliteLogOptions::at(&into)).await;
    let (copied, all) = (everything(&copy).await, everything(&*log).await);
    assert!(copied.len() as u64 >= before.0, "{} of {before}", copied.len());
    assert_no_gaps(&copied);
    assert_eq!(ids(&copied), ids(&all[..copied.len()]));
    let head = copy.head().await.unwrap();
    assert_eq!(copy.digest(head).await.unwrap(), digest(&copied));
    assert_eq!(copy.digest(head).await.unwrap(), log.digest(head).await.unwrap());
    // It is a log of its own.
    assert_eq!(append(&copy, 99_999).await.unwrap().position, head.next());
}

#[tokio::test]
async fn a_copy_does_not_replace_a_file() {
    let (folder, options) = folder();
    let log = open(&options).await;
    append(&log, 1).await.unwrap();
    let into = folder.path().join("copy.db");
    std::fs::write(&into, "mine").unwrap();
    let refused = SqliteLog::snapshot(&options.path, &into).await;
    assert!(matches!(refused, Err(LogError::Unavailable(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&into).unwrap(), "mine");
}

#[tokio::test]
async fn a_copy_that_cannot_be_made_leaves_nothing_behind() {
    let (folder, options) = folder();
    std::fs::write(&options.path, "Dear diary, ".repeat(1000)).unwrap();
    let into = folder.path().join("copy.db");
    SqliteLog::snapshot(&options.path, &into).await.unwrap_err();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_copy_begins_anew_where_an_earlier_one_was_cut_off() {
    let (folder, options) = folder();
    let log = open(&options).await;
    append(&log, 1).await.unwrap();
    std::fs::write(folder.path().join("copy.db.partial"), "half a log").unwrap();
    let into = folder.path().join("copy.db");
    SqliteLog::snapshot(&options.path, &into).await.unwrap();
    let copy = SqliteLog::open_reader(event_log::sqlite::SqliteLogOptions::at(&into)).await;
    assert_eq!(ids(&everything(&copy.unwrap()).await), [1]);
}

#[tokio::test]
async fn an_append_to_a_log_that_is_read_only_is_no_damage() {
    let (_folder, options) = folder();
    open(&options).await.close().await;
    let reader = SqliteLog::open_reader(options).await.unwrap();
    let result = append(&reader, 1).await;
    let Err(AppendError::Log(error)) = result else { panic!("{result:?}") };
    assert!(error.to_string().contains("opened for reading"), "{error}");
}
