//! Nothing that is secret is in the log, however much is logged and wherever it was sent.

use std::ffi::OsStr;

use e2e::{Answer, Server, TraceSink};
use reqwest::Method;

/// What must not be found: each stands in places where such a secret is sent.
const SECRETS: [&str; 9] = [
    "tok3n-in-authorization",
    "tok3n-in-a-cookie",
    "tok3n-in-a-key",
    "passw0rd-in-a-body",
    "passw0rd-in-broken-json",
    "c0de-in-a-query",
    "st4te-in-a-query",
    "m4il-somebody@films.example",
    "tok3n-in-a-form",
];

// Whoever waits for the server to end must not keep the sink from taking the last spans.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_in_no_line_of_a_server_that_logs_everything() {
    let sink = TraceSink::start().await;
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("CINELOG__LOGGING__FILTER", OsStr::new("trace")),
        ("CINELOG__LOGGING__FORMAT", OsStr::new("json")),
        ("CINELOG__TELEMETRY__OTLP_ENDPOINT", OsStr::new(&sink.url)),
        ("CINELOG__TELEMETRY__SAMPLING_RATIO", OsStr::new("1")),
    ];
    let server = Server::start_in(&environment, &folder.path().join("data"), &["--demo"]);
    let token = server.token("editor");
    send_everywhere(&server).await;
    // A token that is good, and part of what a session is made of.
    let editor = server.anyone().with_token(&token);
    editor.post("/v1/movies", serde_json::json!({"title": "Seen"})).await.expect(201);
    server.terminate();
    let (_, lines) = server.wait_with_log();
    assert!(lines.len() > 100, "trace level was on: {} lines", lines.len());
    assert!(lines.iter().any(|line| line.contains("/v1/login")), "requests are logged");
    let signature = token.rsplit('.').next().unwrap();
    for secret in SECRETS.iter().chain([&signature]) {
        let found: Vec<_> = lines.iter().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret} is in the log:\n{found:#?}");
    }
    let spans = format!("{:?}", sink.spans());
    assert!(spans.contains("/v1/movies"), "spans were sent");
    for secret in SECRETS {
        assert!(!spans.contains(secret), "{secret} is in a span");
    }
}

async fn send_everywhere(server: &Server) {
    let client = server.anyone();
    let whole = serde_json::json!({
        "email": "m4il-somebody@films.example", "password": "passw0rd-in-a-body",
        "current_password": "passw0rd-in-a-body", "new_password": "passw0rd-in-a-body",
        "token": "tok3n-in-a-form", "refresh_token": "tok3n-in-a-form",
        "grant_type": "refresh_token", "device_token": "tok3n-in-a-cookie", "name": "n",
    });
    let bodies = [
        ("application/json", whole.to_string()),
        (
            "application/json",
            r#"{"email": "m4il-somebody@films.example", "password": "passw0rd-in-broken-json"#
                .to_owned(),
        ),
        (
            "application/json",
            r#"{"password": ["passw0rd-in-broken-json"], "password": "passw0rd-in-a-body"}"#
                .to_owned(),
        ),
        (
            "application/json",
            r#"{"email": "m4il-somebody@films.example", "passw0rd-in-broken-json": 1}"#.to_owned(),
        ),
        (
            "application/x-www-form-urlencoded",
            "grant_type=refresh_token&refresh_token=tok3n-in-a-form".to_owned(),
        ),
        ("text/plain", "passw0rd-in-a-body".to_owned()),
    ];
    let query = "?code=c0de-in-a-query&state=st4te-in-a-query&token=c0de-in-a-query&email=m4il-somebody@films.example";
    for path in [
        "/v1/accounts",
        "/v1/login",
        "/v1/token",
        "/v1/logout",
        "/v1/account",
        "/v1/account/password",
        "/v1/account/password-reset",
        "/v1/account/password-reset-mail",
        "/v1/account/verification",
        "/v1/account/verification-mail",
        "/v1/account/api-keys",
        "/v1/login/google",
        "/v1/login/google/callback",
        "/v1/movies",
        "/v1/audit",
        "/v1/nothing",
    ] {
        for query in ["", query] {
            for (kind, body) in &bodies {
                for method in [Method::POST, Method::PUT, Method::PATCH] {
                    let request = with_headers(client.request(method, &format!("{path}{query}")));
                    let request = request.header("Content-Type", *kind).body(body.clone());
                    Answer::try_to(request).await.unwrap();
                }
            }
            let request = client.request(Method::GET, &format!("{path}{query}"));
            Answer::try_to(with_headers(request)).await.unwrap();
        }
    }
    // What cannot be read at all.
    let broken = "GET /v1/login?code=c0de-in-a-query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tok3n-in-authorization\n\r\n";
    crate::sockets::exchange(server, broken.as_bytes()).await;
}

fn with_headers(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    request
        .header("Authorization", "Bearer tok3n-in-authorization")
        .header("Cookie", "session=tok3n-in-a-cookie")
        .header("X-API-Key", "tok3n-in-a-key")
        .header("Referer", "https://films.example/?code=c0de-in-a-query")
}
