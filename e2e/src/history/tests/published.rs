//! Kafka.

use super::{super::*, fact};

fn log() -> Vec<Fact> {
    [("movie-1", 1), ("movie-2", 1), ("movie-1", 2), ("movie-1", 3)]
        .into_iter()
        .zip(1..)
        .map(|((stream, revision), position)| fact(position, stream, revision, ""))
        .collect()
}

/// Each stream has a partition of its own; offsets have gaps, where transactions ended.
fn published() -> Vec<Published> {
    let record = |fact: Fact| Published {
        partition: u32::from(fact.stream == "movie-2"),
        offset: fact.position * 2,
        stream: fact.stream,
        position: fact.position,
        revision: fact.revision,
        id: fact.id,
        event_type: fact.event_type,
        data: fact.data,
    };
    log().into_iter().map(record).collect()
}

fn check_published(published: Vec<Published>) -> Vec<Violation> {
    let (published, log) = (Some(published), log());
    History { published, log, ..History::default() }.check(|_| true)
}

#[test]
fn what_is_published_once_and_in_order_has_no_violations() {
    assert_eq!(check_published(published()), []);
    // Between streams any order will do.
    let mut other = published();
    other.swap(0, 1);
    assert_eq!(check_published(other), []);
}

#[test]
fn an_event_that_is_not_in_kafka_is_found() {
    let mut published = published();
    published.remove(1);
    assert_eq!(check_published(published), [Violation::Unpublished { position: 2 }]);
}

#[test]
fn an_event_that_is_in_kafka_twice_is_found() {
    let mut published = published();
    published.push(Published { offset: 20, ..published[2].clone() });
    let twice = Violation::PublishedTwice { position: 3, at: (0, 20) };
    assert_eq!(check_published(published), [twice]);
}

#[test]
fn events_of_a_stream_that_are_in_kafka_in_another_order_or_place_are_found() {
    let out_of_order = |position, at| {
        let stream = "movie-1".to_owned();
        [Violation::PublishedOutOfOrder { stream, position, at }]
    };
    let mut swapped = published();
    swapped.swap(2, 3);
    assert_eq!(check_published(swapped), out_of_order(3, (0, 6)));
    let mut elsewhere = published();
    elsewhere[3].partition = 1;
    assert_eq!(check_published(elsewhere), out_of_order(4, (1, 8)));
}

#[test]
fn a_record_that_is_not_what_the_log_has_is_found() {
    let mut altered = published();
    altered[1].data = "{\"title\":\"Another\"}".to_owned();
    let other = Violation::PublishedOther { position: 2, at: (1, 4) };
    assert_eq!(check_published(altered), [other, Violation::Unpublished { position: 2 }]);
    let mut more = published();
    more.push(Published { position: 5, offset: 10, ..more[3].clone() });
    assert_eq!(check_published(more), [Violation::PublishedOther { position: 5, at: (0, 10) }]);
}
