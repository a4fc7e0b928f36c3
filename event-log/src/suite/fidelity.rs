//! Fidelity: what was appended is what is read.

use events::{AccountId, EventId, Metadata, NewEvent, RecordedEvent, Revision, StreamName};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Fixture,
    facts::{append, event, everything, json, stream},
};
use crate::{Append, Expected};

pub async fn data_is_kept_byte_for_byte(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let texts = [
        "null",
        r#"{ "spaced" :  [ 1 ,2 ]  }"#,
        "{\n\t\"lines\": true\r\n}",
        r#"{"z":1,"a":2,"z":3}"#,
        r#"{"number":1e400,"long":123456789012345678901234567890.10}"#,
        r#"{"escaped":"\u00e9\u0000\ud83c\udfac\/","plain":"é 🎬 '; -- %s"}"#,
        r#""""#,
    ];
    let events: Vec<NewEvent> =
        texts.iter().map(|text| NewEvent { data: json(text), ..event() }).collect();
    append(&*log, "movie-1", Expected::Any, events).await.unwrap();
    let recorded = everything(&*log).await;
    let found: Vec<&str> = recorded.iter().map(|event| event.data.get()).collect();
    assert_eq!(found, texts);
}

fn assert_kept(recorded: &RecordedEvent, event: &NewEvent) {
    assert_eq!(recorded.id, event.id);
    assert_eq!(recorded.event_type, event.event_type);
    assert_eq!(recorded.schema_version, event.schema_version);
    assert_eq!(recorded.metadata, event.metadata);
}

pub async fn the_envelope_is_kept(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let metadata = Metadata {
        recorded_at: Timestamp::from_microsecond(1_792_345_678_901_234).unwrap(),
        actor: Some(AccountId(Uuid::from_u128(u128::MAX))),
        correlation_id: Some("request \"1\" é".to_owned()),
        causation_id: Some(EventId(Uuid::from_u128(7))),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        idempotency_key: Some("key".to_owned()),
    };
    let event = NewEvent {
        event_type: "MovieCreated".to_owned(),
        schema_version: u32::MAX,
        metadata,
        ..event()
    };
    append(&*log, "movie-1", Expected::Any, vec![event.clone()]).await.unwrap();
    assert_kept(&everything(&*log).await[0], &event);
}

pub async fn an_envelope_with_nothing_optional_is_kept(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    // Long before computers, to have a time below zero.
    let long_ago = Timestamp::from_second(-2_335_219_200).unwrap();
    let event = NewEvent { metadata: Metadata::at(long_ago), ..event() };
    append(&*log, "movie-1", Expected::Any, vec![event.clone()]).await.unwrap();
    assert_kept(&everything(&*log).await[0], &event);
}

pub async fn odd_stream_names_are_kept_apart(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let longest = "é".repeat(StreamName::MAX_BYTES / 2);
    let names = [
        "-",
        "--",
        "movie",
        "MOVIE",
        " movie",
        "movie ",
        "genre-science-fiction",
        "genre-黒澤-明",
        // The same to the eye: composed and decomposed.
        "genre-caf\u{e9}",
        "genre-cafe\u{301}",
        "it's",
        "\"quoted\"",
        "'; DROP TABLE event; --",
        "100%",
        "_",
        "%",
        "\\",
        "{}[],:",
        "1",
        "1.0",
        "null",
        longest.as_str(),
    ];
    let appends = names.map(|name| Append::new(stream(name), Expected::NoStream, vec![event()]));
    // Together, so that they share what a batch shares.
    for result in futures::future::join_all(appends.map(|append| log.append(append))).await {
        assert_eq!(result.unwrap().revision, Revision(1));
    }
    for name in names {
        let events = log.read_stream(&stream(name), Revision(1), 10).await.unwrap();
        let found: Vec<&str> = events.iter().map(|event| event.stream.as_str()).collect();
        assert_eq!(found, [name]);
        let again = append(&*log, name, Expected::Exact(Revision(1)), vec![event()]).await;
        assert_eq!(again.unwrap().revision, Revision(2));
    }
}
