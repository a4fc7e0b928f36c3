//! Repetition: the same event ids again are a retry, and anything else that has them is an error.

use events::Revision;
use futures::{future::join, poll};

use super::{
    Fixture,
    facts::{
        add, append, appended, duplicate, event, events, everything, ids, recorded_ids, stream,
    },
};
use crate::{Append, Expected};

pub async fn a_repeated_append_gets_the_first_result(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    for (name, expected) in [
        ("movie-1", Expected::NoStream),
        ("movie-2", Expected::Any),
        ("movie-3", Expected::Exact(Revision::NONE)),
    ] {
        let events = events(3);
        let first = append(&*log, name, expected, events.clone()).await.unwrap();
        let again = append(&*log, name, expected, events).await.unwrap();
        assert_eq!(again, first);
    }
    assert_eq!(everything(&*log).await.len(), 9);
}

pub async fn a_repeated_append_gets_the_first_result_after_others_appended(
    fixture: &mut dyn Fixture,
) {
    let log = fixture.log();
    add(&*log, "movie-1", 1).await;
    for expected in [Expected::Exact(Revision(1)), Expected::Any] {
        let events = events(2);
        let first = append(&*log, "movie-1", expected, events.clone()).await.unwrap();
        add(&*log, "movie-1", 2).await;
        add(&*log, "movie-2", 1).await;
        assert_eq!(append(&*log, "movie-1", expected, events).await.unwrap(), first);
    }
}

pub async fn a_repetition_changes_nothing(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let events = events(2);
    append(&*log, "movie-1", Expected::Any, events.clone()).await.unwrap();
    append(&*log, "movie-1", Expected::Any, events.clone()).await.unwrap();
    assert_eq!(recorded_ids(&everything(&*log).await), ids(&events));
    assert_eq!(add(&*log, "movie-1", 1).await, appended(3, 3));
}

pub async fn an_append_and_its_repetition_may_wait_together(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let events = events(2);
    let (first, again) = join(
        append(&*log, "movie-1", Expected::NoStream, events.clone()),
        append(&*log, "movie-1", Expected::NoStream, events),
    )
    .await;
    assert_eq!(first.unwrap(), appended(2, 2));
    assert_eq!(again.unwrap(), appended(2, 2));
    assert_eq!(everything(&*log).await.len(), 2);
}

pub async fn an_append_that_was_dropped_may_be_tried_again(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let events = events(2);
    let append = || Append::new(stream("movie-1"), Expected::NoStream, events.clone());
    let mut first = log.append(append());
    assert!(poll!(&mut first).is_pending());
    drop(first);
    assert_eq!(log.append(append()).await.unwrap(), appended(2, 2));
    assert_eq!(recorded_ids(&everything(&*log).await), ids(&events));
}

pub async fn a_partial_repetition_is_an_error(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let (first, second) = (event(), event());
    append(&*log, "movie-1", Expected::NoStream, vec![first.clone()]).await.unwrap();
    for expected in [Expected::NoStream, Expected::Any, Expected::Exact(Revision(1))] {
        let longer = vec![first.clone(), second.clone()];
        let result = append(&*log, "movie-1", expected, longer).await;
        assert_eq!(duplicate(result), first.id);
    }
    assert_eq!(everything(&*log).await.len(), 1);
}

pub async fn ids_of_two_appends_with_something_between_are_an_error(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let (first, second) = (event(), event());
    append(&*log, "movie-1", Expected::Any, vec![first.clone()]).await.unwrap();
    add(&*log, "movie-2", 1).await;
    append(&*log, "movie-1", Expected::Any, vec![second.clone()]).await.unwrap();
    let result = append(&*log, "movie-1", Expected::Any, vec![first.clone(), second]).await;
    assert_eq!(duplicate(result), first.id);
}

pub async fn ids_in_another_order_are_an_error(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let mut events = events(2);
    append(&*log, "movie-1", Expected::NoStream, events.clone()).await.unwrap();
    events.reverse();
    duplicate(append(&*log, "movie-1", Expected::NoStream, events).await);
}

pub async fn ids_in_another_stream_are_an_error(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let event = event();
    append(&*log, "movie-1", Expected::NoStream, vec![event.clone()]).await.unwrap();
    for expected in [Expected::NoStream, Expected::Any] {
        let result = append(&*log, "movie-2", expected, vec![event.clone()]).await;
        assert_eq!(duplicate(result), event.id);
    }
    assert_eq!(everything(&*log).await.len(), 1);
}

pub async fn ids_at_another_revision_are_an_error(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let event = event();
    append(&*log, "movie-1", Expected::NoStream, vec![event.clone()]).await.unwrap();
    let after_itself = Expected::Exact(Revision(1));
    let result = append(&*log, "movie-1", after_itself, vec![event.clone()]).await;
    assert_eq!(duplicate(result), event.id);
}

pub async fn an_id_twice_in_one_append_is_an_error(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let event = event();
    let twice = vec![event.clone(), event.clone()];
    let result = append(&*log, "movie-1", Expected::NoStream, twice).await;
    assert_eq!(duplicate(result), event.id);
    assert!(everything(&*log).await.is_empty());
}
