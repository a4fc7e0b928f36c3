//! Media types, content codings, entity tags and conditions.

use crate::server::{Answer, start};

const V1: &str = "application/vnd.cinelog.v1+json";

async fn get(path: &str, headers: &[(&str, &str)]) -> Answer {
    start().await.send("GET", path, headers).await
}

#[tokio::test]
async fn who_accepts_nothing_that_there_is_gets_406_but_404_and_405_come_first() {
    let server = start().await;
    let html = [("Accept", "text/html")];
    let answer = server.send("GET", "/v1/films/1", &html).await;
    assert_eq!(answer.problem().problem_type, "/problems/not-acceptable");
    assert_eq!(server.send("GET", "/v1/nothing", &html).await.status, 404);
    assert_eq!(server.send("DELETE", "/v1/context", &html).await.status, 405);
    assert_eq!(server.send("OPTIONS", "/v1/context", &html).await.status, 204);
    assert_eq!(server.send("GET", "/problems", &html).await.status, 200);
}

#[tokio::test]
async fn the_versioned_media_type_is_a_representation_of_its_own() {
    let answer = get("/v1/films/1", &[("Accept", V1)]).await;
    assert_eq!(answer.header("content-type"), Some(V1));
    assert_eq!(answer.header("etag"), Some("\"r5.1.g1;v1\""));
    let plain = get("/v1/films/1", &[("Accept", "*/*")]).await;
    assert_eq!(plain.header("content-type"), Some("application/json"));
    assert_eq!(plain.header("etag"), Some("\"r5.1.g1\""));
}

#[tokio::test]
async fn each_coding_has_its_tag_and_vary_names_each_header_once() {
    for (coding, magic) in
        [("gzip", &[0x1f, 0x8b][..]), ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]), ("br", &[])]
    {
        let answer = get("/v1/films/large", &[("Accept-Encoding", coding)]).await;
        assert_eq!(answer.header("content-encoding"), Some(coding));
        assert_eq!(answer.header("etag"), Some(format!("\"r5.1.g1;{coding}\"").as_str()));
        assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
        assert_eq!(answer.header("content-length"), None);
        let start = answer.body.windows(magic.len().max(1)).any(|window| window.starts_with(magic));
        assert!(start && answer.body.len() < 1024, "{coding}");
    }
}

#[tokio::test]
async fn both_endings_stand_on_one_tag() {
    let answer = get("/v1/films/large", &[("Accept", V1), ("Accept-Encoding", "br")]).await;
    assert_eq!(answer.header("etag"), Some("\"r5.1.g1;v1;br\""));
}

#[tokio::test]
async fn small_bodies_and_event_streams_are_not_compressed() {
    for path in ["/v1/films/1", "/v1/events"] {
        let answer = get(path, &[("Accept-Encoding", "gzip")]).await;
        assert_eq!(answer.header("content-encoding"), None, "{path}");
        assert!(answer.header("content-length").is_some(), "{path}");
    }
}

#[tokio::test]
async fn a_client_that_rules_out_everything_gets_the_plain_body() {
    let answer = get("/v1/films/large", &[("Accept-Encoding", "identity;q=0, *;q=0")]).await;
    assert_eq!((answer.status, answer.header("content-encoding")), (200, None));
}

#[tokio::test]
async fn ranges_of_items_are_offered_of_compressed_lists_too() {
    let answer = get("/v1/films", &[("Accept-Encoding", "gzip")]).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!(answer.header("accept-ranges"), Some("items"));
}

#[tokio::test]
async fn a_304_repeats_the_tag_that_the_client_holds() {
    for (path, coding, tag) in [
        ("/v1/films/large", "gzip", "\"r5.1.g1;gzip\""),
        ("/v1/films/large", "br, gzip", "\"r5.1.g1;gzip\""),
        ("/v1/films/large", "gzip", "\"r5.1.g1\""),
        ("/v1/films/1", "gzip", "\"r5.1.g1\""),
    ] {
        let headers = [("Accept-Encoding", coding), ("If-None-Match", tag)];
        let answer = get(path, &headers).await;
        assert_eq!(answer.status, 304, "{coding} {tag}");
        assert_eq!(answer.header("etag"), Some(tag));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=5"));
        assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
        assert_eq!(answer.header("content-length"), None);
        assert_eq!(answer.header("content-encoding"), None);
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn a_weakened_tag_is_answered_with_the_strong_one() {
    let headers = [("Accept-Encoding", "gzip"), ("If-None-Match", "W/\"r5.1.g1;gzip\"")];
    let answer = get("/v1/films/large", &headers).await;
    assert_eq!((answer.status, answer.header("etag")), (304, Some("\"r5.1.g1;gzip\"")));
}

#[tokio::test]
async fn a_tag_of_a_representation_that_will_not_do_gets_a_whole_answer() {
    let recently = ("If-Modified-Since", "Sat, 21 Nov 2026 10:00:00 GMT");
    for tag in ["\"r5.1.g1;gzip\"", "\"r5.1.g1;v1\"", "\"r4\""] {
        let answer = get("/v1/films/large", &[("If-None-Match", tag), recently]).await;
        assert_eq!((answer.status, answer.header("etag")), (200, Some("\"r5.1.g1\"")), "{tag}");
    }
    assert_eq!(get("/v1/films/large", &[recently]).await.status, 304);
}

#[tokio::test]
async fn if_match_understands_the_tag_of_every_representation() {
    let server = start().await;
    for tag in ["\"r5\"", "\"r5.1.g1;gzip\"", "\"r4\", \"r5.1.g1;v1;br\"", "*"] {
        let answer = server.send("PUT", "/v1/films/1", &[("If-Match", tag)]).await;
        assert_eq!(answer.status, 200, "{tag}");
    }
    for tag in ["\"r4\"", "W/\"r5\"", "\"x\""] {
        let answer = server.send("PUT", "/v1/films/1", &[("If-Match", tag)]).await;
        assert_eq!(answer.status, 412, "{tag}");
    }
}

#[tokio::test]
async fn a_broken_condition_is_a_400_that_names_the_header() {
    let server = start().await;
    let answer = server.send("PUT", "/v1/films/1", &[("If-Match", "r5")]).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.problem().errors[0].header.as_deref(), Some("If-Match"));
    let answer = server.send("GET", "/v1/films/1", &[("If-None-Match", "r5")]).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn the_tag_in_the_answer_to_a_command_has_no_ending() {
    let server = start().await;
    let answer = server.send("PUT", "/v1/films/1", &[("Accept-Encoding", "gzip")]).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!(answer.header("etag"), Some("\"r6\""));
    assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
}
