//! What is read can be cached: validators, lifetimes, and a tag for each representation.

use e2e::{Answer, Server};
use reqwest::Method;
use serde_json::json;

async fn film(server: &Server) -> String {
    let synopsis = "A long text compresses well. ".repeat(100);
    let body = json!({"title": "Playtime", "year": 1967, "synopsis": synopsis});
    let created = server.caller("editor").post("/v1/movies", body).await.expect(201);
    created.header("Location").to_owned()
}

#[tokio::test]
async fn a_film_that_did_not_change_is_not_sent_again() {
    let server = Server::start();
    let (film, reader) = (film(&server).await, server.anyone());
    let first = reader.get(&film).await.expect(200);
    let (tag, modified) = (first.header("ETag"), first.header("Last-Modified"));
    assert!(tag.starts_with("\"r1.") && !modified.is_empty(), "{:?}", first.headers);

    let by_tag = reader.get_with(&film, "If-None-Match", tag).await.expect(304);
    let by_date = reader.get_with(&film, "If-Modified-Since", modified).await.expect(304);
    for unchanged in [&by_tag, &by_date] {
        for name in ["ETag", "Cache-Control", "Vary"] {
            assert_eq!(unchanged.header(name), first.header(name), "a 304 repeats {name}");
        }
    }
    reader.get_with(&film, "If-None-Match", "\"another\", W/\"r1\"").await.expect(200);
    reader.get_with(&film, "If-None-Match", "*").await.expect(304);
}

#[tokio::test]
async fn every_answer_says_how_long_it_may_be_kept() {
    let server = Server::start();
    let (film, reader) = (film(&server).await, server.anyone());
    for target in [&film, "/v1/movies", "/v1/genres", "/v1/schemas"] {
        let answer = reader.get(target).await.expect(200);
        let lifetime = answer.header("Cache-Control");
        assert!(
            lifetime.contains("public") && lifetime.contains("max-age="),
            "{target}: {lifetime}"
        );
        assert!(!lifetime.contains("s-maxage"), "{target}: {lifetime}");
    }
    let mine = format!("{film}/ratings/me");
    let member = server.caller("member");
    let rated = member.put(&mine, json!({"value": 7})).await.expect(201);
    let private = member.get(&mine).await.expect(200);
    let missing = reader.get("/v1/movies/00000000-0000-7000-8000-000000000000").await.expect(404);
    for answer in [rated, private, missing] {
        let lifetime = answer.header("Cache-Control").to_owned();
        assert!(lifetime.contains("no-store") || lifetime.contains("private"), "{lifetime}");
    }
}

#[tokio::test]
async fn each_content_coding_has_a_tag_of_its_own() {
    let server = Server::start();
    let (film, reader) = (film(&server).await, server.anyone());
    let plain = reader.get_with(&film, "Accept-Encoding", "identity").await.expect(200);
    let mut tags = vec![plain.header("ETag").to_owned()];
    for coding in ["gzip", "br", "zstd"] {
        let request = reader.request(Method::GET, &film).header("Accept-Encoding", coding);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["Content-Encoding"], coding);
        assert_eq!(response.headers().get_all("Vary").iter().count(), 1);
        let tag = response.headers()["ETag"].to_str().unwrap().to_owned();
        let again = reader.request(Method::GET, &film).header("Accept-Encoding", coding);
        let again = Answer::to(again.header("If-None-Match", &tag)).await.expect(304);
        assert_eq!(again.header("ETag"), tag, "the 304 is about the same representation");
        tags.push(tag);
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4, "{tags:?}");
}

#[tokio::test]
async fn a_tag_of_any_representation_guards_an_edit() {
    let server = Server::start();
    let film = film(&server).await;
    let editor = server.caller("editor");
    let request = editor.request(Method::GET, &film).header("Accept-Encoding", "gzip");
    let tag = request.send().await.unwrap().headers()["ETag"].to_str().unwrap().to_owned();
    editor.patch(&film, &tag, json!({"year": 1968})).await.expect(200);
    editor.patch(&film, &tag, json!({"year": 1969})).await.expect(412);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = Server::start();
    let (film, reader) = (film(&server).await, server.anyone());
    for target in [film.as_str(), "/v1/movies?limit=1", "/openapi.json"] {
        let get = reader.get(target).await.expect(200);
        let head = Answer::to(reader.request(Method::HEAD, target)).await.expect(200);
        assert_eq!(head.text, "");
        for name in ["ETag", "Content-Type", "Cache-Control", "Link", "Vary"] {
            assert_eq!(head.header(name), get.header(name), "{target}: {name}");
        }
    }
}

#[tokio::test]
async fn a_part_of_a_film_is_another_representation() {
    let server = Server::start();
    let (film, reader) = (film(&server).await, server.anyone());
    let whole = reader.get(&film).await.expect(200);
    let part = reader.get(&format!("{film}?fields=title,year")).await.expect(200);
    let mut names: Vec<String> = part.json().as_object().unwrap().keys().cloned().collect();
    names.sort_unstable();
    assert_eq!(names, ["id", "title", "year"], "the id is always there");
    assert_ne!(part.header("ETag"), whole.header("ETag"));
}
