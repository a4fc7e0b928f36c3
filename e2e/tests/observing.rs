//! Whoever runs Cinelog can see how it is: health, metrics, request ids.

use e2e::{Answer, Client, Server};
use reqwest::Method;
use serde_json::json;

fn admin(server: &Server) -> Client {
    server.anyone().at(&server.admin_url)
}

#[tokio::test]
async fn health_is_on_both_addresses_and_metrics_on_the_admin_one_only() {
    let server = Server::start();
    for path in ["/livez", "/readyz"] {
        admin(&server).get(path).await.expect(200);
        server.anyone().get(path).await.expect(200);
    }
    admin(&server).get("/metrics").await.expect(200);
    server.anyone().get("/metrics").await.expect(404);
}

#[tokio::test]
async fn metrics_tell_what_was_done() {
    let server = Server::start();
    let editor = server.caller("editor");
    editor.post("/v1/movies", json!({"title": "Counted"})).await.expect(201);
    editor.get("/v1/movies").await.expect(200);
    let metrics = admin(&server).get("/metrics").await.expect(200).text;
    for line in [
        "cinelog_log_position 1",
        "cinelog_projector_position 1",
        "cinelog_projector_lag_events 0",
        "cinelog_projector_parked_streams 0",
        "cinelog_http_requests_total{",
        "cinelog_http_request_duration_seconds_bucket{",
    ] {
        assert!(metrics.contains(line), "{line} is missing:\n{metrics}");
    }
    assert!(metrics.contains("route=\"/v1/movies\""), "routes, not paths:\n{metrics}");
}

#[tokio::test]
async fn a_request_id_and_a_trace_go_from_the_client_into_the_event_and_back() {
    let server = Server::start();
    let editor = server.caller("editor");
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = editor.request(Method::POST, "/v1/movies").json(&json!({"title": "Traced"}));
    let request = request.header("X-Request-Id", "from-the-client").header("traceparent", trace);
    let created = Answer::to(request).await.expect(201);
    assert_eq!(created.header("X-Request-Id"), "from-the-client");
    assert!(created.header("traceparent").contains("0af7651916cd43dd8448eb211c80319c"));

    editor.patch(created.header("Location"), "*", json!({"year": 2001})).await.expect(200);
    let late = editor.patch(created.header("Location"), "\"r0\"", json!({"year": 2002})).await;
    let event = late.expect(412).json()["events"][0].clone();
    assert_eq!(event["correlationid"], "from-the-client");
    assert!(event["traceparent"].as_str().unwrap().contains("0af7651916cd43dd8448eb211c80319c"));

    let odd = server.anyone().get_with("/v1/movies", "X-Request-Id", "two words").await;
    assert_ne!(odd.header("X-Request-Id"), "two words", "what would confuse a log is replaced");
}
