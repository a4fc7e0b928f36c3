//! JSON Schemas (draft 2020-12) of every version of every event.
//!
//! Today's are made from the types; those of old versions are files that no longer change. All are
//! committed under `events/schemas/`, where a test compares them with the code.

use serde_json::Value;

use crate::Event;

/// Old versions, whose types are gone from the code.
const OLD: &[(&str, u32, &str)] =
    &[("MovieCreated", 1, include_str!("../schemas/MovieCreated.1.json"))];

/// The schema of one version of one event type. `None` where there is no such type or version.
#[must_use]
pub fn of(event_type: &str, version: u32) -> Option<Value> {
    if let Some((.., json)) =
        OLD.iter().find(|(name, old, _)| (*name, *old) == (event_type, version))
    {
        return serde_json::from_str(json).ok();
    }
    Event::TYPES.iter().find(|current| **current == (event_type, version))?;
    let mut schema = Event::schema(event_type)?;
    schema.insert("$id".to_owned(), format!("/v1/schemas/{event_type}/{version}").into());
    Some(schema.to_value())
}

/// Every type and version that was ever written, old versions before new.
pub fn all() -> impl Iterator<Item = (&'static str, u32)> {
    Event::TYPES.iter().flat_map(|&(event_type, current)| {
        crate::upcast::old_versions(event_type)
            .chain([current])
            .map(move |version| (event_type, version))
    })
}
