//! Copying: what another log has recorded and remembered is here as it was there.

use events::{AccountId, Digest, EventId, Metadata, Position, RecordedEvent, Revision};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::{
    CopyableFixture,
    facts::{
        NOON, add, append, appended, conflict, event, event_with_id, events, everything,
        json as data, positions, stream, take,
    },
};
use crate::{
    Append, AppendError, CopyableLog, Expected, IdempotencyEntry, RESTORE_EVENTS_MAX, Remembered,
    RememberedKey, RestoreError,
};

/// So many events as another log has recorded them, in three streams, after the first `before` ones.
fn recorded(before: u64, count: u64) -> Vec<RecordedEvent> {
    let recorded = |n: u64| RecordedEvent {
        position: Position(n + 1),
        stream: stream(["movie-1", "rating-ü-\u{1F3AC}", "genre-'x\""][(n % 3) as usize]),
        revision: Revision(n / 3 + 1),
        id: EventId(Uuid::from_u128((1 << 100) + u128::from(n))),
        event_type: format!("Happened{}", n % 2),
        schema_version: 1 + (n % 4) as u32,
        metadata: Metadata {
            actor: n.is_multiple_of(2).then_some(AccountId(Uuid::from_u128(7))),
            correlation_id: n.is_multiple_of(3).then(|| "a request".to_owned()),
            causation_id: n.is_multiple_of(5).then_some(EventId(Uuid::from_u128(3))),
            traceparent: n.is_multiple_of(7).then(|| "00-trace".to_owned()),
            idempotency_key: n.is_multiple_of(4).then(|| format!("key {n}")),
            ..Metadata::at(NOON + SignedDuration::from_micros(n as i64))
        },
        data: data(&format!(
            r#"{{ "n":{n},  "text": "\u0000\t\\N \ud83c\udfac 🎬 \u00e9", "n": 1e2 }}"#
        )),
    };
    (before..before + count).map(recorded).collect()
}

fn digest_of(events: &[RecordedEvent]) -> Digest {
    events.iter().fold(Digest::EMPTY, Digest::extend)
}

/// A digest is made of all that an event has, but its position.
async fn assert_holds(log: &dyn CopyableLog, expected: Vec<RecordedEvent>) {
    let expected = digest_of(&expected);
    assert_eq!(log.digest(Position(u64::MAX)).await.unwrap(), expected);
    assert_eq!(digest_of(&everything(log).await), expected);
}

pub async fn what_is_restored_is_as_it_was_recorded(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    let all = recorded(0, 500);
    let digest = log.restore(Digest::EMPTY, all.clone()).await.unwrap();
    assert_eq!(digest, digest_of(&all));
    assert_holds(&*log, all).await;
}

pub async fn what_is_restored_can_be_read_by_stream(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    log.restore(Digest::EMPTY, recorded(0, 10)).await.unwrap();
    let of_stream = log.read_stream(&stream("movie-1"), Revision(2), 10).await.unwrap();
    let revisions: Vec<u64> = of_stream.iter().map(|event| event.revision.0).collect();
    assert_eq!(revisions, [2, 3, 4]);
}

pub async fn restoring_goes_on_where_it_ended(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    let mut digest = Digest::EMPTY;
    for before in [0, 10, 20] {
        digest = log.restore(digest, recorded(before, 10)).await.unwrap();
    }
    assert_holds(&*log, recorded(0, 30)).await;
    for event in everything(&*log).await {
        let at = log.digest(event.position).await.unwrap();
        assert_eq!(at, digest_of(&recorded(0, at.count)));
    }
}

pub async fn events_that_do_not_follow_are_refused_and_change_nothing(
    fixture: &mut dyn CopyableFixture,
) {
    let log = fixture.copyable();
    let held = recorded(0, 10);
    let holds = log.restore(Digest::EMPTY, held.clone()).await.unwrap();
    let others = Digest { hash: [1; 32], ..holds };
    for after in [Digest::EMPTY, digest_of(&held[..9]), others] {
        match log.restore(after, recorded(10, 5)).await {
            Err(RestoreError::NotTheBeginning { actual }) => assert_eq!(actual, holds),
            other => panic!("it does not follow: {other:?}"),
        }
    }
    assert_holds(&*log, held).await;
}

pub async fn what_was_appended_meanwhile_refuses_what_is_restored(
    fixture: &mut dyn CopyableFixture,
) {
    let log = fixture.copyable();
    let digest = log.restore(Digest::EMPTY, recorded(0, 10)).await.unwrap();
    add(&*fixture.log(), "movie-2", 1).await;
    let refused = log.restore(digest, recorded(10, 5)).await;
    assert!(matches!(refused, Err(RestoreError::NotTheBeginning { .. })), "{refused:?}");
    assert_eq!(everything(&*log).await.len(), 11);
}

pub async fn restoring_nothing_only_checks_the_digest(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    let digest = log.restore(Digest::EMPTY, recorded(0, 3)).await.unwrap();
    assert_eq!(log.restore(digest, vec![]).await.unwrap(), digest);
    let refused = log.restore(Digest::EMPTY, vec![]).await;
    assert!(matches!(refused, Err(RestoreError::NotTheBeginning { .. })), "{refused:?}");
    assert_holds(&*log, recorded(0, 3)).await;
}

pub async fn more_events_than_the_limit_are_refused(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    let most = RESTORE_EVENTS_MAX as u64;
    log.restore(Digest::EMPTY, recorded(0, most + 1)).await.unwrap_err();
    assert_holds(&*log, vec![]).await;
    log.restore(Digest::EMPTY, recorded(0, most)).await.unwrap();
    assert_holds(&*log, recorded(0, most)).await;
}

pub async fn appends_go_on_after_what_was_restored(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    log.restore(Digest::EMPTY, recorded(0, 6)).await.unwrap();
    let mut live = log.subscribe_all(Position::START);
    assert_eq!(conflict(append(&*log, "movie-1", Expected::NoStream, events(1)).await).0, 2);
    let result = append(&*log, "movie-1", Expected::Exact(Revision(2)), events(1)).await.unwrap();
    assert_eq!(result.revision, Revision(3));
    let (heard, held) = (take(&mut live, 7).await, everything(&*log).await);
    assert_eq!((positions(&heard), digest_of(&heard)), (positions(&held), digest_of(&held)));
}

pub async fn the_id_of_a_restored_event_is_taken(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    log.restore(Digest::EMPTY, recorded(0, 6)).await.unwrap();
    let used = event_with_id((1 << 100) + 4);
    let refused = append(&*log, "movie-9", Expected::Any, vec![used]).await;
    assert!(matches!(refused, Err(AppendError::DuplicateEvent(_))), "{refused:?}");
    assert_holds(&*log, recorded(0, 6)).await;
}

pub async fn a_repetition_of_a_restored_append_is_recognised(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    log.restore(Digest::EMPTY, recorded(0, 4)).await.unwrap();
    let first = everything(&*log).await.swap_remove(3);
    let again = event_with_id((1 << 100) + 3);
    let expected = Expected::Exact(Revision(1));
    let repeated = append(&*log, "movie-1", expected, vec![again]).await.unwrap();
    assert_eq!((repeated.revision, repeated.position), (first.revision, first.position));
    assert_holds(&*log, recorded(0, 4)).await;
}

pub async fn what_was_restored_is_there_after_reopening(fixture: &mut dyn CopyableFixture) {
    let digest = fixture.copyable().restore(Digest::EMPTY, recorded(0, 100)).await.unwrap();
    let keys = vec![key("k", NOON)];
    assert_eq!(fixture.copyable().restore_keys(keys.clone()).await.unwrap(), 1);
    fixture.reopen().await;
    let log = fixture.copyable();
    assert_holds(&*log, recorded(0, 100)).await;
    assert_eq!(log.remembered_keys(None, 10).await.unwrap(), keys);
    log.restore(digest, recorded(100, 1)).await.unwrap();
}

pub async fn restored_events_have_the_positions_of_their_order(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    // As a log counts that has positions of its own.
    let mut all = recorded(0, 20);
    all.iter_mut().for_each(|event| event.position.0 *= 1000);
    log.restore(Digest::EMPTY, all).await.unwrap();
    assert_eq!(positions(&everything(&*log).await), (1..=20).collect::<Vec<_>>());
    assert_eq!(add(&*log, "movie-2", 1).await.position, Position(21));
}

fn key(name: &str, recorded_at: Timestamp) -> RememberedKey {
    RememberedKey {
        key: name.to_owned(),
        remembered: Remembered {
            fingerprint: format!("hash of {name}"),
            answer: json!({ "of": name, "quote": "it's \"so\" \u{0} \\N 🎬", "n": [1, 2.5, null] }),
            appended: appended(3, 7),
        },
        recorded_at,
    }
}

pub async fn keys_are_listed_page_by_page_in_the_order_of_their_bytes(
    fixture: &mut dyn CopyableFixture,
) {
    let log = fixture.copyable();
    let names = ["", " ", "A", "B", "a", "a b", "a-b", "ab", "b", "ä", "\u{1F3AC}"];
    let mut keys: Vec<RememberedKey> = names.iter().map(|name| key(name, NOON)).collect();
    let expected = keys.clone();
    keys.reverse();
    assert_eq!(log.restore_keys(keys).await.unwrap(), names.len() as u64);
    let mut listed: Vec<RememberedKey> = Vec::new();
    loop {
        let after = listed.last().map(|last| last.key.clone());
        let page = log.remembered_keys(after.as_deref(), 3).await.unwrap();
        assert!(page.len() <= 3);
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert_eq!(listed, expected);
}

pub async fn restored_keys_answer_as_they_did(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    let restored = key("k", NOON);
    log.restore_keys(vec![restored.clone()]).await.unwrap();
    assert_eq!(log.recall("k").await.unwrap(), Some(restored.remembered.clone()));
    let entry = IdempotencyEntry {
        key: "k".to_owned(),
        fingerprint: String::new(),
        answer: json!(null),
        recorded_at: NOON,
    };
    let append = Append::new(stream("movie-1"), Expected::Any, vec![event()]);
    let refused = log.append(Append { idempotency: Some(entry), ..append }).await;
    assert!(matches!(refused, Err(AppendError::KeyTaken)), "{refused:?}");
}

pub async fn a_key_that_is_taken_keeps_what_it_has(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    let first = key("k", NOON);
    log.restore_keys(vec![first.clone()]).await.unwrap();
    let mut other = first.clone();
    other.remembered.fingerprint = "another".to_owned();
    let new = key("l", NOON);
    assert_eq!(log.restore_keys(vec![other, new.clone()]).await.unwrap(), 1);
    assert_eq!(log.remembered_keys(None, 10).await.unwrap(), [first, new]);
}

pub async fn restored_keys_are_forgotten_by_their_time(fixture: &mut dyn CopyableFixture) {
    let log = fixture.copyable();
    let (old, young) = (key("old", NOON), key("young", NOON + SignedDuration::from_secs(2)));
    log.restore_keys(vec![old, young.clone()]).await.unwrap();
    assert_eq!(log.forget_keys(NOON + SignedDuration::from_secs(1)).await.unwrap(), 1);
    assert_eq!(log.remembered_keys(None, 10).await.unwrap(), [young]);
}
