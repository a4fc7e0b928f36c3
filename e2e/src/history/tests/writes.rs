//! Commands.

use super::{super::*, acknowledged, fact, operation};

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
    let lost =
        Violation::Lost { key: "a".to_owned(), event: Some("event-1".to_owned()), position: 1 };
    assert!(found.contains(&lost), "{found:?}");
}

#[test]
fn half_of_an_operation_is_a_loss() {
    let (operations, mut log) = history();
    log[2].key = None;
    log[2].id = "another".to_owned();
    let found = check_all(&operations, &log);
    let lost =
        Violation::Lost { key: "b".to_owned(), event: Some("event-3".to_owned()), position: 3 };
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
fn half_of_an_unknown_operation_is_found() {
    let (mut operations, log) = history();
    // The third always makes two events, and one of them is there.
    operations[2].events = 2..=3;
    let half = Violation::Half { key: "c".to_owned(), positions: vec![4] };
    assert_eq!(check_all(&operations, &log), [half]);
    operations[2].events = 1..=3;
    assert_eq!(check_all(&operations, &log), []);
}

#[test]
fn what_was_acknowledged_without_naming_events_is_found_to_be_lost_or_elsewhere() {
    let (mut operations, log) = history();
    let told = |position| Outcome::Acknowledged { events: None, position };
    operations[0].outcome = told(1);
    assert_eq!(check_all(&operations, &log), []);
    operations[0].outcome = told(2);
    let misplaced = Violation::Misplaced { key: "a".to_owned(), told: 2, positions: vec![1] };
    assert_eq!(check_all(&operations, &log), [misplaced]);
    // It made something, and there is nothing of it.
    let (mut operations, log) = history();
    (operations[3].outcome, operations[3].events) = (told(4), 1..=1);
    let lost = Violation::Lost { key: "d".to_owned(), event: None, position: 4 };
    assert_eq!(check_all(&operations, &log), [lost]);
    // It may have had nothing to do; but it was told a position that is not there.
    operations[3].events = 0..=1;
    assert_eq!(check_all(&operations, &log), []);
    operations[3].outcome = told(6);
    let lost = Violation::Lost { key: "d".to_owned(), event: None, position: 6 };
    assert_eq!(check_all(&operations, &log), [lost]);
}

#[test]
fn what_was_meant_for_one_revision_and_follows_another_is_found() {
    let (mut operations, log) = history();
    operations[1].meant_for = Some(0);
    assert_eq!(check_all(&operations, &log), []);
    operations[1].meant_for = Some(7);
    let stream = "movie-2".to_owned();
    let key = "b".to_owned();
    let overwrote = Violation::Overwrote { key, meant_for: 7, stream, revision: 1 };
    assert_eq!(check_all(&operations, &log), [overwrote]);
}

#[test]
fn an_answer_that_no_server_may_give_is_found() {
    let (mut operations, log) = history();
    operations[3].outcome = Outcome::Wrong("500".to_owned());
    let wrong = Violation::WrongAnswer { to: "d".to_owned(), said: "500".to_owned() };
    assert_eq!(check_all(&operations, &log), [wrong]);
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
        Outcome::Acknowledged { events: Some(vec!["event-1".to_owned()]), position: 2 };
    let misplaced = Violation::Misplaced { key: "a".to_owned(), told: 2, positions: vec![1] };
    assert_eq!(check_all(&operations, &log), [misplaced]);
    let (mut operations, log) = history();
    operations[1].outcome = Outcome::Acknowledged {
        events: Some(vec!["event-3".to_owned(), "event-2".to_owned()]),
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

/// As where an effect is applied a second time, from a copy that has lost its key.
#[test]
fn an_event_without_a_key_is_found_where_nobody_else_wrote() {
    let (operations, log) = history();
    let history = History { operations, log, ..History::default() };
    assert_eq!(history.check(|_| false), [], "it may be somebody else's");
    assert_eq!(history.check_alone(), [Violation::Unasked { position: 5 }]);
    let (mut alone, mut others) = (history.clone(), history);
    alone.log.pop();
    assert_eq!(alone.check_alone(), []);
    others.log[4].key = Some("somebody".to_owned());
    assert_eq!(others.check(|key| key == "somebody"), []);
    assert_eq!(others.check_alone(), [Violation::Unasked { position: 5 }]);
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
