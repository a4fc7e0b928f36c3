//! What is encoded is decoded again; what nobody encoded is refused.

use events::{AccountId, EventId, Metadata, Position, RecordedEvent, Revision, StreamName};
use jiff::Timestamp;
use proptest::{collection::vec, option, prelude::*};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::*;

const SOURCE: &str = "urn:cinelog:log:0123456789abcdef";

/// Any text at all, short.
fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect())
}

fn json() -> impl Strategy<Value = Box<RawValue>> {
    let value = (text(), any::<f64>(), " {0,3}").prop_map(|(text, number, space)| {
        let (text, number) = (serde_json::json!(text), serde_json::json!(number));
        format!("{space}{{\"title\":{space}{text}, \"n\" :{number}{space}}}{space}")
    });
    value.prop_map(|text| RawValue::from_string(text).expect("it is JSON"))
}

fn stream() -> impl Strategy<Value = StreamName> {
    let name = vec(any::<char>().prop_filter("no control", |c| !c.is_control()), 1..40);
    name.prop_map(|chars| StreamName::new(chars.into_iter().collect::<String>()).expect("valid"))
}

prop_compose! {
    fn metadata()(
        // All times that there are, to the nanosecond.
        nanoseconds in Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond(),
        actor in option::of(any::<u128>()),
        correlation_id in option::of(text()),
        causation_id in option::of(any::<u128>()),
        traceparent in option::of(text()),
        idempotency_key in option::of(text()),
    ) -> Metadata {
        Metadata {
            recorded_at: Timestamp::from_nanosecond(nanoseconds).expect("it is in range"),
            actor: actor.map(|id| AccountId(Uuid::from_u128(id))),
            correlation_id,
            causation_id: causation_id.map(|id| EventId(Uuid::from_u128(id))),
            traceparent,
            idempotency_key,
        }
    }
}

prop_compose! {
    fn event()(
        position in any::<u64>(),
        stream in stream(),
        revision in any::<u64>(),
        id in any::<u128>(),
        event_type in text(),
        schema_version in any::<u32>(),
        metadata in metadata(),
        data in json(),
    ) -> RecordedEvent {
        RecordedEvent {
            position: Position(position),
            stream,
            revision: Revision(revision),
            id: EventId(Uuid::from_u128(id)),
            event_type,
            schema_version,
            metadata,
            data,
        }
    }
}

fn read(record: &Record<'_>) -> Result<Decoded, InvalidRecord> {
    let headers = record.headers.iter().map(|(name, value)| (*name, Some(value.as_bytes())));
    decode(Some(record.key.as_bytes()), headers, Some(record.value.as_bytes()))
}

/// All that is in an event, to be compared.
fn whole(event: &RecordedEvent) -> impl PartialEq + std::fmt::Debug {
    (
        (event.position, event.stream.clone(), event.revision, event.id, event.schema_version),
        (event.event_type.clone(), event.metadata.clone(), event.data.get().to_owned()),
    )
}

fn example() -> RecordedEvent {
    let at = "2026-11-21T21:39:00.123456Z".parse().unwrap();
    RecordedEvent {
        position: Position(42),
        stream: StreamName::new("movie-7").unwrap(),
        revision: Revision(3),
        id: EventId(Uuid::from_u128(7)),
        event_type: "MovieRated".to_owned(),
        schema_version: 1,
        metadata: Metadata { correlation_id: Some("request".into()), ..Metadata::at(at) },
        data: RawValue::from_string(r#"{"value": 8}"#.to_owned()).unwrap(),
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded_byte_for_byte(event in event(), previous in any::<u64>()) {
        let record = encode(&event, Position(previous), SOURCE);
        let decoded = read(&record).unwrap();
        prop_assert_eq!(whole(&decoded.event), whole(&event));
        prop_assert_eq!(decoded.previous, Position(previous));
        prop_assert_eq!(decoded.source, SOURCE);
    }

    #[test]
    fn what_is_not_ours_is_refused_and_never_panics(
        key in option::of(vec(any::<u8>(), 0..20)),
        values in vec((0..18_usize, option::of(vec(any::<u8>(), 0..20))), 0..20),
        value in option::of(vec(any::<u8>(), 0..20)),
    ) {
        let names = encode(&example(), Position::START, SOURCE).headers;
        let headers = values.iter().map(|(index, value)| {
            (names.get(*index).map_or("x-other", |(name, _)| name), value.as_deref())
        });
        prop_assert!(decode(key.as_deref(), headers, value.as_deref()).is_err());
    }
}

#[test]
fn a_record_is_a_cloud_event_in_binary_mode_keyed_by_its_stream() {
    let event = example();
    let record = encode(&event, Position(41), SOURCE);
    assert_eq!((record.key, record.value), ("movie-7", r#"{"value": 8}"#));
    let headers = record.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let expected = [
        "content-type: application/json",
        "ce_specversion: 1.0",
        "ce_id: 00000000-0000-0000-0000-000000000007",
        "ce_source: urn:cinelog:log:0123456789abcdef",
        "ce_type: MovieRated",
        "ce_subject: movie-7",
        "ce_time: 2026-11-21T21:39:00.123456Z",
        "ce_partitionkey: movie-7",
        "ce_position: 42",
        "ce_previousposition: 41",
        "ce_revision: 3",
        "ce_schemaversion: 1",
        "ce_dataschema: urn:cinelog:schema:MovieRated:1",
        "ce_correlationid: request",
    ];
    assert_eq!(headers.collect::<Vec<_>>(), expected);
    for (name, _) in &record.headers {
        let extension = name.strip_prefix("ce_").unwrap_or("type");
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert!(extension.len() <= 20 && extension.bytes().all(plain), "{name}");
    }
}

#[test]
fn each_part_that_must_be_there_is_missed() {
    let event = example();
    let record = encode(&event, Position(41), SOURCE);
    let without = |gone: &str| {
        let headers = record.headers.iter().filter(|(name, _)| *name != gone);
        let headers = headers.map(|(name, value)| (*name, Some(value.as_bytes())));
        decode(Some(record.key.as_bytes()), headers, Some(record.value.as_bytes()))
    };
    for (name, _) in &record.headers {
        let optional = ["ce_correlationid", "ce_dataschema", "ce_partitionkey"].contains(name);
        match without(name) {
            Ok(_) => assert!(optional, "{name}"),
            Err(error) => assert_eq!(error, InvalidRecord::Missing(name)),
        }
    }
    let headers = || record.headers.iter().map(|(name, value)| (*name, Some(value.as_bytes())));
    let missing = |part| Some(InvalidRecord::Missing(part));
    let (key, value) = (Some(record.key.as_bytes()), Some(record.value.as_bytes()));
    assert_eq!(decode(None, headers(), value).err(), missing("key"));
    assert_eq!(decode(key, headers(), None).err(), missing("value"));
}

#[test]
fn a_record_is_refused_that_has_another_key_than_its_stream_or_a_header_twice() {
    let event = example();
    let mut record = encode(&event, Position(41), SOURCE);
    record.key = "movie-8";
    let error = read(&record).unwrap_err();
    assert_eq!(error.to_string(), "its key is not its stream");
    record.key = "movie-7";
    record.headers.push((header::POSITION, "43".to_owned()));
    assert_eq!(read(&record).unwrap_err(), InvalidRecord::Repeated("ce_position"));
}
