//! Durability: what was acknowledged outlives the process. (That it outlives a kill and a loss of
//! power is tested from outside, on the real program.)

use events::{Position, Revision};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Fixture,
    facts::{
        NOON, add, append, appended, events, everything, ids, positions, recorded_ids, stream, take,
    },
};
use crate::{Append, Expected, IdempotencyEntry};

pub async fn what_was_acknowledged_is_there_after_reopening(fixture: &mut dyn Fixture) {
    let events = events(20);
    append(&*fixture.log(), "movie-1", Expected::NoStream, events.clone()).await.unwrap();
    fixture.reopen().await;
    let log = fixture.log();
    assert_eq!(recorded_ids(&everything(&*log).await), ids(&events));
    assert_eq!(log.head().await.unwrap(), Position(20));
}

pub async fn positions_and_revisions_go_on_after_reopening(fixture: &mut dyn Fixture) {
    add(&*fixture.log(), "movie-1", 2).await;
    fixture.reopen().await;
    let log = fixture.log();
    let result = append(&*log, "movie-1", Expected::Exact(Revision(2)), events(1)).await;
    assert_eq!(result.unwrap(), appended(3, 3));
}

pub async fn keys_are_remembered_after_reopening(fixture: &mut dyn Fixture) {
    let entry = IdempotencyEntry {
        key: "key".to_owned(),
        fingerprint: "hash".to_owned(),
        answer: json!({ "status": 201 }),
        recorded_at: NOON,
    };
    let append = Append::new(stream("movie-1"), Expected::NoStream, events(1));
    fixture.log().append(Append { idempotency: Some(entry), ..append }).await.unwrap();
    fixture.reopen().await;
    let log = fixture.log();
    let remembered = log.recall("key").await.unwrap().unwrap();
    assert_eq!(remembered.answer, json!({ "status": 201 }));
    assert_eq!(log.forget_keys(Timestamp::MAX).await.unwrap(), 1);
}

pub async fn a_repetition_is_recognised_after_reopening(fixture: &mut dyn Fixture) {
    let events = events(3);
    let first = append(&*fixture.log(), "movie-1", Expected::NoStream, events.clone()).await;
    fixture.reopen().await;
    let again = append(&*fixture.log(), "movie-1", Expected::NoStream, events).await;
    assert_eq!(again.unwrap(), first.unwrap());
}

pub async fn a_subscription_goes_on_after_reopening_where_it_stopped(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    let seen = take(&mut log.subscribe_all(Position::START), 3).await;
    fixture.reopen().await;
    let log = fixture.log();
    add(&*log, "movie-1", 2).await;
    let mut batches = log.subscribe_all(seen[2].position);
    assert_eq!(positions(&take(&mut batches, 2).await), [4, 5]);
}

pub async fn a_process_starts_with_nothing_acknowledged(fixture: &mut dyn Fixture) {
    assert_eq!(fixture.log().last_acknowledged(), Position::START);
    add(&*fixture.log(), "movie-1", 3).await;
    fixture.reopen().await;
    assert_eq!(fixture.log().last_acknowledged(), Position::START);
}

pub async fn a_log_that_was_just_opened_is_healthy(fixture: &mut dyn Fixture) {
    fixture.log().health().unwrap();
    add(&*fixture.log(), "movie-1", 1).await;
    fixture.reopen().await;
    fixture.log().health().unwrap();
}
