//! Stored events of every type and version: what can be read is the same when written and read again.
//!
//! The first byte chooses the type, the second the version; the rest is the data.

#![no_main]

use events::{
    Event, EventId, Metadata, NewEvent, Position, RecordedEvent, Revision, StreamName, decode,
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

fuzz_target!(|bytes: &[u8]| {
    let [which, version, data @ ..] = bytes else { return };
    let (event_type, current) = Event::TYPES[usize::from(*which) % Event::TYPES.len()];
    // Up to one beyond the newest.
    let schema_version = u32::from(*version) % (current + 2);
    let Ok(data) = serde_json::from_slice(data) else { return };
    let Ok(event) = decode(&recorded(event_type, schema_version, data)) else { return };
    let id = EventId(Uuid::nil());
    let written = NewEvent::encode(id, &event, Metadata::at(Timestamp::UNIX_EPOCH)).unwrap();
    assert_eq!((written.event_type.as_str(), written.schema_version), (event_type, current));
    let again = decode(&recorded(event_type, current, written.data)).expect("it was just written");
    assert_eq!(again, event);
});

fn recorded(
    event_type: &str,
    schema_version: u32,
    data: Box<serde_json::value::RawValue>,
) -> RecordedEvent {
    RecordedEvent {
        position: Position(1),
        stream: StreamName::new("movie-1").unwrap(),
        revision: Revision(1),
        id: EventId(Uuid::nil()),
        event_type: event_type.to_owned(),
        schema_version,
        metadata: Metadata::at(Timestamp::UNIX_EPOCH),
        data,
    }
}
