//! From the request through append and projection to the answers that are out of date.

use e2e::{Answer, Cluster, ReceivedSpan, TraceSink};
use proving_ground::{Database, PrivateKafka};
use reqwest::Method;
use serde_json::json;

use crate::ground::{RECORDED, Traced, make_film, named};

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// The spans of one film, as they must hang together. Gives that of the request and that of the batch.
pub(crate) async fn follow(sink: &TraceSink, created: &Answer) -> (ReceivedSpan, ReceivedSpan) {
    let (trace, id) = named(created.header("traceparent"));
    let request = sink.wait_for("the request", |span| span.id == id).await;
    assert_eq!((request.kind, request.trace.as_str()), (SERVER, trace.as_str()));
    assert_eq!(request.name, "POST /v1/movies");
    assert_eq!(request.attributes["http.response.status_code"], "201");
    assert_eq!(request.attributes["http.route"], "/v1/movies");
    assert_eq!(request.attributes["cinelog.request_id"], created.header("X-Request-Id"));
    assert!(request.took_time && !request.has_failed);

    let append = sink.wait_for("the append", |span| span.parent == request.id).await;
    assert_eq!((append.name.as_str(), append.kind), ("append", CLIENT));
    assert_eq!(append.trace, request.trace);
    assert_eq!(append.attributes["cinelog.position"], created.header("Cinelog-Position"));

    let link = (request.trace.clone(), request.id.clone());
    let is_it = |span: &ReceivedSpan| span.name == "project" && span.links.contains(&link);
    let batch = sink.wait_for("the batch", is_it).await;
    assert_eq!(batch.kind, CONSUMER);
    assert_eq!(batch.parent, "", "a batch has many requests behind it, and so a trace of its own");
    assert_ne!(batch.trace, request.trace);

    let telling = sink.wait_for("the telling", |span| span.parent == batch.id).await;
    assert_eq!((telling.name.as_str(), telling.kind), ("publish change", PRODUCER));
    let invalidation = sink.wait_for("the invalidation", |span| span.parent == telling.id).await;
    assert_eq!((invalidation.name.as_str(), invalidation.kind), ("invalidate", CONSUMER));
    assert_eq!(invalidation.trace, batch.trace);
    assert_eq!(invalidation.attributes["cinelog.position"], batch.attributes["cinelog.position"]);
    for (span, role) in [
        (&request, "command"),
        (&append, "command"),
        (&batch, "projector"),
        (&invalidation, "query"),
    ] {
        assert!(span.resource["cinelog.roles"].contains(role), "{span:#?}");
        assert_eq!(span.resource["service.name"], "cinelog");
    }
    (request, batch)
}

#[tokio::test]
async fn a_fact_is_followed_through_one_process() {
    let sink = TraceSink::start().await;
    let traced = Traced::start(&sink.url, &[]);
    let editor = traced.server.caller("editor");
    // Answers are kept, and so can be out of date, from the first read on.
    editor.get("/v1/movies").await.expect(200);
    let created = make_film(&editor, "Followed", RECORDED).await;
    let (request, _) = follow(&sink, &created).await;
    let (trace, caller) = named(RECORDED);
    assert_eq!((request.trace, request.parent), (trace, caller), "it belongs to its caller's span");
}

#[tokio::test]
async fn a_fact_is_followed_through_three_processes() {
    let sink = TraceSink::start().await;
    let database = Database::new().await;
    let cluster = Cluster::on(database.url());
    let endpoint = [("CINELOG__TELEMETRY__OTLP_ENDPOINT", sink.url.clone())];
    let node = |role: &str| cluster.node_with(role, role, None, &endpoint);
    let (commands, projector, queries) = (node("command"), node("projector"), node("query"));
    let token = cluster.token("editor");
    let editor = commands.anyone().with_token(&token);
    let reader = queries.anyone();
    reader.get("/v1/movies").await.expect(200);
    let created = make_film(&editor, "Far away", RECORDED).await;
    let (request, batch) = follow(&sink, &created).await;
    let invalidation = |span: &ReceivedSpan| span.name == "invalidate" && span.trace == batch.trace;
    let invalidation = sink.wait_for("the invalidation", invalidation).await;
    let instances = [&request, &batch, &invalidation].map(|it| &it.resource["service.instance.id"]);
    assert!(instances[0] != instances[1] && instances[1] != instances[2], "{instances:?}");
    drop(projector);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_is_followed_through_kafka() {
    let sink = TraceSink::start().await;
    let (database, kafka) = (Database::new().await, PrivateKafka::start().await);
    let cluster = Cluster::on(database.url());
    let settings = [
        ("CINELOG__TELEMETRY__OTLP_ENDPOINT", sink.url.clone()),
        ("CINELOG__KAFKA__BROKERS", kafka.server().address().to_owned()),
        ("CINELOG__PROJECTOR__SOURCE", "kafka".to_owned()),
    ];
    let node = |role: &str| cluster.node_with(role, role, None, &settings);
    let nodes = ["command", "relay", "projector", "query"].map(node);
    let editor = nodes[0].anyone().with_token(&cluster.token("editor"));
    nodes[3].anyone().get("/v1/movies").await.expect(200);
    let created = make_film(&editor, "By way of Kafka", RECORDED).await;
    let (request, _) = follow(&sink, &created).await;
    let link = (request.trace, request.id);
    let is_it = |span: &ReceivedSpan| span.name == "relay" && span.links.contains(&link);
    let relayed = sink.wait_for("what the relay published", is_it).await;
    assert_eq!((relayed.kind, relayed.parent.as_str()), (PRODUCER, ""));
    assert_eq!(relayed.resource["cinelog.roles"], "relay");
}

#[tokio::test]
async fn what_is_stored_with_an_event_and_what_the_answer_says_is_the_span_of_the_request() {
    let sink = TraceSink::start().await;
    let traced = Traced::start(&sink.url, &[]);
    let editor = traced.server.caller("editor");
    let created = make_film(&editor, "Stored", RECORDED).await;
    let location = created.header("Location");
    // Who knows of no revision is told which events there were since.
    let late = editor.patch(location, "\"r0\"", json!({"year": 2002})).await.expect(412);
    let event = late.json()["events"][0].clone();
    let (_, id) = named(created.header("traceparent"));
    let request = sink.wait_for("the request", |span| span.id == id).await;
    assert_eq!(event["traceparent"], request.traceparent());
    assert_eq!(created.header("traceparent"), request.traceparent());
}

#[tokio::test]
async fn an_answer_that_was_kept_ready_and_a_failure_have_spans_too() {
    let sink = TraceSink::start().await;
    let traced = Traced::start(&sink.url, &[]);
    let reader = traced.server.anyone();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = reader.get("/v1/movies").await.expect(200);
        ids.push(named(answer.header("traceparent")).1);
    }
    for id in ids {
        let span = sink.wait_for("a read", |span| span.id == id).await;
        assert_eq!(span.name, "GET /v1/movies");
        assert_eq!(span.parent, "", "nobody has asked for it: it begins a trace");
    }
    let nowhere = reader.get("/v1/nowhere?secret=1").await.expect(404);
    let (_, id) = named(nowhere.header("traceparent"));
    let span = sink.wait_for("what is not there", |span| span.id == id).await;
    assert_eq!(span.name, "GET unmatched");
    assert_eq!(span.attributes["url.path"], "/v1/nowhere");
    assert!(!span.has_failed, "it is the client who was wrong");
    assert!(!format!("{span:?}").contains("secret"));
}

#[tokio::test]
async fn a_batch_is_linked_to_every_request_behind_it() {
    let sink = TraceSink::start().await;
    let traced = Traced::start(&sink.url, &[]);
    let editor = traced.server.caller("editor");
    let titles: Vec<String> = (0..20).map(|number| format!("Film {number}")).collect();
    let requests = titles.iter().map(|title| make_film(&editor, title, RECORDED));
    for created in futures::future::join_all(requests).await {
        let link = named(created.header("traceparent"));
        let batch = sink.wait_for("a batch", |span| span.links.contains(&link)).await;
        assert_eq!(batch.name, "project");
    }
}

#[tokio::test]
async fn the_lines_of_a_bulk_request_belong_to_it() {
    let sink = TraceSink::start().await;
    let traced = Traced::start(&sink.url, &[]);
    let editor = traced.server.caller("editor");
    let line = |title| json!({"op": "create", "movie": {"title": title}}).to_string();
    let lines = format!("{}\n{}\n", line("One"), line("Two"));
    let request = editor.request(Method::POST, "/v1/movies/bulk").body(lines);
    let request = request.header("Content-Type", "application/x-ndjson");
    let answer = Answer::to(request.header("traceparent", RECORDED)).await.expect(200);
    let (_, id) = named(answer.header("traceparent"));
    for position in ["1", "2"] {
        let is_it = |span: &ReceivedSpan| {
            span.parent == id
                && span.attributes.get("cinelog.position").is_some_and(|it| it == position)
        };
        let append = sink.wait_for("the append of a line", is_it).await;
        assert_eq!(append.name, "append", "{}", answer.text);
    }
}
