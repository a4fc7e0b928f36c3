//! What goes over the wire, field by field.

use event_log::{Append, Direction, EventLog, Expected};
use events::{Position, Revision};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::{
    facts::{NOON, append, at, event, full_event, open, options, stream, with_key},
    server::{Call, KurrentServer},
    service::base64_of,
};

/// What every call carries, whatever it is: who asks, and that the leader is to answer.
#[track_caller]
fn assert_headers(call: &Call) {
    // admin:changeit
    assert_eq!(call.headers["authorization"], "Basic YWRtaW46Y2hhbmdlaXQ=");
    assert_eq!(call.headers["requires-leader"], "true");
    // A deadline of 2 s, in the unit that the client chose.
    assert_eq!(call.headers["grpc-timeout"], "2000000u");
}

fn name(of: &str) -> Value {
    json!({ "stream_name": base64_of::encode(of.as_bytes()) })
}

#[track_caller]
fn only(mut calls: Vec<Call>) -> Call {
    assert_eq!(calls.len(), 1, "{calls:#?}");
    let call = calls.remove(0);
    assert_headers(&call);
    call
}

fn json_in(field: &Value) -> Value {
    serde_json::from_slice(&base64_of::decode(field.as_str().unwrap())).unwrap()
}

#[tokio::test]
async fn an_append_sends_its_stream_what_it_expects_and_each_event_whole() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[10]).await.unwrap();
    server.take_calls("");
    let events = vec![full_event(u128::MAX - 7), event(12)];
    log.append(Append::new(stream("movie-1"), at(1), events)).await.unwrap();
    let call = only(server.take_calls(""));
    assert_eq!(call.path, "/event_store.client.streams.Streams/Append");
    let [options, first, second] = &call.messages[..] else { panic!("{call:#?}") };
    // Our first revision is the server's number 0.
    let expected = json!({ "options": { "stream_identifier": name("movie-1"), "revision": 0 } });
    assert_eq!(*options, expected);
    let first = &first["proposed_message"];
    let halves = json!({ "most_significant_bits": -1, "least_significant_bits": -8 });
    assert_eq!(first["id"], json!({ "structured": halves }));
    let metadata = json!({ "type": "MovieCreated", "content-type": "application/json" });
    assert_eq!(first["metadata"], metadata);
    // Byte for byte.
    assert_eq!(base64_of::decode(first["data"].as_str().unwrap()), br#"{ "title":  "Heat" }"#);
    let envelope = json!({
        "schema_version": 2,
        "recorded_at_us": 1_795_000_000_123_456_u64,
        "actor": "00000000-0000-0000-0000-000000000001",
        "$correlationId": "request",
        "$causationId": "00000000-0000-0000-0000-000000000002",
        "traceparent": "00-trace",
        "idempotency_key": "key",
    });
    assert_eq!(json_in(&first["custom_metadata"]), envelope);
    let bare = json!({ "schema_version": 2, "recorded_at_us": 1_795_000_000_123_456_u64 });
    assert_eq!(json_in(&second["proposed_message"]["custom_metadata"]), bare);
}

#[tokio::test]
async fn an_append_to_nothing_expects_no_stream() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    for (name, expected) in [("movie-1", Expected::NoStream), ("movie-2", at(0))] {
        server.take_calls("");
        append(&log, name, expected, &[1]).await.unwrap();
        let call = only(server.take_calls(""));
        assert_eq!(call.messages[0]["options"]["no_stream"], json!({}));
    }
}

#[tokio::test]
async fn an_append_that_expects_nothing_is_sent_at_the_revision_that_was_found() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[1, 2]).await.unwrap();
    server.take_calls("");
    append(&log, "movie-1", Expected::Any, &[3]).await.unwrap();
    let call = only(server.take_calls("Append"));
    assert_eq!(call.messages[0]["options"]["revision"], 1);
}

#[tokio::test]
async fn a_stream_is_read_from_its_number_on() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[1, 2, 3]).await.unwrap();
    server.take_calls("");
    let read = log.read_stream(&stream("movie-1"), Revision(2), 7).await.unwrap();
    assert_eq!(read.len(), 2);
    let call = only(server.take_calls("Read"));
    let expected = json!({
        "stream": { "stream_identifier": name("movie-1"), "revision": 1 },
        "read_direction": "Forwards",
        "resolve_links": false,
        "count": 7,
        "no_filter": {},
        "uuid_option": { "string": {} },
        "control_option": { "compatibility": 1 },
    });
    assert_eq!(call.messages, [json!({ "options": expected })]);
}

#[tokio::test]
async fn the_log_is_read_by_the_prefixes_of_its_streams_and_never_system_events() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    let first = append(&log, "movie-1", Expected::NoStream, &[1]).await.unwrap();
    append(&log, "genre-noir", Expected::NoStream, &[2]).await.unwrap();
    server.take_calls("");
    let filter = json!({
        "stream_identifier": {
            "regex": "",
            "prefix": ["movie-", "rating-", "collection-", "genre-"],
        },
        "max": 4096,
        "checkpointIntervalMultiplier": 1,
    });
    let place = json!({
        "commit_position": first.position.0,
        "prepare_position": first.position.0,
    });
    for (from, direction, all, word, count) in [
        // Forwards the server includes the place itself: one more than is wanted.
        (first.position, Direction::Forwards, json!({ "position": place }), "Forwards", 6),
        (first.position, Direction::Backwards, json!({ "position": place }), "Backwards", 6),
        (Position::START, Direction::Forwards, json!({ "start": {} }), "Forwards", 6),
        (Position(u64::MAX), Direction::Backwards, json!({ "end": {} }), "Backwards", 6),
    ] {
        log.read_all(from, direction, 5).await.unwrap();
        let call = only(server.take_calls("Read"));
        let expected = json!({
            "all": all,
            "read_direction": word,
            "resolve_links": false,
            "count": count,
            "filter": filter,
            "uuid_option": { "string": {} },
        });
        assert_eq!(call.messages, [json!({ "options": expected })]);
    }
    let after = log.read_all(first.position, Direction::Forwards, 5).await.unwrap();
    assert_eq!(after.len(), 1, "the server's own events are none of the log's");
}

#[tokio::test]
async fn a_log_in_a_namespace_reads_and_writes_nothing_else() {
    let server = KurrentServer::start();
    let options = event_log::kurrentdb::KurrentLogOptions {
        namespace: Some("a".to_owned()),
        ..options(&server)
    };
    let log = event_log::kurrentdb::KurrentLog::open(options).await.unwrap();
    append(&open(&server).await, "movie-1", Expected::NoStream, &[1]).await.unwrap();
    server.take_calls("");
    append(&log, "movie-1", Expected::NoStream, &[2]).await.unwrap();
    let call = only(server.take_calls("Append"));
    assert_eq!(call.messages[0]["options"]["stream_identifier"], name("a.log.movie-1"));
    let all = log.read_all(Position::START, Direction::Forwards, 5).await.unwrap();
    assert_eq!(all.iter().map(|event| event.id).collect::<Vec<_>>(), [event(2).id]);
    let call = only(server.take_calls("Read"));
    let prefix = &call.messages[0]["options"]["filter"]["stream_identifier"]["prefix"];
    assert_eq!(*prefix, json!(["a.log."]));
}

#[tokio::test]
async fn a_key_is_claimed_before_the_events_come_and_deleted_when_it_is_forgotten() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    let append = Append::new(stream("movie-1"), Expected::NoStream, vec![event(1)]);
    server.take_calls("");
    log.append(with_key(append, "key")).await.unwrap();
    let calls = server.take_calls("Append");
    let [claim, events] = &calls[..] else { panic!("{calls:#?}") };
    assert_eq!(events.messages[0]["options"]["stream_identifier"], name("movie-1"));
    // SHA-256 of `key`.
    let key = "cinelog-key-2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";
    assert_eq!(claim.messages[0]["options"]["stream_identifier"], name(key));
    assert_eq!(claim.messages[0]["options"]["no_stream"], json!({}));
    let expected = json!({
        "key": "key",
        "fingerprint": "fingerprint",
        "answer": { "status": 201 },
        "recorded_at_us": 1_795_000_000_123_456_u64,
        "stream": "movie-1",
        "base": 0,
        "count": 1,
        "last_id": "00000000-0000-0000-0000-000000000001",
        "position": null,
    });
    assert_eq!(json_in(&claim.messages[1]["proposed_message"]["data"]), expected);
    let later = NOON + jiff::SignedDuration::from_secs(1);
    assert_eq!(log.forget_keys(later).await.unwrap(), 1);
    let call = only(server.take_calls("Delete"));
    let expected = json!({ "options": { "stream_identifier": name(key), "revision": 0 } });
    assert_eq!(call.messages, [expected]);
    assert_eq!(log.forget_keys(later).await.unwrap(), 0);
}

#[tokio::test]
async fn an_append_that_depends_upon_another_stream_looks_at_it_first() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[1]).await.unwrap();
    server.take_calls("");
    let rating = Append::new(stream("rating-1"), Expected::NoStream, vec![event(2)]);
    log.append(Append { given: Some((stream("movie-1"), Revision(1))), ..rating }).await.unwrap();
    let calls = server.take_calls("");
    let [looked, _appended] = &calls[..] else { panic!("{calls:#?}") };
    let options = &looked.messages[0]["options"];
    assert_eq!(options["stream"], json!({ "stream_identifier": name("movie-1"), "end": {} }));
    assert_eq!((&options["read_direction"], &options["count"]), (&json!("Backwards"), &json!(1)));
}

#[tokio::test]
async fn a_subscription_asks_for_no_events_while_the_server_has_nothing_new() {
    let server = KurrentServer::start();
    let log = open(&server).await;
    append(&log, "movie-1", Expected::NoStream, &[1]).await.unwrap();
    let mut batches = log.subscribe_all(Position::START);
    assert_eq!(batches.next().await.unwrap().unwrap().len(), 1);
    server.take_calls("");
    let next = tokio::spawn(async move { batches.next().await.unwrap().unwrap() });
    // Until it has looked a few times.
    let looks = || server.state.lock().unwrap().calls.len();
    while looks() < 3 {
        tokio::task::yield_now().await;
    }
    for call in server.take_calls("Read") {
        assert_headers(&call);
        let options = &call.messages[0]["options"];
        assert_eq!((&options["count"], &options["no_filter"]), (&json!(1), &json!({})));
    }
    // Another process appends.
    append(&open(&server).await, "movie-1", at(1), &[2]).await.unwrap();
    let ids: Vec<_> = next.await.unwrap().iter().map(|event| event.id).collect();
    assert_eq!(ids, [event(2).id]);
}
