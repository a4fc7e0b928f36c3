//! Nothing that is secret is in the log, however much is logged and wherever it was sent.

use std::ffi::OsStr;

use e2e::{Answer, Server, TraceSink};
use reqwest::Method;
use serde_json::{Value, json};

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
        // Nothing is refused before a handler has seen it.
        ("CINELOG__LIMITS__SIGN_IN", OsStr::new("unlimited")),
        ("CINELOG__LIMITS__REGISTRATION", OsStr::new("unlimited")),
        ("CINELOG__LIMITS__MAIL", OsStr::new("unlimited")),
        ("CINELOG__LIMITS__ACCOUNT", OsStr::new("unlimited")),
        ("CINELOG__IDENTITY__VERIFICATION", OsStr::new("off")),
    ];
    let server = Server::start_in(&environment, &folder.path().join("data"), &["--demo"]);
    let token = server.token("editor");
    send_everywhere(&server).await;
    let given = live(&server).await;
    // A token that is good, and part of what a session is made of.
    let editor = server.anyone().with_token(&token);
    editor.post("/v1/movies", json!({"title": "Seen"})).await.expect(201);
    server.terminate();
    let (_, lines) = server.wait_with_log();
    assert!(lines.len() > 100, "trace level was on: {} lines", lines.len());
    assert!(lines.iter().any(|line| line.contains("/v1/login")), "requests are logged");
    let signature = token.rsplit('.').next().unwrap();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    for secret in SECRETS.iter().chain([&signature]).chain(&given) {
        let found: Vec<_> = lines.iter().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret} is in the log:\n{found:#?}");
    }
    let spans = format!("{:?}", sink.spans());
    assert!(spans.contains("/v1/movies"), "spans were sent");
    for secret in SECRETS.iter().chain(&given) {
        assert!(!spans.contains(secret), "{secret} is in a span");
    }
}

/// Somebody does all that one does with an account, rightly and wrongly. Gives what was told to the server and by
/// it that must not be found.
async fn live(server: &Server) -> Vec<String> {
    let (address, password, next) = (
        "gr4ce-who-lives@films.example",
        "gr4nite lantern osprey quill",
        "v1olet harbour tundra mango",
    );
    let anyone = server.anyone();
    let registers = json!({"email": address, "password": password, "name": "Gr4ce"});
    anyone.post("/v1/accounts", registers.clone()).await.expect(201);
    anyone.post("/v1/accounts", registers).await;
    let wrong = json!({"email": address, "password": next});
    anyone.post("/v1/login", wrong).await.expect(401);
    let logs_in = json!({"email": address, "password": password});
    let session = anyone.post("/v1/login", logs_in).await.expect(200).json();
    let of = |answer: &Value, key: &str| answer[key].as_str().expect(key).to_owned();
    let refresh = of(&session, "refresh_token");
    let refreshes = json!({"grant_type": "refresh_token", "refresh_token": refresh});
    let refreshed = anyone.post("/v1/token", refreshes.clone()).await.expect(200).json();
    let access = of(&refreshed, "access_token");
    let caller = anyone.with_token(&access);
    caller.get("/v1/account").await.expect(200);
    let wanted = json!({"name": "nightly", "scopes": ["ratings"]});
    let key = of(&caller.post("/v1/account/api-keys", wanted).await.expect(201).json(), "key");
    // A key has no right over the account.
    anyone.with_token(&key).get("/v1/account").await.expect(403);
    let guesses = json!({"current_password": next, "new_password": next});
    caller.put("/v1/account/password", guesses).await.expect(422);
    let changes = json!({"current_password": password, "new_password": next});
    caller.put("/v1/account/password", changes).await.expect(204);
    let device = of(&session, "device_token");
    let again = json!({"email": address, "password": next, "device_token": device});
    let last = anyone.post("/v1/login", again).await.expect(200).json();
    // The first was used: whoever shows it now may be a thief.
    let thief = of(&last, "refresh_token");
    let next_of = json!({"grant_type": "refresh_token", "refresh_token": thief});
    let after = anyone.post("/v1/token", next_of).await.expect(200).json();
    anyone.post("/v1/token", refreshes).await;
    let signature = |token: String| token.rsplit('.').next().expect("a part").to_owned();
    let mut given = vec![address.to_owned(), password.to_owned(), next.to_owned(), key, device];
    for answer in [&session, &refreshed, &last, &after] {
        given.push(signature(of(answer, "access_token")));
        given.push(of(answer, "refresh_token"));
    }
    given
}

async fn send_everywhere(server: &Server) {
    let client = server.anyone();
    let whole = json!({
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
