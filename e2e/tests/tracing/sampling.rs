//! Which requests are recorded.

use e2e::{Server, TraceSink};

use crate::ground::{NOT_RECORDED, RECORDED, Traced, make_film, named};

const NOTHING_BY_ITSELF: (&str, &str) = ("CINELOG__TELEMETRY__SAMPLING_RATIO", "0");

#[tokio::test]
async fn who_does_not_record_is_not_recorded_for() {
    let sink = TraceSink::start().await;
    let traced = Traced::start(&sink.url, &[]);
    let editor = traced.server.caller("editor");
    let first = make_film(&editor, "Not recorded", NOT_RECORDED).await;
    assert_eq!(first.header("traceparent"), NOT_RECORDED, "what the client sent is sent back");
    // What comes after it has come: so would what came before.
    let second = make_film(&editor, "Recorded", RECORDED).await;
    let link = named(second.header("traceparent"));
    sink.wait_for("the batch", |span| span.links.contains(&link)).await;
    let (trace, _) = named(NOT_RECORDED);
    for span in sink.spans() {
        assert_ne!(span.trace, trace);
        assert!(span.links.iter().all(|(linked, _)| *linked != trace), "{span:#?}");
    }
}

#[tokio::test]
async fn who_records_is_recorded_for_also_where_nothing_else_is() {
    let sink = TraceSink::start().await;
    let traced = Traced::start(&sink.url, &[NOTHING_BY_ITSELF]);
    let editor = traced.server.caller("editor");
    let unasked = editor.get("/v1/movies").await.expect(200);
    assert!(unasked.header("traceparent").ends_with("-00"), "{unasked:?}");
    let created = make_film(&editor, "Asked for", RECORDED).await;
    let link = named(created.header("traceparent"));
    sink.wait_for("the batch", |span| span.links.contains(&link)).await;
    let (trace, _) = named(unasked.header("traceparent"));
    assert!(sink.spans().iter().all(|span| span.trace != trace));
}

#[tokio::test]
async fn a_traceparent_that_is_none_is_no_wish() {
    let sink = TraceSink::start().await;
    let traced = Traced::start(&sink.url, &[NOTHING_BY_ITSELF]);
    let reader = traced.server.anyone();
    let odd = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
    let answer = reader.get_with("/v1/movies", "traceparent", odd).await.expect(200);
    assert!(answer.header("traceparent").ends_with("-00"), "{answer:?}");
}

#[tokio::test]
async fn without_an_address_nothing_is_recorded_and_the_clients_trace_goes_on() {
    let server = Server::start();
    let editor = server.caller("editor");
    let created = make_film(&editor, "As ever", RECORDED).await;
    assert_eq!(created.header("traceparent"), RECORDED);
    let admin = server.anyone().at(&server.admin_url);
    let metrics = admin.get("/metrics").await.expect(200).text;
    assert!(!metrics.contains("cinelog_spans_"), "{metrics}");
}
