//! An answer to somebody is given to nobody else: whatever they send, and whatever mistakes are made behind.

use e2e::{Answer, Client};
use proving_ground::GatewayKind;
use reqwest::Method;
use serde_json::json;

use crate::{
    on_every_gateway,
    origin::{Origin, Said},
    site::{KEPT_LONG, Site, cache},
};

/// An origin that shows everybody what they said, and lets all caches keep it.
fn careless() -> Origin {
    Origin::start(|said: &Said| {
        let seen =
            ["authorization", "cookie", "range", "cinelog-min-position", "prefer", "x-request-id"];
        let seen = seen.map(|name| format!("{name}={}", said.header(name))).join(";");
        said.answer(200, &seen, &[("cache-control", "public, max-age=600"), ("etag", "\"same\"")])
    })
}

async fn ask(client: &Client, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request(Method::GET, "/v1/movies");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::to(request).await
}

async fn what_somebody_gets_with_their_token_nobody_else_gets_though_the_node_says_that_all_may(
    kind: GatewayKind,
) {
    let origin = careless();
    let (_gateway, reader) = origin.before(kind).await;
    let callers: [&[(&str, &str)]; 6] = [
        &[("authorization", "Bearer alice")],
        &[("authorization", "Bearer bob")],
        &[("Authorization", "Basic YTpi"), ("cookie", "session=alice")],
        &[("range", "items=0-0")],
        &[("cinelog-min-position", "7")],
        &[("authorization", "Bearer alice"), ("if-none-match", "\"other\"")],
    ];
    for _ in 0..3 {
        for headers in callers {
            let answer = ask(&reader, headers).await.expect(200);
            assert_ne!(cache(&answer), "HIT", "{headers:?}");
            for (name, value) in headers.iter().filter(|(name, _)| *name != "if-none-match") {
                let said = format!("{}={value}", name.to_lowercase());
                assert!(answer.text.contains(&said), "{headers:?}: {}", answer.text);
            }
        }
        // Who says nothing is told nothing of anybody, from the cache or not.
        let nobodys = ask(&reader, &[]).await.expect(200);
        let said = "authorization=;cookie=;range=;cinelog-min-position=;prefer=;";
        assert!(nobodys.text.starts_with(said), "{}", nobodys.text);
    }
}

async fn a_cookie_reaches_no_answer_that_is_kept(kind: GatewayKind) {
    let origin = careless();
    let (_gateway, reader) = origin.before(kind).await;
    let first = ask(&reader, &[("cookie", "session=alice")]).await;
    assert!(first.text.contains("cookie=;"), "{}", first.text);
    let second = ask(&reader, &[("cookie", "session=bob")]).await;
    assert_eq!((cache(&second), &second.text), ("HIT", &first.text));
}

async fn an_answer_that_sets_a_cookie_or_varies_with_everything_is_not_kept(kind: GatewayKind) {
    let origin = Origin::start(|said: &Said| {
        let (number, control) = (said.number.to_string(), ("cache-control", "public, max-age=600"));
        match said.path.as_str() {
            "/v1/movies?cookie" => said.answer(200, &number, &[control, ("set-cookie", "a=b")]),
            "/v1/movies?all" => said.answer(200, &number, &[control, ("vary", "*")]),
            _ => said.answer(200, &number, &[control, ("vary", "Authorization, Accept")]),
        }
    });
    let (_gateway, reader) = origin.before(kind).await;
    for target in ["/v1/movies?cookie", "/v1/movies?all"] {
        let (first, second) = (reader.get(target).await, reader.get(target).await);
        assert_ne!(first.text, second.text, "{target}");
    }
    let json = [("accept", "application/json")];
    let (first, other) = (ask(&reader, &json).await, ask(&reader, &[("accept", "text/csv")]).await);
    assert_ne!(first.text, other.text);
    assert_eq!(ask(&reader, &json).await.text, first.text);
}

async fn who_asks_first_is_not_told_to_who_asks_next(kind: GatewayKind) {
    let site = Site::that_does_not_purge(kind, &KEPT_LONG).await;
    let film = site.add("Ran").await;
    let reader = site.reader();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let first = reader.request(Method::GET, &film).header("x-request-id", "first-1");
    let first = Answer::to(first.header("traceparent", trace)).await.expect(200);
    assert_eq!(first.header("x-request-id"), "first-1");
    let mut ids = vec!["first-1".to_owned()];
    for _ in 0..3 {
        let next = reader.get(&film).await.expect(200);
        assert_eq!(cache(&next), "HIT");
        assert!(!next.header("x-request-id").is_empty());
        assert!(!next.header("traceparent").contains("0af7651916cd43dd8448eb211c80319c"));
        ids.push(next.header("x-request-id").to_owned());
    }
    let named = reader.get_with(&film, "x-request-id", "next-2").await;
    assert_eq!(named.header("x-request-id"), "next-2");
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "{ids:?}");
}

async fn everybody_sees_their_own_rating_and_whoever_has_none_sees_none(kind: GatewayKind) {
    let site = Site::new(kind, &KEPT_LONG).await;
    let film = site.add("Ran").await;
    let own = format!("{film}/ratings/me");
    let (alice, bob, nobody) = (site.writer("member"), site.writer("member"), site.reader());
    let rated = alice.put(&own, json!({"value": 9})).await.expect(201);
    let position = rated.header("cinelog-position");
    alice.get_at(&own, position).await.expect(200);
    for _ in 0..3 {
        let answer = alice.get(&own).await.expect(200);
        assert_eq!((&answer.json()["value"], cache(&answer)), (&json!(9), "BYPASS"));
        bob.get(&own).await.expect(404);
        nobody.get(&own).await.expect(401);
        let odd =
            [format!("{own}?"), format!("{own}?fields=value"), own.replace("ratings", "Ratings")];
        for target in odd {
            assert!(matches!(nobody.get(&target).await.status, 401 | 404), "{target}");
        }
        let head = Answer::to(nobody.request(Method::HEAD, &own)).await;
        assert_eq!(head.status, 401);
        nobody.get_with(&own, "cookie", "session=alice").await.expect(401);
        nobody.get_with(&own, "if-none-match", "*").await.expect(401);
    }
    // A wrong token is refused where a token is needed, and is not somebody else's answer elsewhere.
    nobody.with_token("nonsense").get(&own).await.expect(401);
}

on_every_gateway! {
    what_somebody_gets_with_their_token_nobody_else_gets_though_the_node_says_that_all_may,
    a_cookie_reaches_no_answer_that_is_kept,
    an_answer_that_sets_a_cookie_or_varies_with_everything_is_not_kept,
    who_asks_first_is_not_told_to_who_asks_next,
    everybody_sees_their_own_rating_and_whoever_has_none_sees_none,
}
