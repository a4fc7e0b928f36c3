//! Expected revisions: what must be true of a stream for an append to succeed.

use events::Revision;

use super::{
    Fixture,
    facts::{add, append, appended, conflict, event, events, everything},
};
use crate::Expected;

pub async fn an_append_that_expects_no_stream_starts_one(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let result = append(&*log, "movie-1", Expected::NoStream, events(2)).await;
    assert_eq!(result.unwrap(), appended(2, 2));
}

pub async fn an_append_that_expects_no_stream_conflicts_with_an_existing_one(
    fixture: &mut dyn Fixture,
) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    let result = append(&*log, "movie-1", Expected::NoStream, vec![event()]).await;
    assert_eq!(conflict(result), Revision(3));
}

pub async fn an_append_at_the_exact_revision_continues_the_stream(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    let result = append(&*log, "movie-1", Expected::Exact(Revision(3)), events(2)).await;
    assert_eq!(result.unwrap(), appended(5, 5));
}

pub async fn an_append_at_an_old_revision_conflicts(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    let result = append(&*log, "movie-1", Expected::Exact(Revision(2)), vec![event()]).await;
    assert_eq!(conflict(result), Revision(3));
}

pub async fn an_append_at_a_revision_not_reached_yet_conflicts(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let result = append(&*log, "movie-1", Expected::Exact(Revision(1)), vec![event()]).await;
    assert_eq!(conflict(result), Revision::NONE);
}

pub async fn exactly_no_revision_is_no_stream(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let result = append(&*log, "movie-1", Expected::Exact(Revision::NONE), vec![event()]).await;
    assert_eq!(result.unwrap(), appended(1, 1));
}

pub async fn an_append_that_expects_nothing_goes_to_the_end(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let first = append(&*log, "movie-1", Expected::Any, vec![event()]).await;
    assert_eq!(first.unwrap(), appended(1, 1));
    let second = append(&*log, "movie-1", Expected::Any, vec![event()]).await;
    assert_eq!(second.unwrap(), appended(2, 2));
}

pub async fn a_conflict_leaves_nothing_behind(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 1).await;
    conflict(append(&*log, "movie-1", Expected::NoStream, events(5)).await);
    assert_eq!(everything(&*log).await.len(), 1);
    assert_eq!(add(&*log, "movie-1", 1).await, appended(2, 2));
}

pub async fn an_append_without_events_only_checks_what_it_expects(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 1).await;
    add(&*log, "movie-2", 1).await;
    let result = append(&*log, "movie-1", Expected::Exact(Revision(1)), vec![]).await;
    assert_eq!(result.unwrap(), appended(1, 2));
    let result = append(&*log, "movie-1", Expected::NoStream, vec![]).await;
    assert_eq!(conflict(result), Revision(1));
    assert_eq!(everything(&*log).await.len(), 2);
}

pub async fn each_stream_has_revisions_of_its_own(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 2).await;
    assert_eq!(add(&*log, "movie-2", 1).await, appended(1, 3));
    assert_eq!(add(&*log, "movie-1", 1).await, appended(3, 4));
}
