//! The checker can fail: each kind of violation is found in a history that has it, and in no other.

use super::*;

fn fact(position: u64, stream: &str, revision: u64, key: &str) -> Fact {
    Fact {
        position,
        stream: stream.to_owned(),
        revision,
        id: format!("event-{position}"),
        event_type: "MovieCreated".to_owned(),
        key: (!key.is_empty()).then(|| key.to_owned()),
        data: "{}".to_owned(),
    }
}

/// A command that was sent at `sent` and answered a moment later.
fn operation(key: &str, sent: u64, outcome: Outcome) -> Operation {
    Operation { key: key.to_owned(), events_max: 2, sent, answered: sent + 5, outcome }
}

fn acknowledged(positions: &[u64]) -> Outcome {
    Outcome::Acknowledged {
        events: positions.iter().map(|position| format!("event-{position}")).collect(),
        position: positions.last().copied().unwrap_or(0),
    }
}

/// Three commands, the second with two events, the third unknown but done, a fourth unknown and not.
fn history() -> (Vec<Operation>, Vec<Fact>) {
    let operations = vec![
        operation("a", 10, acknowledged(&[1])),
        operation("b", 20, acknowledged(&[2, 3])),
        operation("c", 30, Outcome::Unknown),
        operation("d", 40, Outcome::Unknown),
        operation("e", 50, Outcome::Refused),
        operation("f", 60, acknowledged(&[])),
    ];
    let log = vec![
        fact(1, "movie-1", 1, "a"),
        fact(2, "movie-2", 1, "b"),
        fact(3, "movie-2", 2, "b"),
        fact(4, "movie-3", 1, "c"),
        fact(5, "movie-1", 2, ""),
    ];
    (operations, log)
}

fn check_all(operations: &[Operation], log: &[Fact]) -> Vec<Violation> {
    check(operations, log, |_| false)
}

#[test]
fn a_history_without_fault_has_no_violations() {
    let (operations, log) = history();
    assert_eq!(check_all(&operations, &log), []);
}

#[test]
fn a_lost_operation_is_found() {
    let (operations, mut log) = history();
    log.remove(0);
    for (fact, position) in log.iter_mut().zip(1..) {
        fact.position = position;
    }
    let found = check_all(&operations, &log);
    let lost = Violation::Lost { key: "a".to_owned(), event: "event-1".to_owned(), position: 1 };
    assert!(found.contains(&lost), "{found:?}");
}

#[test]
fn half_of_an_operation_is_a_loss() {
    let (operations, mut log) = history();
    log[2].key = None;
    log[2].id = "another".to_owned();
    let found = check_all(&operations, &log);
    let lost = Violation::Lost { key: "b".to_owned(), event: "event-3".to_owned(), position: 3 };
    assert_eq!(found, [lost]);
}

#[test]
fn an_acknowledged_operation_that_is_there_twice_is_found() {
    let (operations, mut log) = history();
    log.push(fact(6, "movie-9", 1, "a"));
    let doubled = Violation::Doubled { key: "a".to_owned(), positions: vec![1, 6] };
    assert_eq!(check_all(&operations, &log), [doubled]);
}

#[test]
fn an_unknown_operation_that_is_there_twice_is_found() {
    let (operations, mut log) = history();
    // Elsewhere in the same stream.
    log.push(fact(6, "movie-3", 2, "c"));
    let doubled = Violation::Doubled { key: "c".to_owned(), positions: vec![4, 6] };
    assert_eq!(check_all(&operations, &log), [doubled]);
    // Next to each other in two streams.
    let (operations, mut log) = history();
    log.extend([fact(6, "movie-7", 1, "d"), fact(7, "movie-8", 1, "d")]);
    let doubled = Violation::Doubled { key: "d".to_owned(), positions: vec![6, 7] };
    assert_eq!(check_all(&operations, &log), [doubled]);
    // Next to each other in one stream, and more than it can make.
    let (operations, mut log) = history();
    log.extend((1..=3).map(|revision| fact(5 + revision, "movie-7", revision, "d")));
    let doubled = Violation::Doubled { key: "d".to_owned(), positions: vec![6, 7, 8] };
    assert_eq!(check_all(&operations, &log), [doubled]);
}

#[test]
fn a_refused_operation_that_was_done_is_found() {
    let (operations, mut log) = history();
    log.push(fact(6, "movie-7", 1, "e"));
    let done = Violation::RefusedYetDone { key: "e".to_owned(), positions: vec![6] };
    assert_eq!(check_all(&operations, &log), [done]);
}

#[test]
fn a_reordered_operation_is_found() {
    let (mut operations, log) = history();
    // The first in the log was sent when the second had been answered.
    operations[0].sent = 26;
    operations[0].answered = 29;
    let reordered =
        Violation::Reordered { earlier: "b".to_owned(), at: 3, later: "a".to_owned(), before: 1 };
    assert_eq!(check_all(&operations, &log), [reordered]);
    // At the same time, either order is right.
    operations[0].sent = 25;
    assert_eq!(check_all(&operations, &log), []);
}

#[test]
fn an_operation_that_stands_elsewhere_than_was_told_is_found() {
    let (mut operations, log) = history();
    operations[0].outcome =
        Outcome::Acknowledged { events: vec!["event-1".to_owned()], position: 2 };
    let misplaced = Violation::Misplaced { key: "a".to_owned(), told: 2, positions: vec![1] };
    assert_eq!(check_all(&operations, &log), [misplaced]);
    let (mut operations, log) = history();
    operations[1].outcome = Outcome::Acknowledged {
        events: vec!["event-3".to_owned(), "event-2".to_owned()],
        position: 3,
    };
    let misplaced = Violation::Misplaced { key: "b".to_owned(), told: 3, positions: vec![2, 3] };
    assert_eq!(check_all(&operations, &log), [misplaced]);
}

#[test]
fn an_event_that_nobody_asked_for_is_found() {
    let (operations, mut log) = history();
    log.push(fact(6, "movie-7", 1, "z"));
    assert_eq!(check_all(&operations, &log), [Violation::Unasked { position: 6 }]);
    assert_eq!(check(&operations, &log, |key| key == "z"), [], "unless it is somebody else's");
}

#[test]
fn gaps_and_doubled_ids_are_found_whoever_wrote() {
    let (_, mut log) = history();
    log.remove(1);
    let gap = Violation::PositionGap { expected: 2, found: 3 };
    assert!(check(&[], &log, |_| true).contains(&gap));
    let (_, mut log) = history();
    log[4].revision = 3;
    let stream = "movie-1".to_owned();
    let gap = Violation::RevisionGap { stream, expected: 2, found: 3, position: 5 };
    assert_eq!(check(&[], &log, |_| true), [gap]);
    let (_, mut log) = history();
    log[4].id = "event-1".to_owned();
    let doubled = Violation::DoubledId { id: "event-1".to_owned(), position: 5 };
    assert_eq!(check(&[], &log, |_| true), [doubled]);
}

#[test]
fn a_log_that_was_rewritten_or_cut_off_is_found() {
    let (_, log) = history();
    assert_eq!(check_grown(&log[..3], &log), []);
    assert_eq!(check_grown(&log, &log[..3]), [Violation::CutOff { position: 4 }]);
    let mut rewritten = log.clone();
    rewritten[1].data = "{\"title\":\"Another\"}".to_owned();
    assert_eq!(check_grown(&log, &rewritten), [Violation::Rewritten { position: 2 }]);
}

#[test]
#[should_panic(expected = "1 violations:\n  nobody asked for the event at 6")]
fn a_test_fails_with_what_was_found() {
    assert_none(&[Violation::Unasked { position: 6 }]);
}
