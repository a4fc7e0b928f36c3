//! Copies into the log on KurrentDB and out of it, and what interrupts them.

use event_log::{
    Append, CopyableLog, Direction, EventLog, Expected, LogError, RestoreError,
    kurrentdb::KurrentLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Digest, Position, RecordedEvent};
use tonic::Status;

use crate::{
    facts::{append, at, event, open, stream, with_key},
    server::{Fault, KurrentServer},
};

const END: Position = Position(u64::MAX);

/// A log with three films, whose events stand between each other, and a key.
async fn source(folder: &tempfile::TempDir) -> SqliteLog {
    let log = SqliteLog::open(SqliteLogOptions::at(folder.path().join("log.db"))).await.unwrap();
    for (revision, id) in [(0, 1), (1, 11)] {
        for film in 0..3 {
            let (name, events) =
                (format!("movie-{film}"), vec![event(id + film), event(id + film + 5)]);
            let wanted = Append::new(stream(&name), at(revision * 2), events);
            log.append(with_key(wanted, &format!("{name} {revision}"))).await.unwrap();
        }
    }
    log
}

async fn all(log: &dyn EventLog) -> Vec<RecordedEvent> {
    log.read_all(Position::START, Direction::Forwards, 1_000).await.unwrap()
}

fn digest_of(events: &[RecordedEvent]) -> Digest {
    events.iter().fold(Digest::EMPTY, Digest::extend)
}

async fn restore(
    log: &KurrentLog,
    after: Digest,
    events: &[RecordedEvent],
) -> Result<Digest, RestoreError> {
    log.restore(after, events.to_vec()).await
}

#[tokio::test]
async fn a_log_comes_back_from_kurrentdb_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (server, from) = (KurrentServer::start(), source(&folder).await);
    let there = open(&server).await;
    let original = all(&from).await;
    restore(&there, Digest::EMPTY, &original).await.unwrap();
    let held = all(&there).await;
    assert_eq!(digest_of(&held), digest_of(&original));
    assert!(held.windows(2).all(|pair| pair[0].position < pair[1].position));
    let back = SqliteLog::open(SqliteLogOptions::at(folder.path().join("back.db"))).await.unwrap();
    back.restore(Digest::EMPTY, held).await.unwrap();
    let positions = |events: &[RecordedEvent]| -> Vec<_> {
        events.iter().map(|event| event.position).collect()
    };
    let returned = all(&back).await;
    assert_eq!(positions(&returned), positions(&original));
    assert_eq!(digest_of(&returned), digest_of(&original));
}

#[tokio::test]
async fn events_of_one_stream_that_follow_one_another_are_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let (server, from) = (KurrentServer::start(), source(&folder).await);
    let log = open(&server).await;
    server.take_calls("");
    restore(&log, Digest::EMPTY, &all(&from).await).await.unwrap();
    assert_eq!(server.take_calls("Append").len(), 6);
}

#[tokio::test]
async fn a_copy_that_broke_off_left_a_beginning_and_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let (server, from) = (KurrentServer::start(), source(&folder).await);
    let log = open(&server).await;
    let original = all(&from).await;
    for fault in [Fault::None, Fault::None] {
        server.fault("Append", fault);
    }
    server.fault("Append", Fault::Refuse(Status::invalid_argument("no")));
    let broken = restore(&log, Digest::EMPTY, &original).await;
    assert!(matches!(broken, Err(RestoreError::Log(LogError::Damaged { .. }))), "{broken:?}");
    // As another process finds it.
    let log = open(&server).await;
    let held = log.digest(END).await.unwrap();
    assert_eq!(held, digest_of(&original[..4]));
    let digest = restore(&log, held, &original[4..]).await.unwrap();
    assert_eq!(digest, digest_of(&original));
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_in_the_copy_once() {
    let folder = tempfile::tempdir().unwrap();
    let (server, from) = (KurrentServer::start(), source(&folder).await);
    let log = open(&server).await;
    for fault in [Fault::None, Fault::Forget(Status::unavailable("gone"))] {
        server.fault("Append", fault);
    }
    let original = all(&from).await;
    restore(&log, Digest::EMPTY, &original).await.unwrap();
    assert_eq!(digest_of(&all(&log).await), digest_of(&original));
}

#[tokio::test]
async fn what_another_process_appends_in_between_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (server, from) = (KurrentServer::start(), source(&folder).await);
    let (log, other) = (open(&server).await, open(&server).await);
    let original = all(&from).await;
    restore(&log, Digest::EMPTY, &original[..6]).await.unwrap();
    append(&other, "movie-9", Expected::NoStream, &[99]).await.unwrap();
    let refused = restore(&log, digest_of(&original[..6]), &original[6..]).await;
    let actual = other.digest(END).await.unwrap();
    assert_eq!(actual.count, 7);
    assert!(
        matches!(refused, Err(RestoreError::NotTheBeginning { actual: told }) if told == actual),
        "{refused:?}"
    );
    assert_eq!(all(&log).await.len(), 7);
}

#[tokio::test]
async fn events_that_leave_a_gap_in_their_stream_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (server, from) = (KurrentServer::start(), source(&folder).await);
    let log = open(&server).await;
    let original = all(&from).await;
    let refused = restore(&log, Digest::EMPTY, &original[6..]).await;
    assert!(matches!(refused, Err(RestoreError::Log(LogError::Damaged { .. }))), "{refused:?}");
    assert!(all(&log).await.is_empty());
}

#[tokio::test]
async fn digests_of_the_past_are_those_of_a_fold_at_made_up_positions_too() {
    let folder = tempfile::tempdir().unwrap();
    let (server, from) = (KurrentServer::start(), source(&folder).await);
    let log = open(&server).await;
    restore(&log, Digest::EMPTY, &all(&from).await).await.unwrap();
    let held = all(&log).await;
    let last = held.last().unwrap().position;
    server.take_calls("");
    for position in (0..=last.0).rev().map(Position) {
        let count = held.partition_point(|event| event.position <= position);
        assert_eq!(log.digest(position).await.unwrap(), digest_of(&held[..count]), "{position}");
    }
    // What was folded once is kept.
    assert!(server.take_calls("").len() < 10);
}

#[tokio::test]
async fn keys_are_listed_with_where_their_events_are() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    let first = Append::new(stream("movie-1"), Expected::NoStream, vec![event(1)]);
    let appended = log.append(with_key(first, "b")).await.unwrap();
    // A claim without its events is of no key.
    server.fault("Append", Fault::None);
    server.fault("Append", Fault::Refuse(Status::invalid_argument("no")));
    let lost = Append::new(stream("movie-2"), Expected::NoStream, vec![event(2)]);
    log.append(with_key(lost, "a")).await.unwrap_err();
    let keys = log.remembered_keys(None, 1).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0].key.as_str(), keys[0].remembered.appended), ("b", appended));
    assert!(log.remembered_keys(Some("b"), 1).await.unwrap().is_empty());
}
