//! Reading streams and the whole log.

use events::{Position, Revision};

use super::{
    Fixture,
    facts::{add, everything, positions, stream},
};
use crate::Direction;

pub async fn an_empty_log_has_its_head_at_the_start(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    assert_eq!(log.head().await.unwrap(), Position::START);
    assert!(everything(&*log).await.is_empty());
}

pub async fn an_unknown_stream_is_empty(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 1).await;
    let events = log.read_stream(&stream("movie-2"), Revision::NONE, 10).await.unwrap();
    assert!(events.is_empty());
}

pub async fn a_stream_is_read_from_a_revision_on(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 5).await;
    for (from, expected) in [(0, vec![1, 2, 3, 4, 5]), (3, vec![3, 4, 5]), (6, vec![])] {
        let events = log.read_stream(&stream("movie-1"), Revision(from), 10).await.unwrap();
        let revisions: Vec<u64> = events.iter().map(|event| event.revision.0).collect();
        assert_eq!(revisions, expected, "from {from}");
    }
}

pub async fn a_stream_is_read_no_further_than_the_limit(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 5).await;
    let events = log.read_stream(&stream("movie-1"), Revision(2), 2).await.unwrap();
    assert_eq!(positions(&events), [2, 3]);
}

pub async fn a_stream_has_only_its_own_events(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    for name in ["movie-1", "movie-11", "movie-1", "Movie-1", "movie-1"] {
        add(&*log, name, 1).await;
    }
    let events = log.read_stream(&stream("movie-1"), Revision(1), 10).await.unwrap();
    assert_eq!(positions(&events), [1, 3, 5]);
}

pub async fn the_log_is_read_forwards_after_a_position(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 5).await;
    let events = log.read_all(Position(2), Direction::Forwards, 2).await.unwrap();
    assert_eq!(positions(&events), [3, 4]);
}

pub async fn the_log_is_read_backwards_before_a_position(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 5).await;
    let events = log.read_all(Position(4), Direction::Backwards, 2).await.unwrap();
    assert_eq!(positions(&events), [3, 2]);
    let events = log.read_all(Position(1), Direction::Backwards, 2).await.unwrap();
    assert!(events.is_empty());
}

pub async fn the_log_is_read_backwards_from_its_end(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    let head = log.head().await.unwrap();
    for end in [head.next(), Position(u64::MAX)] {
        let events = log.read_all(end, Direction::Backwards, 10).await.unwrap();
        assert_eq!(positions(&events), [3, 2, 1]);
    }
}

pub async fn a_limit_of_nothing_gives_nothing(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    assert!(log.read_stream(&stream("movie-1"), Revision(1), 0).await.unwrap().is_empty());
    let direction = Direction::Forwards;
    assert!(log.read_all(Position::START, direction, 0).await.unwrap().is_empty());
}

pub async fn there_is_nothing_beyond_the_end(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    for beyond in [3, 4, u64::MAX] {
        let events = log.read_all(Position(beyond), Direction::Forwards, 10).await.unwrap();
        assert!(events.is_empty());
    }
    let beyond = Revision(u64::MAX);
    assert!(log.read_stream(&stream("movie-1"), beyond, 10).await.unwrap().is_empty());
}
