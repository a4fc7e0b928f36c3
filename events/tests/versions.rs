//! Every version of every event that was ever written stays readable, and its schema stays what it was.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{fs, path::PathBuf};

use events::{
    Event, EventId, Metadata, NewEvent, Position, RecordedEvent, Revision, StreamName, decode,
    schema,
};
use jiff::Timestamp;
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

fn file(folder: &str, event_type: &str, version: u32) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join(folder).join(format!("{event_type}.{version}.json"))
}

fn sample(event_type: &str, version: u32) -> RecordedEvent {
    let path = file("samples", event_type, version);
    let json = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    RecordedEvent {
        position: Position(1),
        stream: StreamName::new("movie-1").unwrap(),
        revision: Revision(1),
        id: EventId(Uuid::from_u128(1)),
        event_type: event_type.to_owned(),
        schema_version: version,
        metadata: Metadata::at(Timestamp::UNIX_EPOCH),
        data: RawValue::from_string(json).unwrap(),
    }
}

#[test]
fn every_version_has_a_sample_that_still_reads() {
    for (event_type, version) in schema::all() {
        let event = decode(&sample(event_type, version)).unwrap();
        assert_eq!(event.event_type(), event_type);
    }
}

#[test]
fn every_sample_of_today_reads_back_to_what_it_was() {
    for &(event_type, version) in Event::TYPES {
        let stored = sample(event_type, version);
        let event = decode(&stored).unwrap();
        let metadata = stored.metadata.clone();
        let written = NewEvent::encode(stored.id, &event, metadata).unwrap();
        let (before, after): (Value, Value) = (
            serde_json::from_str(stored.data.get()).unwrap(),
            serde_json::from_str(written.data.get()).unwrap(),
        );
        assert_eq!(after, before, "{event_type}");
    }
}

#[test]
fn every_sample_satisfies_its_schema() {
    for (event_type, version) in schema::all() {
        let schema = schema::of(event_type, version).unwrap();
        let data: Value = serde_json::from_str(sample(event_type, version).data.get()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&data).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{event_type} {version}: {wrong:?}");
    }
}

#[test]
fn a_film_created_with_one_director_reads_as_one_with_several() {
    let Event::MovieCreated(movie) = decode(&sample("MovieCreated", 1)).unwrap() else {
        panic!("another event");
    };
    assert_eq!(movie.details.directors, ["Joel Coen", "Ethan Coen"]);
}

#[test]
fn an_event_of_an_unknown_type_or_version_is_refused_by_name() {
    let mut stranger = sample("MovieDeleted", 1);
    stranger.schema_version = 7;
    assert_eq!(decode(&stranger).unwrap_err().to_string(), "unknown event MovieDeleted version 7");
    stranger.schema_version = 0;
    assert!(decode(&stranger).is_err());
    stranger.event_type = "MovieSold".to_owned();
    assert_eq!(decode(&stranger).unwrap_err().to_string(), "unknown event MovieSold version 0");
}

#[test]
fn malformed_data_is_refused_and_not_repeated_in_the_error() {
    let mut broken = sample("MovieRated", 1);
    for (data, reason) in [
        (r#"{"movie_id": "s3cret"}"#, "unexpected data at line 1 column 22"),
        (r#"{"value": "s3cret"}"#, "invalid type at line 1 column 18"),
        (
            r#"{"movie_id": "0192f0c1-7a10-7c3e-8a51-3f1d5b0c9e77", "value": 9}"#,
            "missing field `account_id` at line 1 column 64",
        ),
    ] {
        broken.data = RawValue::from_string(data.to_owned()).unwrap();
        let error = decode(&broken).unwrap_err().to_string();
        assert_eq!(error, format!("malformed MovieRated version 1: {reason}"));
    }
}

/// Set `CINELOG_WRITE_GENERATED=1` to write the files instead of comparing them.
#[test]
fn the_committed_schemas_are_those_of_the_code() {
    let write = std::env::var_os("CINELOG_WRITE_GENERATED").is_some();
    for (event_type, version) in schema::all() {
        let code = schema::of(event_type, version).unwrap();
        let path = file("schemas", event_type, version);
        if write {
            fs::write(&path, format!("{code:#}\n")).unwrap();
        }
        let committed: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap_or_default())
            .unwrap_or_default();
        assert_eq!(committed, code, "{event_type}.{version}.json differs from the code");
    }
}
