//! Of any two logs that differ, the digests differ; of any two that do not, they are the same.

use jiff::Timestamp;
use proptest::{option, prelude::*};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::*;
use crate::{AccountId, EventId, Position};

fn event() -> impl Strategy<Value = RecordedEvent> {
    let place = ("[a-z]{1,4}", 1..4_u64, any::<u128>(), "[A-Z]{0,3}", 1..3_u32);
    let short = || option::of("[a-c]{0,3}");
    let circumstances =
        (0..3_i64, option::of(0..3_u128), short(), option::of(0..3_u128), short(), short());
    (place, circumstances, "[a-z]{0,6}").prop_map(|(place, circumstances, data)| {
        let (stream, revision, id, event_type, schema_version) = place;
        let (time, actor, correlation_id, cause, traceparent, idempotency_key) = circumstances;
        RecordedEvent {
            position: Position(1),
            stream: StreamName::new(stream).unwrap(),
            revision: Revision(revision),
            id: EventId(Uuid::from_u128(id)),
            event_type,
            schema_version,
            metadata: Metadata {
                recorded_at: Timestamp::from_microsecond(time).unwrap(),
                actor: actor.map(|actor| AccountId(Uuid::from_u128(actor))),
                correlation_id,
                causation_id: cause.map(|cause| EventId(Uuid::from_u128(cause))),
                traceparent,
                idempotency_key,
            },
            data: RawValue::from_string(format!("\"{data}\"")).unwrap(),
        }
    })
}

fn events() -> impl Strategy<Value = Vec<RecordedEvent>> {
    prop::collection::vec(event(), 1..6)
}

fn digest(events: &[RecordedEvent]) -> Digest {
    events.iter().fold(Digest::EMPTY, Digest::extend)
}

/// Changes one field, whichever.
fn change(event: &mut RecordedEvent, field: usize) {
    fn flip<T>(value: &mut Option<T>, other: T) {
        *value = if value.is_some() { None } else { Some(other) };
    }
    let metadata = &mut event.metadata;
    match field {
        0 => event.stream = StreamName::new(format!("{}x", event.stream)).unwrap(),
        1 => event.revision = event.revision.next(),
        2 => event.id = EventId(Uuid::from_u128(event.id.0.as_u128() ^ 1)),
        3 => event.event_type.push('X'),
        4 => event.schema_version += 1,
        5 => metadata.recorded_at += jiff::SignedDuration::from_micros(1),
        6 => flip(&mut metadata.actor, AccountId(Uuid::nil())),
        7 => flip(&mut metadata.correlation_id, String::new()),
        8 => flip(&mut metadata.causation_id, EventId(Uuid::nil())),
        9 => flip(&mut metadata.traceparent, String::new()),
        10 => flip(&mut metadata.idempotency_key, String::new()),
        _ => event.data = RawValue::from_string(format!("[{}]", event.data)).unwrap(),
    }
}

/// How many fields [`change`] knows.
const FIELDS: usize = 12;

proptest! {
    #[test]
    fn every_field_of_every_event_counts(
        mut events in events(), which in any::<prop::sample::Index>(), field in 0..FIELDS,
    ) {
        let before = digest(&events);
        let which = which.index(events.len());
        change(&mut events[which], field);
        prop_assert_ne!(digest(&events), before, "field {}", field);
    }

    #[test]
    fn the_order_counts(mut events in events(), one in any::<prop::sample::Index>()) {
        let one = one.index(events.len());
        let before = digest(&events);
        let moved = events.remove(one);
        events.push(moved);
        let moved_nowhere = one == events.len() - 1;
        prop_assert_eq!(digest(&events) == before, moved_nowhere);
    }

    #[test]
    fn an_event_that_is_missing_or_there_twice_shows(
        mut events in events(), which in any::<prop::sample::Index>(),
    ) {
        let before = digest(&events);
        let event = events.remove(which.index(events.len()));
        prop_assert_ne!(digest(&events), before);
        events.insert(0, event.clone());
        events.insert(0, event);
        prop_assert_ne!(digest(&events), before);
    }

    #[test]
    fn what_moves_from_one_text_into_its_neighbour_shows(
        mut event in event(), one in "[a-z]{1,4}", two in "[a-z]{1,4}",
    ) {
        event.metadata.traceparent = Some(one.clone());
        event.metadata.idempotency_key = Some(two.clone());
        let before = digest(std::slice::from_ref(&event));
        event.metadata.traceparent = Some(one + &two);
        event.metadata.idempotency_key = Some(String::new());
        prop_assert_ne!(digest(&[event]), before);
    }

    #[test]
    fn positions_do_not_count(mut events in events(), positions in any::<u64>()) {
        let before = digest(&events);
        events.iter_mut().for_each(|event| event.position = Position(positions));
        prop_assert_eq!(digest(&events), before);
    }

    #[test]
    fn an_event_counts_the_same_before_it_is_recorded(event in event()) {
        let new = NewEvent {
            id: event.id,
            event_type: event.event_type.clone(),
            schema_version: event.schema_version,
            metadata: event.metadata.clone(),
            data: event.data.clone(),
        };
        let expected = Digest::EMPTY.extend(&event);
        prop_assert_eq!(
            Digest::EMPTY.extend_with_new(&event.stream, event.revision, &new), expected
        );
    }

    #[test]
    fn the_text_reads_back(events in events()) {
        let digest = digest(&events);
        prop_assert_eq!(digest.count, events.len() as u64);
        prop_assert_eq!(digest.to_string().parse(), Ok(digest));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}|[0-9]{0,21}:[0-9a-fA-F]{62,66}") {
        if let Ok(digest) = text.parse::<Digest>() {
            let count = text.split(':').next().unwrap();
            prop_assert_eq!(count.parse(), Ok(digest.count));
            prop_assert!(text.ends_with(digest.to_string().split(':').nth(1).unwrap()));
        }
    }
}

#[test]
fn the_form_that_is_hashed_is_the_same_for_ever() {
    let event = RecordedEvent {
        position: Position(7),
        stream: StreamName::new("movie-1").unwrap(),
        revision: Revision(1),
        id: EventId(Uuid::from_u128(1)),
        event_type: "MovieDeleted".to_owned(),
        schema_version: 1,
        metadata: Metadata {
            actor: Some(AccountId(Uuid::from_u128(2))),
            correlation_id: Some("request".to_owned()),
            ..Metadata::at(Timestamp::UNIX_EPOCH)
        },
        data: RawValue::from_string("{}".to_owned()).unwrap(),
    };
    let digest = Digest::EMPTY.extend(&event);
    let hash = "e94b97cbe288a6bcae1acc7fd2b475410324a814d381ffe08384512de0cfb9d2";
    assert_eq!(digest.to_string(), format!("1:{hash}"));
}
