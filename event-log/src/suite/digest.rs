//! The digest: at any position what a fold over the log gives there, however the events were appended.

use events::{Digest, Position};
use futures::future::join_all;

use super::{
    Fixture,
    facts::{add, append, events, everything},
};
use crate::{EventLog, Expected};

/// Asserts that the log has the right digest at every position.
async fn assert_every_digest(log: &dyn EventLog) {
    let mut expected = Digest::EMPTY;
    assert_eq!(log.digest(Position::START).await.unwrap(), expected);
    for event in everything(log).await {
        expected = expected.extend(&event);
        assert_eq!(log.digest(event.position).await.unwrap(), expected, "at {}", event.position);
    }
}

pub async fn an_empty_log_has_the_digest_of_no_events(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    for at in [0, 1, u64::MAX] {
        assert_eq!(log.digest(Position(at)).await.unwrap(), Digest::EMPTY);
    }
}

pub async fn a_digest_is_that_of_a_fold_over_the_log(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    for (name, count) in [("movie-1", 1), ("movie-2", 3), ("movie-1", 2), ("movie-3", 1)] {
        add(&*log, name, count).await;
        assert_every_digest(&*log).await;
    }
}

pub async fn appends_that_share_a_commit_have_digests_of_their_own(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    for _ in 0..3 {
        let appends = (0..20).map(|n| {
            let log = log.clone();
            async move { add(&*log, &format!("movie-{}", n % 7), n % 3 + 1).await }
        });
        join_all(appends).await;
    }
    assert_every_digest(&*log).await;
}

pub async fn a_large_append_has_a_digest_at_each_of_its_events(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 5000).await;
    let all = everything(&*log).await;
    for at in [1, 2, 2500, 4999, 5000] {
        let expected = all[..at].iter().fold(Digest::EMPTY, Digest::extend);
        assert_eq!(log.digest(Position(at as u64)).await.unwrap(), expected, "at {at}");
    }
}

pub async fn beyond_the_last_event_the_digest_is_that_of_the_whole_log(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    let whole = log.digest(Position(3)).await.unwrap();
    for beyond in [4, 1000, u64::MAX] {
        assert_eq!(log.digest(Position(beyond)).await.unwrap(), whole);
    }
}

pub async fn what_was_refused_or_repeated_is_in_no_digest(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let repeated = events(2);
    append(&*log, "movie-1", Expected::NoStream, repeated.clone()).await.unwrap();
    let before = log.digest(Position(2)).await.unwrap();
    append(&*log, "movie-1", Expected::NoStream, events(1)).await.unwrap_err();
    append(&*log, "movie-1", Expected::NoStream, repeated).await.unwrap();
    append(&*log, "movie-1", Expected::Any, vec![]).await.unwrap();
    assert_eq!(log.digest(Position(u64::MAX)).await.unwrap(), before);
}

pub async fn digests_go_on_after_reopening(fixture: &mut dyn Fixture) {
    add(&*fixture.log(), "movie-1", 2).await;
    let before = fixture.log().digest(Position(2)).await.unwrap();
    fixture.reopen().await;
    let log = fixture.log();
    assert_eq!(log.digest(Position(2)).await.unwrap(), before);
    add(&*log, "movie-1", 2).await;
    assert_every_digest(&*log).await;
}
