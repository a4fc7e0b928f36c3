//! The AsyncAPI 3 document: the topic that events are published to, made from the code that publishes them.
//! A message for each version of each event, with the schema that the log has of it.

use event_log::kafka::{KafkaOptions, cloud_event::header};
use serde_json::{Map, Value, json};

const DESCRIPTION: &str = "Every event of the log, as a CloudEvent (1.0.2, Kafka binding, binary mode): the \
value is the event's data, headers say the rest.

The key is the stream, so that the events of one stream are in one partition, in their order. Read with \
`isolation.level=read_committed` (the default of most clients), each event is there once; a topic that was made \
anew gets all events again, with the same `ce_id` and `ce_position`. `ce_previousposition` is the position of \
the event before it in the log: whoever has that one has missed nothing, whichever partition it came by.

What the topic is called, how many partitions it has and where Kafka is, is configured (`[kafka]`).";

/// What a header must be.
#[derive(Clone, Copy)]
enum Need {
    Always,
    Sometimes,
}

/// The headers of a record: name, whether it is always there, the format of its value, and what it means.
const HEADERS: [(&str, Need, Option<&str>, &str); 18] = [
    (header::CONTENT_TYPE, Need::Always, None, "What the value is: `application/json`."),
    (header::SPEC_VERSION, Need::Always, None, "The version of CloudEvents: `1.0`."),
    (header::ID, Need::Always, Some("uuid"), "The event's id, unique in the log."),
    (
        header::SOURCE,
        Need::Always,
        Some("uri"),
        "Which log: `urn:cinelog:log:…`. A copy has the same.",
    ),
    (header::TYPE, Need::Always, None, "The event's type."),
    (header::SUBJECT, Need::Always, None, "The stream."),
    (header::TIME, Need::Always, Some("date-time"), "When its command was accepted."),
    (header::DATA_SCHEMA, Need::Sometimes, Some("uri"), "`urn:cinelog:schema:TYPE:VERSION`."),
    (header::PARTITION_KEY, Need::Always, None, "The stream again: the record's key."),
    (header::POSITION, Need::Always, None, "The place in the log. A number, growing."),
    (
        header::PREVIOUS_POSITION,
        Need::Always,
        None,
        "The place of the event before it in the log; 0 for the first.",
    ),
    (header::REVISION, Need::Always, None, "The place in the stream: 1, 2, 3, …"),
    (header::SCHEMA_VERSION, Need::Always, None, "The version of the type's schema, from 1."),
    (header::ACTOR_ID, Need::Sometimes, Some("uuid"), "Who gave the command: an opaque account."),
    (header::CORRELATION_ID, Need::Sometimes, None, "What all events of one request share."),
    (header::CAUSATION_ID, Need::Sometimes, Some("uuid"), "The event that it follows from."),
    (header::TRACE_PARENT, Need::Sometimes, None, "The W3C Trace Context of the request."),
    (header::IDEMPOTENCY_KEY, Need::Sometimes, None, "The client's `Idempotency-Key`."),
];

/// The document as JSON, members in a stable order.
pub(crate) fn document() -> Value {
    let (mut messages, mut schemas, mut in_channel) = (Map::new(), Map::new(), Map::new());
    schemas.insert("Headers".to_owned(), headers());
    for (event_type, version) in events::schema::all() {
        let Some(schema) = events::schema::of(event_type, version) else { continue };
        let name = format!("{event_type}.{version}");
        let summary = schema["description"].clone();
        add_schema(&mut schemas, &name, schema);
        messages.insert(name.clone(), message(event_type, version, &summary));
        let reference = json!({ "$ref": format!("#/components/messages/{name}") });
        in_channel.insert(name, reference);
    }
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:cinelog",
        "info": {
            "title": "Cinelog",
            "version": "1",
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "localhost:9092",
                "protocol": "kafka",
                "description": "Wherever `kafka.brokers` says, with or without TLS and SASL.",
            },
        },
        "channels": {
            "events": {
                "address": KafkaOptions::TOPIC,
                "title": "Events",
                "description": "What happened in the catalogue.",
                "messages": in_channel,
                "bindings": { "kafka": {
                    "topic": KafkaOptions::TOPIC,
                    "partitions": KafkaOptions::PARTITIONS,
                    "topicConfiguration": {
                        "cleanup.policy": ["delete"],
                        "retention.ms": -1,
                        "max.message.bytes": KafkaOptions::MESSAGE_BYTES_MAX,
                    },
                    "bindingVersion": "0.5.0",
                } },
            },
        },
        "operations": {
            "publish": {
                "action": "send",
                "channel": { "$ref": "#/channels/events" },
                "summary": "The relay publishes each event of the log.",
            },
        },
        "components": { "messages": messages, "schemas": schemas },
    })
}

fn message(event_type: &str, version: u32, summary: &Value) -> Value {
    json!({
        "name": event_type,
        "title": format!("{event_type}, version {version}"),
        "summary": summary,
        "contentType": "application/json",
        "headers": { "$ref": "#/components/schemas/Headers" },
        "payload": { "$ref": format!("#/components/schemas/{event_type}.{version}") },
        "bindings": { "kafka": {
            "key": { "type": "string", "description": "The stream." },
            "bindingVersion": "0.5.0",
        } },
    })
}

fn headers() -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, need, format, meaning) in HEADERS {
        let mut property = json!({ "type": "string", "description": meaning });
        if let Some(format) = format {
            property["format"] = format.into();
        }
        properties.insert(name.to_owned(), property);
        if matches!(need, Need::Always) {
            required.push(name);
        }
    }
    json!({ "type": "object", "required": required, "properties": properties })
}

/// Adds a schema and what it defines: in this document, references lead from its root.
fn add_schema(schemas: &mut Map<String, Value>, name: &str, mut schema: Value) {
    refer(&mut schema, name);
    let Some(members) = schema.as_object_mut() else { return };
    for member in ["$id", "$schema"] {
        members.remove(member);
    }
    if let Some(Value::Object(definitions)) = members.remove("$defs") {
        for (definition, schema) in definitions {
            schemas.insert(format!("{name}.{definition}"), schema);
        }
    }
    schemas.insert(name.to_owned(), schema);
}

fn refer(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(members) => {
            for (member, value) in members {
                match value {
                    Value::String(to) if member == "$ref" => {
                        *to = to.replace("#/$defs/", &format!("#/components/schemas/{name}."));
                    }
                    other => refer(other, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, name)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use event_log::kafka::cloud_event::encode;
    use events::{AccountId, EventId, Metadata, Position, RecordedEvent, Revision, StreamName};
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;

    fn event(whole: bool) -> RecordedEvent {
        let text = || whole.then(|| "text".to_owned());
        RecordedEvent {
            position: Position(2),
            stream: StreamName::new("movie-1").unwrap(),
            revision: Revision(1),
            id: EventId(Uuid::nil()),
            event_type: if whole { "MovieRated".to_owned() } else { "not a URI".to_owned() },
            schema_version: 1,
            metadata: Metadata {
                actor: whole.then(|| AccountId(Uuid::nil())),
                correlation_id: text(),
                causation_id: whole.then(|| EventId(Uuid::nil())),
                traceparent: text(),
                idempotency_key: text(),
                ..Metadata::at("2026-11-21T00:00:00Z".parse().unwrap())
            },
            data: RawValue::from_string("{}".to_owned()).unwrap(),
        }
    }

    fn written(whole: bool) -> BTreeSet<String> {
        let event = event(whole);
        let headers = encode(&event, Position(1), "urn:x").headers;
        headers.into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn it_names_the_headers_that_are_written_and_those_that_always_are() {
        let headers = headers();
        let named: BTreeSet<String> =
            headers["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(named, written(true));
        let required = headers["required"].as_array().unwrap();
        let required: BTreeSet<String> =
            required.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        assert_eq!(required, written(false));
    }

    #[test]
    fn every_version_of_every_event_has_a_message_and_every_reference_leads_somewhere() {
        let document = document();
        let messages = document["components"]["messages"].as_object().unwrap();
        assert_eq!(messages.len(), events::schema::all().count());
        let text = document.to_string();
        assert!(!text.contains("$defs"), "what a schema defines is found from the root");
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = &reference[..reference.find('"').unwrap()];
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
