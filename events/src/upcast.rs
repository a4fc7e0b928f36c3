//! Upcasters: how an event of an old version reads as one of the next.
//!
//! Each step is a pure function from the old JSON to the new, one version up; [`to_current`] chains
//! them. A step is never changed once a release has written the version it leads to. A stored sample
//! of every version stands in `events/samples/` and is read by the tests for ever.

use serde_json::{Map, Value};

type Step = fn(&mut Map<String, Value>);

/// The steps: type, the version it starts from, and what it does.
const STEPS: &[(&str, u32, Step)] = &[("MovieCreated", 1, director_becomes_directors)];

/// Every version that was ever written of `event_type`, less today's, oldest first.
pub fn old_versions(event_type: &str) -> impl Iterator<Item = u32> {
    STEPS.iter().filter(move |(name, ..)| *name == event_type).map(|(_, from, _)| *from)
}

/// Takes data of an old `version` up to today's. `None` where no step starts from that version.
pub(crate) fn to_current(event_type: &str, version: u32, data: Value) -> Option<Value> {
    let mut steps =
        STEPS.iter().filter(|(name, from, _)| *name == event_type && *from >= version).peekable();
    if steps.peek()?.1 != version {
        return None;
    }
    // Data that is no object is left for the typed reader, which says what is wrong with it.
    let Value::Object(mut fields) = data else { return Some(data) };
    for (_, _, step) in steps {
        step(&mut fields);
    }
    Some(Value::Object(fields))
}

/// `MovieCreated` 1 to 2: films with two directors had both names in one text.
fn director_becomes_directors(fields: &mut Map<String, Value>) {
    let directors = match fields.remove("director") {
        Some(Value::String(names)) => names
            .split([',', '&'])
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| Value::String(name.to_owned()))
            .collect(),
        _ => Vec::new(),
    };
    fields.insert("directors".to_owned(), Value::Array(directors));
}
