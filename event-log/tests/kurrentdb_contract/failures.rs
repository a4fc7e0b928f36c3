//! What the log makes of what goes wrong.

use event_log::{
    Append, AppendError, Direction, EventLog, Expected, LogError, kurrentdb::KurrentLog,
};
use events::{Position, Revision};
use futures::StreamExt;
use tonic::{Code, Status};

use crate::{
    facts::{append, at, damaged, event, open, options, stream, unavailable, with_key},
    server::{Fault, KurrentServer},
    service::exception,
};

/// How often the log calls before it gives up.
const ATTEMPTS: usize = 8;

fn gone() -> Status {
    Status::unavailable("Server Is Not Ready")
}

#[tokio::test]
async fn a_lost_race_is_a_conflict_with_the_actual_revision() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[1, 2, 3]).await.unwrap();
    for (expected, name, revision) in [
        (Expected::NoStream, "movie-1", 3),
        (at(2), "movie-1", 3),
        (at(4), "movie-1", 3),
        (at(1), "movie-2", 0),
    ] {
        let result = append(&log, name, expected, &[9]).await;
        assert!(
            matches!(result, Err(AppendError::Conflict { actual }) if actual == Revision(revision)),
            "{expected:?}: {result:?}"
        );
    }
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_is_sent_again_and_gets_the_first_result() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[1]).await.unwrap();
    for (number, expected) in [(2, at(1)), (3, Expected::Any)] {
        server.fault("Append", Fault::Forget(gone()));
        let appended = append(&log, "movie-1", expected, &[number]).await.unwrap();
        assert_eq!(u128::from(appended.revision.0), number);
        assert_eq!(appended.position, log.head().await.unwrap());
    }
    let all = log.read_all(Position::START, Direction::Forwards, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    log.health().unwrap();
}

#[tokio::test]
async fn a_key_whose_append_got_no_answer_is_remembered_once() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    // The claim's answer is lost, then that of the events.
    server.fault("Append", Fault::Forget(gone()));
    server.fault("Append", Fault::Forget(gone()));
    let first = Append::new(stream("movie-1"), Expected::NoStream, vec![event(1)]);
    let appended = log.append(with_key(first.clone(), "key")).await.unwrap();
    assert_eq!(log.recall("key").await.unwrap().unwrap().appended, appended);
    assert_eq!(log.append(with_key(first, "key")).await.unwrap(), appended);
    let other = Append::new(stream("movie-2"), Expected::NoStream, vec![event(2)]);
    let taken = log.append(with_key(other, "key")).await;
    assert!(matches!(taken, Err(AppendError::KeyTaken)), "{taken:?}");
}

#[tokio::test]
async fn a_claim_without_its_events_remembers_nothing_and_holds_the_key_for_a_lease() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    // The claim arrives; of the events nothing does.
    server.fault("Append", Fault::None);
    for _ in 0..ATTEMPTS {
        server.fault("Append", Fault::Refuse(gone()));
    }
    let first = Append::new(stream("movie-1"), Expected::NoStream, vec![event(1)]);
    unavailable(log.append(with_key(first, "key")).await);
    assert_eq!(log.recall("key").await.unwrap(), None);
    let other = Append::new(stream("movie-2"), Expected::NoStream, vec![event(2)]);
    let reason = unavailable(log.append(with_key(other.clone(), "key")).await);
    assert!(reason.contains("under way"), "{reason}");
    let mut later = with_key(other, "key");
    let lease = jiff::SignedDuration::try_from(options(&server).claim_lease).unwrap();
    later.idempotency.as_mut().unwrap().recorded_at += lease + jiff::SignedDuration::from_secs(1);
    let appended = log.append(later).await.unwrap();
    assert_eq!(log.recall("key").await.unwrap().unwrap().appended, appended);
}

#[tokio::test]
async fn a_claim_whose_events_can_never_come_holds_nothing() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    server.fault("Append", Fault::None);
    for _ in 0..ATTEMPTS {
        server.fault("Append", Fault::Refuse(gone()));
    }
    let first = Append::new(stream("movie-1"), Expected::NoStream, vec![event(1)]);
    unavailable(log.append(with_key(first.clone(), "key")).await);
    // Somebody else's events stand in their place now.
    append(&log, "movie-1", Expected::NoStream, &[2]).await.unwrap();
    let other = Append::new(stream("movie-1"), at(1), vec![event(3)]);
    let appended = log.append(with_key(other, "key")).await.unwrap();
    assert_eq!(log.recall("key").await.unwrap().unwrap().appended, appended);
}

#[tokio::test]
async fn a_call_is_made_a_bounded_number_of_times() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    for _ in 0..ATTEMPTS {
        server.fault("Append", Fault::Refuse(gone()));
    }
    server.take_calls("");
    let reason = unavailable(append(&log, "movie-1", Expected::NoStream, &[1]).await);
    assert!(reason.contains("Server Is Not Ready"), "{reason}");
    assert_eq!(server.take_calls("Append").len(), ATTEMPTS);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_says_so_until_it_finds_that_it_can() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    for _ in 0..ATTEMPTS + 2 {
        server.fault("Append", Fault::Refuse(gone()));
    }
    unavailable(append(&log, "movie-1", Expected::NoStream, &[1]).await);
    assert!(matches!(log.health(), Err(LogError::Unavailable(_))));
    // Nobody appends; it tries by itself, in a stream of its own.
    while log.health().is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(log.head().await.unwrap(), Position::START);
}

#[tokio::test]
async fn a_node_that_does_not_lead_names_the_one_that_does_and_the_append_gets_through() {
    let (server, leader) = (KurrentServer::start(), KurrentServer::start());
    let log = open(&server).await;
    let port = leader.url().rsplit(':').next().unwrap().split('?').next().unwrap().to_owned();
    let not_leader = exception(
        Code::NotFound,
        "Leader info available",
        &[
            ("exception", "not-leader"),
            ("leader-endpoint-host", "127.0.0.1"),
            ("leader-endpoint-port", &port),
        ],
    );
    server.fault("Append", Fault::Refuse(not_leader));
    append(&log, "movie-1", Expected::NoStream, &[1]).await.unwrap();
    assert_eq!(leader.take_calls("Append").len(), 1);
    assert_eq!(server.take_calls("Append").len(), 1);
}

#[tokio::test]
async fn denied_access_is_said_at_once_and_appends_nothing() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    server.take_calls("");
    let denied =
        exception(Code::PermissionDenied, "Access Denied", &[("exception", "access-denied")]);
    server.fault("Append", Fault::Refuse(denied));
    let reason = unavailable(append(&log, "movie-1", Expected::NoStream, &[1]).await);
    assert!(reason.contains("denies access"), "{reason}");
    assert!(!reason.contains("changeit"), "{reason}");
    assert_eq!(server.take_calls("Append").len(), 1);
}

#[tokio::test]
async fn a_stream_that_was_deleted_for_good_is_damage() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[1]).await.unwrap();
    server.state.lock().unwrap().store.tombstone("movie-1");
    let reason = damaged(append(&log, "movie-1", at(1), &[2]).await);
    assert!(reason.contains("deleted"), "{reason}");
    let read = log.read_stream(&stream("movie-1"), Revision(1), 1).await;
    assert!(matches!(read, Err(LogError::Damaged { .. })), "{read:?}");
}

#[tokio::test]
async fn what_is_too_large_for_the_server_is_not_sent_again() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    server.take_calls("");
    let too_large = Status::invalid_argument("Maximum Append Size of 1048576 Exceeded.");
    server.fault("Append", Fault::Refuse(too_large));
    let reason = damaged(append(&log, "movie-1", Expected::NoStream, &[1]).await);
    assert!(reason.contains("1048576"), "{reason}");
    assert_eq!(server.take_calls("Append").len(), 1);
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for_longer_than_the_deadline() {
    let server = KurrentServer::start();
    let options = event_log::kurrentdb::KurrentLogOptions {
        deadline: std::time::Duration::from_millis(50),
        attempts_max: 2,
        ..options(&server)
    };
    let log = KurrentLog::open(options).await.unwrap();
    for _ in 0..2 {
        server.fault("Append", Fault::Hang);
    }
    unavailable(append(&log, "movie-1", Expected::NoStream, &[1]).await);
    assert!(log.read_all(Position::START, Direction::Forwards, 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_read_that_breaks_off_begins_again_and_gives_every_event_once() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[1, 2, 3, 4]).await.unwrap();
    for broken in [Fault::BreakOff(2, gone()), Fault::BreakOff(0, Status::internal("reset"))] {
        server.fault("Read", broken);
        let all = log.read_all(Position::START, Direction::Forwards, 10).await.unwrap();
        assert_eq!(all.len(), 4);
    }
}

#[tokio::test]
async fn a_position_where_no_event_is_is_read_from_all_the_same() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    let first = append(&log, "movie-1", Expected::NoStream, &[1]).await.unwrap().position;
    let second = append(&log, "movie-1", at(1), &[2]).await.unwrap().position;
    let between = Position(first.0 + 1);
    let after = log.read_all(between, Direction::Forwards, 10).await.unwrap();
    assert_eq!(after.iter().map(|event| event.position).collect::<Vec<_>>(), [second]);
    let before = log.read_all(between, Direction::Backwards, 10).await.unwrap();
    assert_eq!(before.iter().map(|event| event.position).collect::<Vec<_>>(), [first]);
    assert!(log.read_all(Position(1 << 40), Direction::Forwards, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_started_again_is_found_again_by_writers_and_subscribers() {
    let mut server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[1]).await.unwrap();
    let mut batches = log.subscribe_all(Position::START);
    assert_eq!(batches.next().await.unwrap().unwrap().len(), 1);
    server.stop();
    unavailable(append(&log, "movie-1", at(1), &[2]).await);
    // A subscription may end meanwhile: whoever reads goes on from what was seen.
    drop(batches);
    server.start_again();
    while let Err(error) = append(&log, "movie-1", at(1), &[2]).await {
        unavailable::<()>(Err(error));
    }
    let seen = log.read_all(Position::START, Direction::Forwards, 1).await.unwrap()[0].position;
    let batch = log.subscribe_all(seen).next().await.unwrap().unwrap();
    assert_eq!(batch.iter().map(|event| event.id).collect::<Vec<_>>(), [event(2).id]);
}

#[tokio::test]
async fn a_closed_log_refuses_everything_and_ends_its_subscriptions() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    let mut batches = log.subscribe_all(Position::START);
    log.close().await;
    unavailable(append(&log, "movie-1", Expected::NoStream, &[1]).await);
    assert!(matches!(log.head().await, Err(LogError::Unavailable(_))));
    assert!(matches!(batches.next().await, Some(Err(LogError::Unavailable(_)))));
    assert!(batches.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_when_the_log_is_opened() {
    let mut server = KurrentServer::start();
    server.stop();
    let opened = KurrentLog::open(options(&server)).await;
    assert!(matches!(opened.err(), Some(LogError::Unavailable(_))));
}
