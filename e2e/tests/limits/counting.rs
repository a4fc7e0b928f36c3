//! What counts, what costs nothing, and what a caller is told.

use std::time::{Duration, Instant};

use e2e::{Answer, PATIENCE};
use reqwest::Method;

use crate::ground::{Ground, NO_FILM, QUOTA_EXCEEDED, admitted, left, metric, policies};

const ADMITTED: &str = "cinelog_rate_limit_requests_total{group=\"read\",outcome=\"admitted\"}";
const REFUSED: &str = "cinelog_rate_limit_requests_total{group=\"read\",outcome=\"refused\"}";
const HITS: &str = "cinelog_response_cache_requests_total{outcome=\"hit\"}";

#[tokio::test]
async fn a_quota_is_had_to_the_last_and_then_429_says_what_is_violated_and_when_to_come_again() {
    let ground = Ground::with(&[("read", "3 per minute; 100 per hour")]);
    let (film, reader) = (ground.film().await, ground.server.anyone());
    for remaining in [2, 1, 0] {
        let answer = reader.get(&film).await.expect(200);
        let [minute, hour] = ["read-minute", "read-hour"];
        let told = policies(&answer);
        assert_eq!((told[minute], told[hour]), ((3, 60), (100, 3_600)));
        let (is_left, ends) = left(&answer)[minute];
        assert!(is_left == remaining && (1..=60).contains(&ends), "{answer:?}");
        assert_eq!(left(&answer)[hour].0, 97 + remaining);
        assert_eq!(answer.header("x-ratelimit-limit"), "3");
        assert_eq!(answer.header("x-ratelimit-remaining"), remaining.to_string());
        assert_eq!(answer.header("x-ratelimit-reset"), ends.to_string());
        assert_eq!(answer.header("retry-after"), "");
    }
    let refused = reader.get(&film).await.expect(429);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.header("cache-control"), "no-store");
    let problem = refused.json();
    assert_eq!(problem["type"], QUOTA_EXCEEDED);
    assert_eq!(problem["violated-policies"], serde_json::json!(["read-minute"]));
    assert_eq!((&problem["status"], &problem["instance"]), (&429.into(), &film.as_str().into()));
    assert_eq!(problem["request_id"], refused.header("x-request-id"));
    let retry_after: u64 = refused.header("retry-after").parse().unwrap();
    assert!(left(&refused).values().all(|(is_left, ends)| *is_left == 0 && *ends <= retry_after));
    assert!((1..=60).contains(&retry_after) && policies(&refused).len() == 2, "{refused:?}");
    let server = &ground.server;
    assert_eq!((metric(server, ADMITTED).await, metric(server, REFUSED).await), (4.0, 1.0));
    // The page is still ours.
    let page = server.caller("admin").get("/problems/quota-exceeded").await.expect(200);
    assert!(page.text.contains("violated-policies"), "{page:?}");
}

#[tokio::test]
async fn what_is_refused_takes_nothing_and_who_waits_as_long_as_told_is_let_in() {
    let ground = Ground::with(&[("read", "2 per 2 seconds; 5000 per hour")]);
    let reader = ground.server.anyone();
    let mut let_in = 0;
    for _ in 0..5 {
        let_in += admitted(&reader, NO_FILM, 20).await as u64;
        // Until it is refused: a slow machine comes late.
        let refused = loop {
            let answer = reader.get(NO_FILM).await;
            if answer.status == 429 {
                break answer;
            }
            let_in += 1;
        };
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=2).contains(&wait), "{refused:?}");
        tokio::time::sleep(Duration::from_secs(wait)).await;
        reader.get(NO_FILM).await.expect(404);
        let_in += 1;
    }
    let last = loop {
        let answer = reader.get(NO_FILM).await;
        if answer.status == 404 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    // Many were refused; only who was let in has taken anything.
    assert_eq!(left(&last)["read-hour"].0, 5000 - let_in - 1, "{last:?}");
    assert!(let_in < 100, "{let_in}");
}

#[tokio::test]
async fn what_is_kept_ready_counts_as_well() {
    let ground = Ground::with(&[("read", "40 per hour")]);
    let (film, reader) = (ground.film().await, ground.server.anyone());
    let hits = metric(&ground.server, HITS).await;
    assert_eq!(admitted(&reader, &film, 60).await, 40);
    assert!(metric(&ground.server, HITS).await >= hits + 30.0, "they came out of the cache");
}

#[tokio::test]
async fn as_before_costs_nothing() {
    let ground = Ground::with(&[("read", "3 per hour")]);
    let (film, reader) = (ground.film().await, ground.server.anyone());
    let first = reader.get(&film).await.expect(200);
    for _ in 0..10 {
        let same = reader.get_with(&film, "If-None-Match", first.header("etag")).await.expect(304);
        assert_eq!(left(&same)["read-hour"].0, 2, "{same:?}");
    }
    reader.get(&film).await.expect(200);
    Answer::to(reader.request(Method::HEAD, &film)).await.expect(200);
    reader.get(&film).await.expect(429);
    let refused = Answer::to(reader.request(Method::HEAD, &film)).await.expect(429);
    assert_eq!(refused.text, "");
}

#[tokio::test]
async fn what_this_server_fails_to_do_costs_nothing() {
    let ground = Ground::with(&[("read", "2 per hour"), ("search", "2 per hour")]);
    let (film, reader) = (ground.film().await, ground.server.anyone());
    for target in [film.as_str(), "/v1/movies"] {
        for _ in 0..5 {
            let request = reader.request(Method::GET, target);
            let request = request.header("Cinelog-Min-Position", "99999999");
            let late = Answer::to(request.header("Prefer", "wait=0")).await.expect(503);
            // Who is told to come again soon is not told anything else.
            assert_eq!(
                (!late.header("retry-after").is_empty(), late.header("ratelimit")),
                (true, "")
            );
        }
        assert_eq!(admitted(&reader, target, 5).await, 2);
    }
}

#[tokio::test]
async fn health_preflights_and_addresses_that_do_not_exist_are_never_counted() {
    let ground = Ground::with(&[
        ("read", "1 per hour"),
        ("search", "with read"),
        ("write", "1 per hour"),
        ("server/cors/origins", "https://films.example"),
    ]);
    let reader = ground.server.anyone();
    assert_eq!(admitted(&reader, NO_FILM, 3).await, 1);
    for _ in 0..5 {
        reader.get("/livez").await.expect(200);
        reader.get("/readyz").await.expect(200);
        reader.at(&ground.server.admin_url).get("/metrics").await.expect(200);
        Answer::to(reader.request(Method::OPTIONS, NO_FILM)).await.expect(204);
        let preflight = reader.request(Method::OPTIONS, NO_FILM);
        let preflight = preflight.header("Origin", "https://films.example");
        let preflight = preflight.header("Access-Control-Request-Method", "PUT");
        Answer::to(preflight).await.expect(204);
        reader.get("/v1/nothing/here").await.expect(404);
    }
    // A page of another origin can read what it is told.
    let page = reader.request(Method::GET, NO_FILM).header("Origin", "https://films.example");
    let refused = Answer::to(page).await.expect(429);
    assert_eq!(refused.header("access-control-allow-origin"), "https://films.example");
    for name in ["RateLimit", "RateLimit-Policy", "Retry-After", "X-RateLimit-Remaining"] {
        assert!(refused.header("access-control-expose-headers").contains(name), "{name}");
    }
}

#[tokio::test]
async fn by_default_nobody_who_reads_or_writes_is_limited() {
    let ground = Ground::with(&[]);
    let film = ground.film().await;
    let started = Instant::now();
    let answer = ground.server.anyone().get(&film).await.expect(200);
    for name in ["ratelimit", "ratelimit-policy", "x-ratelimit-limit"] {
        assert_eq!(answer.header(name), "", "{name}");
    }
    assert_eq!(admitted(&ground.server.anyone(), &film, 500).await, 500);
    assert!(started.elapsed() < PATIENCE);
}

#[tokio::test]
async fn of_many_who_ask_at_once_no_more_are_let_in_than_the_quota() {
    let ground = Ground::with(&[("read", "100 per hour")]);
    let reader = ground.server.anyone();
    let asking = (0..300).map(|_| reader.get(NO_FILM));
    let answers = futures::future::join_all(asking).await;
    let admitted = answers.iter().filter(|answer| answer.status == 404).count();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((admitted, refused), (100, 200));
    // Each of those let in was told another number.
    let mut told: Vec<u64> = answers
        .iter()
        .filter(|answer| answer.status == 404)
        .map(|answer| left(answer)["read-hour"].0)
        .collect();
    told.sort_unstable();
    assert_eq!(told, (0..100).collect::<Vec<u64>>());
}
