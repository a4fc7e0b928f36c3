//! Limits: exactly the limit is accepted, one more is refused and leaves nothing.

use events::NewEvent;

use super::{
    Fixture,
    facts::{NOON, append, data_of, event, events, everything, ids, recorded_ids, stream},
};
use crate::{
    Append, AppendError, Appended, Expected, IdempotencyEntry, MAX_APPEND_BYTES, MAX_APPEND_EVENTS,
    MAX_EVENT_BYTES, MAX_IDEMPOTENCY_KEY_BYTES,
};

/// How large it was, and how large it may be.
#[track_caller]
fn too_large(result: Result<Appended, AppendError>) -> (usize, usize) {
    match result {
        Err(AppendError::TooLarge { actual, limit, .. }) => (actual, limit),
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

fn event_of(bytes: usize) -> NewEvent {
    NewEvent { data: data_of(bytes), ..event() }
}

pub async fn data_of_the_largest_size_is_accepted(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let largest = event_of(MAX_EVENT_BYTES);
    append(&*log, "movie-1", Expected::Any, vec![largest.clone()]).await.unwrap();
    let kept = everything(&*log).await;
    assert!(kept[0].data.get() == largest.data.get());
}

pub async fn data_one_byte_over_is_refused(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let too_long = vec![event(), event_of(MAX_EVENT_BYTES + 1)];
    let result = append(&*log, "movie-1", Expected::Any, too_long).await;
    assert_eq!(too_large(result), (MAX_EVENT_BYTES + 1, MAX_EVENT_BYTES));
    assert!(everything(&*log).await.is_empty());
}

pub async fn the_largest_append_is_accepted(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let events = events(MAX_APPEND_EVENTS);
    let at = append(&*log, "movie-1", Expected::NoStream, events.clone()).await.unwrap();
    assert_eq!(at.position.0, MAX_APPEND_EVENTS as u64);
    assert!(recorded_ids(&everything(&*log).await) == ids(&events));
    // It is recognised, too.
    assert_eq!(append(&*log, "movie-1", Expected::NoStream, events).await.unwrap(), at);
}

pub async fn an_append_with_one_event_more_is_refused(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let too_many = events(MAX_APPEND_EVENTS + 1);
    let result = append(&*log, "movie-1", Expected::Any, too_many).await;
    assert_eq!(too_large(result), (MAX_APPEND_EVENTS + 1, MAX_APPEND_EVENTS));
    assert!(everything(&*log).await.is_empty());
}

/// Events whose data has so many bytes in all.
fn events_of(bytes: usize) -> Vec<NewEvent> {
    let mut events = vec![event_of(MAX_EVENT_BYTES - 10); bytes / MAX_EVENT_BYTES];
    events.iter_mut().for_each(|event| event.id = self::event().id);
    events.push(event_of(bytes - events.len() * (MAX_EVENT_BYTES - 10)));
    events
}

pub async fn the_most_data_in_one_append_is_accepted(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let events = events_of(MAX_APPEND_BYTES);
    append(&*log, "movie-1", Expected::Any, events.clone()).await.unwrap();
    assert_eq!(recorded_ids(&everything(&*log).await), ids(&events));
}

pub async fn an_append_with_one_byte_more_is_refused(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let result = append(&*log, "movie-1", Expected::Any, events_of(MAX_APPEND_BYTES + 1)).await;
    assert_eq!(too_large(result), (MAX_APPEND_BYTES + 1, MAX_APPEND_BYTES));
    assert!(everything(&*log).await.is_empty());
}

pub async fn the_longest_key_is_accepted_and_a_longer_one_refused(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let longest = "k".repeat(MAX_IDEMPOTENCY_KEY_BYTES);
    let with_key = |key: String| Append {
        idempotency: Some(IdempotencyEntry {
            key,
            fingerprint: String::new(),
            answer: serde_json::Value::Null,
            recorded_at: NOON,
        }),
        ..Append::new(stream("movie-1"), Expected::Any, vec![event()])
    };
    log.append(with_key(longest.clone())).await.unwrap();
    assert!(log.recall(&longest).await.unwrap().is_some());
    let result = log.append(with_key(format!("{longest}k"))).await;
    assert_eq!(too_large(result), (longest.len() + 1, longest.len()));
}
