//! Dependence: an append that rests on another stream happens only while that one is where it was.

use events::{Position, Revision};
use futures::future::join_all;

use super::{
    Fixture,
    facts::{add, appended, conflict, event, events, everything, stream},
};
use crate::{Append, AppendError, Appended, Expected};

fn given(name: &str, revision: u64, append: Append) -> Append {
    Append { given: Some((stream(name), Revision(revision))), ..append }
}

fn new(name: &str) -> Append {
    Append::new(stream(name), Expected::NoStream, events(1))
}

/// The actual revision of the stream that was depended upon.
#[track_caller]
fn changed(result: Result<Appended, AppendError>) -> Revision {
    match result {
        Err(AppendError::GivenChanged { actual }) => actual,
        other => panic!("a changed stream was expected, not {other:?}"),
    }
}

pub async fn an_append_happens_where_what_it_depends_upon_is_unchanged(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    let first = log.append(given("movie-1", 3, new("rating-1"))).await;
    assert_eq!(first.unwrap(), appended(1, 4));
    let nothing = log.append(given("movie-2", 0, new("rating-2"))).await;
    assert_eq!(nothing.unwrap(), appended(1, 5));
}

pub async fn an_append_is_refused_where_what_it_depends_upon_has_changed(
    fixture: &mut dyn Fixture,
) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    for (name, revision, actual) in [("movie-1", 2, 3), ("movie-1", 4, 3), ("movie-2", 1, 0)] {
        let result = log.append(given(name, revision, new("rating-1"))).await;
        assert_eq!(changed(result), Revision(actual));
    }
    assert_eq!(everything(&*log).await.len(), 3);
}

pub async fn what_an_append_depends_upon_is_told_before_a_conflict(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 1).await;
    add(&*log, "rating-1", 1).await;
    assert_eq!(changed(log.append(given("movie-1", 7, new("rating-1"))).await), Revision(1));
    assert_eq!(conflict(log.append(given("movie-1", 1, new("rating-1"))).await), Revision(1));
}

pub async fn appends_that_wait_together_see_each_other_as_what_they_depend_upon(
    fixture: &mut dyn Fixture,
) {
    let log = fixture.log();
    add(&*log, "movie-1", 1).await;
    let change = Append::new(stream("movie-1"), Expected::Any, events(1));
    let appends =
        [given("movie-1", 1, new("rating-1")), change, given("movie-1", 1, new("rating-2"))];
    let mut results = join_all(appends.map(|append| log.append(append))).await;
    assert_eq!(changed(results.pop().unwrap()), Revision(2));
    assert_eq!(results.pop().unwrap().unwrap(), appended(2, 3));
    assert_eq!(results.pop().unwrap().unwrap(), appended(1, 2));
    assert_eq!(log.head().await.unwrap(), Position(3));
}

pub async fn a_repetition_does_not_depend_upon_anything(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 1).await;
    let append = Append::new(stream("rating-1"), Expected::NoStream, vec![event()]);
    let append = given("movie-1", 1, append);
    let first = log.append(append.clone()).await.unwrap();
    add(&*log, "movie-1", 1).await;
    assert_eq!(log.append(append).await.unwrap(), first);
}
