//! What the server answers to each method, in the words of the protocol.

#![expect(clippy::result_large_err, reason = "it is how the server's library says what went wrong")]

use serde_json::{Map, Value, json};
use tonic::{Code, Status, metadata::MetadataMap};

use crate::store::{Expected, Record, Refusal, Store};

/// Answers a call.
pub(crate) fn answer(
    store: &mut Store,
    path: &str,
    requests: &[Value],
) -> Result<Vec<Value>, Status> {
    match path {
        "/event_store.client.server_features.ServerFeatures/GetSupportedMethods" => {
            Ok(vec![json!({ "event_store_server_version": "26.1.0", "methods": [] })])
        }
        "/event_store.client.streams.Streams/Append" => append(store, requests),
        "/event_store.client.streams.Streams/Read" => read(store, &requests[0]["options"]),
        "/event_store.client.streams.Streams/Delete" => delete(store, &requests[0]["options"]),
        other => Err(Status::unimplemented(other.to_owned())),
    }
}

/// A status with the name that the server gives to an exception.
pub(crate) fn exception(code: Code, message: &str, more: &[(&'static str, &str)]) -> Status {
    let mut metadata = MetadataMap::new();
    for (key, value) in more {
        metadata.insert(*key, value.parse().unwrap());
    }
    Status::with_metadata(code, message, metadata)
}

fn name(options: &Value) -> String {
    use base64_of::decode;
    String::from_utf8(decode(options["stream_identifier"]["stream_name"].as_str().unwrap()))
        .unwrap()
}

fn expected(options: &Map<String, Value>) -> Expected {
    if let Some(number) = options.get("revision") {
        return Expected::Revision(number.as_u64().unwrap());
    }
    match options.contains_key("no_stream") {
        true => Expected::NoStream,
        false => Expected::Any,
    }
}

fn deleted(stream: &str) -> Status {
    let message = format!("Event stream '{stream}' is deleted.");
    let more = [("exception", "stream-deleted"), ("stream-name", stream)];
    exception(Code::FailedPrecondition, &message, &more)
}

fn append(store: &mut Store, requests: &[Value]) -> Result<Vec<Value>, Status> {
    let options = &requests[0]["options"];
    let stream = name(options);
    let messages: Vec<Value> =
        requests[1..].iter().map(|request| request["proposed_message"].clone()).collect();
    let answer = match store.append(&stream, expected(options.as_object().unwrap()), messages) {
        Ok((number, position)) => json!({ "success": {
            "current_revision": number,
            "position": { "commit_position": position, "prepare_position": position },
        }}),
        Err(Refusal::WrongExpectedVersion(current)) => {
            let mut wrong = match current {
                Some(number) => json!({ "current_revision": number }),
                None => json!({ "current_no_stream": {} }),
            };
            match options.get("revision") {
                Some(number) => wrong["expected_revision"] = number.clone(),
                None => wrong["expected_no_stream"] = json!({}),
            }
            json!({ "wrong_expected_version": wrong })
        }
        Err(Refusal::Deleted) => return Err(deleted(&stream)),
    };
    store.write_system_event();
    Ok(vec![answer])
}

fn delete(store: &mut Store, options: &Value) -> Result<Vec<Value>, Status> {
    let stream = name(options);
    match store.delete(&stream, expected(options.as_object().unwrap())) {
        Ok(position) => Ok(vec![json!({
            "position": { "commit_position": position, "prepare_position": position },
        })]),
        Err(Refusal::WrongExpectedVersion(_)) => {
            let message = format!("Delete failed due to WrongExpectedVersion. Stream: {stream}");
            let more = [("exception", "wrong-expected-version")];
            Err(exception(Code::FailedPrecondition, &message, &more))
        }
        Err(Refusal::Deleted) => Err(deleted(&stream)),
    }
}

fn read(store: &Store, options: &Value) -> Result<Vec<Value>, Status> {
    let count = usize::try_from(options["count"].as_u64().unwrap()).unwrap_or(usize::MAX);
    let is_backwards = options["read_direction"] == "Backwards";
    let found = match options.get("stream") {
        Some(of) => match stream_from(store, of, is_backwards)? {
            Some(found) => Box::new(found.into_iter()),
            None => {
                let identifier = of["stream_identifier"].clone();
                return Ok(vec![
                    json!({ "stream_not_found": { "stream_identifier": identifier } }),
                ]);
            }
        },
        None => all_from(store, options, is_backwards)?,
    };
    Ok(found.take(count).map(event).collect())
}

fn stream_from<'a>(
    store: &'a Store,
    of: &Value,
    is_backwards: bool,
) -> Result<Option<Vec<&'a Record>>, Status> {
    let stream = name(of);
    let found = store.stream(&stream).map_err(|_| deleted(&stream))?;
    let Some(mut found) = found else { return Ok(None) };
    if let Some(number) = of.get("revision") {
        let number = number.as_u64().unwrap();
        found.retain(|record| match is_backwards {
            true => record.number <= number,
            false => record.number >= number,
        });
    }
    if is_backwards {
        found.reverse();
    }
    Ok(Some(found))
}

fn all_from<'a>(
    store: &'a Store,
    options: &Value,
    is_backwards: bool,
) -> Result<Box<dyn Iterator<Item = &'a Record> + 'a>, Status> {
    let place = options["all"].get("position").map(|position| {
        assert_eq!(position["commit_position"], position["prepare_position"]);
        position["commit_position"].as_u64().unwrap()
    });
    if place.is_some_and(|place| !store.is_place(place)) {
        return Err(Status::unknown("Unexpected FilteredReadAllResult: InvalidPosition"));
    }
    let prefixes = options
        .get("filter")
        .map(|filter| filter["stream_identifier"]["prefix"].as_array().unwrap().clone());
    let is_let_through = move |record: &&Record| {
        let begins = |prefix: &Value| record.stream.starts_with(prefix.as_str().unwrap());
        prefixes.as_ref().is_none_or(|prefixes| prefixes.iter().any(begins))
    };
    // Forwards with the place itself, backwards without it.
    let at = place.map(|place| store.records.partition_point(|record| record.position < place));
    Ok(match is_backwards {
        true => {
            let before = &store.records[..at.unwrap_or(store.records.len())];
            Box::new(before.iter().rev().filter(is_let_through))
        }
        false => Box::new(store.records[at.unwrap_or(0)..].iter().filter(is_let_through)),
    })
}

fn event(record: &Record) -> Value {
    let message = &record.message;
    let mut metadata = message["metadata"].clone();
    metadata["created"] = json!("17955000000000000");
    json!({ "event": { "commit_position": record.position, "event": {
        "id": string_id(&message["id"]),
        "stream_identifier": { "stream_name": base64_of::encode(record.stream.as_bytes()) },
        "stream_revision": record.number,
        "prepare_position": record.position,
        "commit_position": record.position,
        "metadata": metadata,
        "custom_metadata": message["custom_metadata"],
        "data": message["data"],
    }}})
}

/// The form of an id that readers ask for.
fn string_id(id: &Value) -> Value {
    match id.get("structured") {
        Some(structured) => json!({ "string": id_of(structured).to_string() }),
        None => id.clone(),
    }
}

/// The id that two halves are.
pub(crate) fn id_of(structured: &Value) -> uuid::Uuid {
    let half = |name: &str| structured[name].as_i64().unwrap().cast_unsigned();
    uuid::Uuid::from_u64_pair(half("most_significant_bits"), half("least_significant_bits"))
}

/// Bytes as JSON has them.
pub(crate) mod base64_of {
    use base64::{Engine, engine::general_purpose::STANDARD};

    pub(crate) fn decode(text: &str) -> Vec<u8> {
        STANDARD.decode(text).unwrap()
    }

    pub(crate) fn encode(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }
}
