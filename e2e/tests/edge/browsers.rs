//! What browsers are told: whose pages may read answers, and what must not be done with them.

use std::ffi::OsStr;

use e2e::{Answer, Client, Server};
use reqwest::Method;

const FILMS: &str = "https://films.example";
const OTHER: &str = "https://other.example";

fn server(origins: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let environment = [("CINELOG__SERVER__CORS__ORIGINS", OsStr::new(origins))];
    (Server::start_in(&environment, &folder.path().join("data"), &["--demo"]), folder)
}

async fn from(origin: &str, path: &str, client: &Client) -> Answer {
    Answer::to(client.request(Method::GET, path).header("Origin", origin)).await
}

async fn preflight(origin: &str, client: &Client) -> Answer {
    let request = client.request(Method::OPTIONS, "/v1/movies").header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "POST");
    Answer::to(request.header("Access-Control-Request-Headers", "authorization,if-match")).await
}

fn has_cors(answer: &Answer) -> bool {
    answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn by_default_no_page_of_another_origin_may_read_anything() {
    let server = Server::start();
    let client = server.anyone();
    let answer = from(FILMS, "/v1/movies", &client).await.expect(200);
    assert!(!has_cors(&answer) && !answer.header("vary").contains("Origin"), "{answer:?}");
    let answer = preflight(FILMS, &client).await.expect(204);
    assert!(!has_cors(&answer), "{answer:?}");
}

#[tokio::test]
async fn a_kept_answer_carries_the_header_of_who_asks_and_never_another_s() {
    let (server, _folder) = server(&format!("{FILMS},{OTHER}"));
    let client = server.anyone();
    // The first fills the cache; all after it come from there, in every order of origins.
    for origin in [FILMS, OTHER, "null", "https://evil.example", FILMS, "", OTHER, OTHER, FILMS] {
        let answer = match origin {
            "" => client.get("/v1/movies").await,
            origin => from(origin, "/v1/movies", &client).await,
        }
        .expect(200);
        let said = answer.header("access-control-allow-origin");
        assert_eq!(said, if [FILMS, OTHER].contains(&origin) { origin } else { "" }, "{origin:?}");
        assert!(answer.header("vary").split(", ").any(|name| name == "Origin"), "{answer:?}");
        let exposed = answer.header("access-control-expose-headers");
        assert_eq!(exposed.contains("Cinelog-Position"), !said.is_empty());
        // What was not modified is marked as well.
        let request = client.request(Method::GET, "/v1/movies").header("Origin", OTHER);
        let again = request.header("If-None-Match", answer.header("etag"));
        let again = Answer::to(again).await.expect(304);
        assert_eq!(again.header("access-control-allow-origin"), OTHER);
    }
    // Failures too: a page must be able to read why.
    let missing = from(FILMS, "/v1/nothing", &client).await.expect(404);
    assert_eq!(missing.header("access-control-allow-origin"), FILMS);
}

#[tokio::test]
async fn a_preflight_is_answered_to_who_may_ask() {
    let (server, _folder) = server(FILMS);
    let client = server.anyone();
    let answer = preflight(FILMS, &client).await.expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), FILMS);
    assert_eq!(answer.header("access-control-max-age"), "7200");
    assert!(answer.header("access-control-allow-methods").contains("PATCH"), "{answer:?}");
    assert!(answer.header("access-control-allow-headers").contains("Authorization"), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    for stranger in ["https://evil.example", "null", "https://films.example.evil.example"] {
        let answer = preflight(stranger, &client).await.expect(204);
        assert!(!has_cors(&answer), "{answer:?}");
    }
}

#[tokio::test]
async fn every_origin_with_credentials_is_an_error_of_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cinelog.toml");
    for (cors, why) in [
        ("origins = [\"*\"]\ncredentials = true", "cannot go with credentials"),
        ("origins = [\"null\"]", "is no origin"),
        ("origins = [\"https://films.example/\"]", "is no origin"),
    ] {
        std::fs::write(&file, format!("[server.cors]\n{cors}\n")).unwrap();
        let output = e2e::run(["config", "check", "--config", &file.to_string_lossy()]);
        assert!(!output.success && output.stderr.contains(why), "{output:?}");
        assert!(output.stderr.contains("server.cors.origins"), "{output:?}");
    }
}

#[tokio::test]
async fn an_answer_is_data_that_is_not_run_framed_or_guessed_at() {
    let server = Server::start_with(&["--demo"]);
    let client = server.anyone();
    let docs = client.get("/docs/").await.expect(200);
    let policy = docs.header("content-security-policy");
    for directive in [
        "script-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
    ] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(!policy.contains("script-src 'self' 'unsafe-inline'"), "{policy}");
    // What the page runs comes from files of this server.
    assert!(!docs.text.contains("<script>"), "{}", docs.text);
    // Twice: made, and kept.
    for path in ["/v1/movies", "/v1/movies", "/v1", "/openapi.json", "/v1/nothing", "/livez"] {
        let answer = client.get(path).await;
        for (name, value) in [
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        for absent in ["server", "x-powered-by", "strict-transport-security"] {
            assert_eq!(answer.header(absent), "", "{path}");
        }
    }
}
