//! Bad input gets a clear error that names the field and what was expected, and changes nothing.

use e2e::{Answer, Client, Server};
use reqwest::Method;
use serde_json::{Value, json};

async fn position(client: &Client) -> String {
    client.get("/v1/movies").await.header("Cinelog-Position").to_owned()
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|error| error["pointer"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn all_that_is_wrong_with_a_film_is_said_at_once() {
    let server = Server::start();
    let editor = server.caller("editor");
    let before = position(&editor).await;
    let body = json!({
        "title": " ", "year": 1492, "runtime_minutes": 0, "genres": ["Drama", ""],
        "country": "Japan", "external_ids": {"imdb": "47478"},
    });
    let refused = editor.post("/v1/movies", body).await.expect(422);
    assert_eq!(refused.header("Content-Type"), "application/problem+json");
    let problem = refused.json();
    let mut wrong = pointers(&problem);
    wrong.sort_unstable();
    let expected =
        ["/country", "/external_ids/imdb", "/genres/1", "/runtime_minutes", "/title", "/year"];
    assert_eq!(wrong, expected, "{problem:#}");
    assert_eq!(problem["request_id"], refused.header("X-Request-Id"));
    assert_eq!(position(&editor).await, before, "nothing was appended");
}

#[tokio::test]
async fn what_cannot_be_read_is_400_and_what_is_not_valid_is_422() {
    let server = Server::start();
    let editor = server.caller("editor");
    let send = |body: &'static str, kind: &'static str| {
        let request = editor.request(Method::POST, "/v1/movies").header("Content-Type", kind);
        Answer::to(request.body(body))
    };
    let json = "application/json";
    send("{\"title\": ", json).await.expect(400);
    send("\u{feff}{}", json).await.expect(400);
    send("{\"title\": \"A\", \"title\": \"B\"}", json).await.expect(400);
    send("{\"title\": \"A\", \"titel\": \"B\"}", json).await.expect(422);
    send("[]", json).await.expect(422);
    send("title=A", "application/x-www-form-urlencoded").await.expect(415);
    let typed = send("{\"title\": 7}", json).await.expect(422).json();
    assert_eq!(pointers(&typed), ["/title"]);
}

#[tokio::test]
async fn a_question_that_is_not_understood_says_what_there_is() {
    let server = Server::start();
    let reader = server.anyone();
    for (query, named, offered) in [
        ("colour=red", "colour", "genre"),
        ("sort=colour", "sort", "title"),
        ("fields=colour", "fields", "title"),
        ("year=soon", "year", "1"),
        ("year%5Bgte%5D=x", "year[gte]", ""),
        ("limit=0", "limit", "1"),
        ("limit=many", "limit", "1"),
        ("cursor=rubbish", "cursor", ""),
        ("year=1999&year=2000", "year", ""),
        ("genre=", "genre", ""),
    ] {
        let answer = reader.get(&format!("/v1/movies?{query}")).await.expect(400);
        assert!(answer.text.contains(named), "{query}: {}", answer.text);
        assert!(answer.text.contains(offered), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_documentation() {
    let server = Server::start();
    let reader = server.anyone();
    let problem = reader.get("/v1/nothing").await.expect(404).json();
    let page = reader.get(problem["type"].as_str().unwrap()).await.expect(200);
    assert!(page.header("Content-Type").starts_with("text/html"), "{:?}", page.headers);
    assert!(page.text.contains(problem["title"].as_str().unwrap()));
}

#[tokio::test]
async fn a_method_that_is_not_there_is_405_with_those_of_both_apis() {
    let server = Server::start();
    let reader = server.anyone();
    let refused = Answer::to(reader.request(Method::PATCH, "/v1/movies")).await.expect(405);
    let asked = Answer::to(reader.request(Method::OPTIONS, "/v1/movies")).await.expect(204);
    for answer in [refused, asked] {
        let mut methods: Vec<&str> = answer.header("Allow").split(',').map(str::trim).collect();
        methods.sort_unstable();
        assert_eq!(methods, ["GET", "HEAD", "OPTIONS", "POST"]);
    }
}

#[tokio::test]
async fn what_the_caller_does_not_accept_is_406_and_too_large_a_body_413() {
    let server = Server::start();
    server.anyone().get_with("/v1/movies", "Accept", "image/png").await.expect(406);
    let versioned = "application/vnd.cinelog.v1+json";
    server.anyone().get_with("/v1/movies", "Accept", versioned).await.expect(200);
    let huge = json!({"title": "A", "synopsis": "x".repeat(2 << 20)});
    server.caller("editor").post("/v1/movies", huge).await.expect(413);
}

#[tokio::test]
async fn who_may_not_is_told_so_before_anything_else() {
    let server = Server::start();
    let nobody = server.anyone().post("/v1/movies", json!({"titel": 1})).await.expect(401);
    assert!(nobody.header("WWW-Authenticate").starts_with("Bearer"), "{:?}", nobody.headers);
    server.caller("member").post("/v1/movies", json!({"titel": 1})).await.expect(403);
    let forged = server.anyone().request(Method::POST, "/v1/movies").bearer_auth("a.b.c");
    let forged = Answer::to(forged.json(&json!({"title": "A"}))).await.expect(401);
    assert!(forged.header("WWW-Authenticate").contains("invalid_token"), "{:?}", forged.headers);
}
