//! Idempotency keys: remembered with the events of their request, or not at all.

use events::{NewEvent, Revision};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Fixture,
    facts::{NOON, add, append, appended, conflict, event, events, everything, stream},
};
use crate::{Append, AppendError, Appended, EventLog, Expected, IdempotencyEntry, Remembered};

fn entry(key: &str) -> IdempotencyEntry {
    IdempotencyEntry {
        key: key.to_owned(),
        fingerprint: format!("hash of what came with {key}"),
        answer: json!({ "status": 201, "of": key, "quote": "it's \"so\" \u{0}" }),
        recorded_at: NOON,
    }
}

async fn append_with(
    log: &dyn EventLog,
    expected: Expected,
    events: Vec<NewEvent>,
    entry: IdempotencyEntry,
) -> Result<Appended, AppendError> {
    let append = Append::new(stream("movie-1"), expected, events);
    log.append(Append { idempotency: Some(entry), ..append }).await
}

async fn add_with(log: &dyn EventLog, key: &str, recorded_at: Timestamp) -> Appended {
    let entry = IdempotencyEntry { recorded_at, ..entry(key) };
    append_with(log, Expected::Any, vec![event()], entry).await.unwrap()
}

pub async fn a_key_is_remembered_with_its_events(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let entry = entry("account 1: key");
    append_with(&*log, Expected::NoStream, events(2), entry.clone()).await.unwrap();
    let remembered = Remembered {
        fingerprint: entry.fingerprint,
        answer: entry.answer,
        appended: appended(2, 2),
    };
    assert_eq!(log.recall("account 1: key").await.unwrap(), Some(remembered));
}

pub async fn an_unknown_key_recalls_nothing(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add_with(&*log, "key", NOON).await;
    assert_eq!(log.recall("KEY").await.unwrap(), None);
    assert_eq!(log.recall("").await.unwrap(), None);
}

pub async fn a_key_that_is_taken_refuses_an_append(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add_with(&*log, "key", NOON).await;
    let before = log.recall("key").await.unwrap();
    let result = append_with(&*log, Expected::Any, vec![event()], entry("key")).await;
    assert!(matches!(result, Err(AppendError::KeyTaken)), "{result:?}");
    assert_eq!(everything(&*log).await.len(), 1);
    assert_eq!(log.recall("key").await.unwrap(), before);
}

pub async fn a_key_that_is_taken_is_told_before_a_conflict(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    append_with(&*log, Expected::NoStream, vec![event()], entry("key")).await.unwrap();
    let result = append_with(&*log, Expected::NoStream, vec![event()], entry("key")).await;
    assert!(matches!(result, Err(AppendError::KeyTaken)), "{result:?}");
}

pub async fn a_refused_append_leaves_its_key_free(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 1).await;
    conflict(append_with(&*log, Expected::NoStream, vec![event()], entry("key")).await);
    assert_eq!(log.recall("key").await.unwrap(), None);
    append_with(&*log, Expected::Any, vec![event()], entry("key")).await.unwrap();
}

pub async fn of_appends_that_wait_together_with_one_key_one_succeeds(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let appends = (0..20).map(|_| append_with(&*log, Expected::Any, vec![event()], entry("key")));
    let (won, lost): (Vec<_>, Vec<_>) =
        join_all(appends).await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|result| matches!(result, Err(AppendError::KeyTaken))));
    assert_eq!(everything(&*log).await.len(), 1);
}

pub async fn a_repetition_with_its_key_gets_the_first_result(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let events = events(2);
    let first = append_with(&*log, Expected::NoStream, events.clone(), entry("key")).await;
    let again = append_with(&*log, Expected::NoStream, events, entry("key")).await;
    assert_eq!(again.unwrap(), first.unwrap());
}

pub async fn a_key_is_kept_for_an_append_without_events(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 3).await;
    append_with(&*log, Expected::Exact(Revision(3)), vec![], entry("key")).await.unwrap();
    let remembered = log.recall("key").await.unwrap().unwrap();
    assert_eq!(remembered.appended, appended(3, 3));
    let result = append(&*log, "movie-1", Expected::Exact(Revision(3)), vec![event()]).await;
    assert_eq!(result.unwrap(), appended(4, 4));
}

pub async fn old_keys_are_forgotten_and_young_ones_kept(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let second = SignedDuration::from_secs(1);
    add_with(&*log, "old", NOON - second).await;
    add_with(&*log, "of that very time", NOON).await;
    add_with(&*log, "young", NOON + second).await;
    assert_eq!(log.forget_keys(NOON).await.unwrap(), 1);
    assert_eq!(log.recall("old").await.unwrap(), None);
    assert!(log.recall("of that very time").await.unwrap().is_some());
    assert!(log.recall("young").await.unwrap().is_some());
    assert_eq!(log.forget_keys(NOON).await.unwrap(), 0);
}

pub async fn a_forgotten_key_is_free(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add_with(&*log, "key", NOON).await;
    log.forget_keys(Timestamp::MAX).await.unwrap();
    assert_eq!(add_with(&*log, "key", NOON).await, appended(2, 2));
}

pub async fn any_number_of_keys_is_forgotten(fixture: &mut dyn Fixture) {
    const KEYS: usize = 2500;
    let log = fixture.log();
    let appends = (0..KEYS).map(|n| {
        let log = &log;
        async move { append_with(&**log, Expected::Any, vec![], entry(&n.to_string())).await }
    });
    for result in join_all(appends).await {
        result.unwrap();
    }
    assert_eq!(log.forget_keys(Timestamp::MAX).await.unwrap(), KEYS as u64);
    assert_eq!(log.recall("0").await.unwrap(), None);
    assert_eq!(log.recall("2499").await.unwrap(), None);
}
