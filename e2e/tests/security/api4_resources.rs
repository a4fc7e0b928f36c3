//! API4: unrestricted resource consumption. Somebody sends little that costs much.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use e2e::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{PASSWORD, Place, editor, film, text};

/// No single request may keep the server busy for longer. Machines that run tests are slow.
const LONG: Duration = Duration::from_secs(30);

/// No refusal is longer than this, whatever was sent.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// Sends on a connection of its own: whoever answers before all was sent may close it. `None` where it hung
/// up before its answer was read.
async fn send(
    client: &Client,
    method: Method,
    path: &str,
    kind: &str,
    body: Vec<u8>,
) -> Option<Answer> {
    let started = Instant::now();
    let client = client.waiting_at_most(LONG * 2);
    let request = client.request(method, path).header("Content-Type", kind);
    let answer = Answer::try_to(request.body(body)).await.ok();
    assert!(started.elapsed() < LONG, "{path} took {:?}", started.elapsed());
    answer
}

#[track_caller]
fn is_refused(answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert!(answer.text.len() < REFUSAL_BYTES_MAX, "{} bytes", answer.text.len());
    assert_eq!(answer.header("Content-Type"), "application/problem+json");
}

#[tokio::test]
async fn json_without_bottom_or_end_is_refused_at_once() {
    let place = Place::open();
    let editor = place.server.caller("editor");
    let anyone = place.anyone();
    let deep =
        |open: &str, close: &str| (open.repeat(100_000) + &close.repeat(100_000)).into_bytes();
    let bodies = [
        deep("[", "]"),
        deep("{\"title\":", "1}"),
        format!("{{\"title\":\"x\",\"genres\":[{}]}}", vec!["\"g\""; 200_000].join(","))
            .into_bytes(),
        format!("{{\"title\":\"{}\"}}", "x".repeat(900_000)).into_bytes(),
        format!("{{{}}}", vec!["\"a\":1"; 150_000].join(",")).into_bytes(),
        format!("{{\"year\":{}}}", "9".repeat(900_000)).into_bytes(),
        format!("{{\"year\":1e{}}}", "9".repeat(1000)).into_bytes(),
    ];
    for body in bodies {
        for (client, path) in
            [(&editor, "/v1/movies"), (&anyone, "/v1/login"), (&anyone, "/v1/accounts")]
        {
            let answer = send(client, Method::POST, path, "application/json", body.clone()).await;
            answer.iter().for_each(is_refused);
        }
        anyone.get("/v1/movies").await.expect(200);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_packed_is_refused_before_it_is_read() {
    let place = Place::open();
    let editor = place.server.caller("editor");
    let large = vec![b' '; 32 << 20];
    let request = editor.request(Method::POST, "/v1/movies");
    let request = request.header("Content-Type", "application/json").body(large);
    // It may hang up while more is being sent.
    if let Ok(answer) = Answer::try_to(request).await {
        assert_eq!(answer.status, 413);
    }
    // 64 MiB of nothing in 64 KiB.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        packed.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let packed = packed.finish().unwrap();
    for coding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        // On a connection of its own: it may be closed when not all was read.
        let request = editor.waiting_at_most(LONG * 6).request(Method::POST, "/v1/movies");
        let request = request.header("Content-Type", "application/json");
        let request = request.header("Content-Encoding", coding).body(packed.clone());
        assert_eq!(Answer::to(request).await.status, 415, "{coding}");
    }
    place.anyone().get("/v1/movies").await.expect(200);
}

#[tokio::test]
async fn searches_and_queries_that_are_made_to_be_slow_are_not() {
    let place = Place::open();
    film(&place.server).await;
    let anyone = place.anyone();
    let words = |word: &str, count: usize| vec![word; count].join("+");
    let queries = [
        format!("q={}", words("a", 5000)),
        format!("q={}", words("stalker", 3000)),
        format!("q={}", "a".repeat(30_000)),
        format!("q={}", "(a%2B)%2B".repeat(1000)),
        format!("q={}", "%25".repeat(5000)),
        format!("q={}", "*".repeat(5000)),
        format!("q={}", "%22".repeat(5001)),
        format!("q={}", "%EF%B7%BA".repeat(2000)),
        format!("q={}", words("NEAR(a+b)+OR", 1000)),
        format!("genre={}", words("x,", 4000)),
        format!("sort={}", words("title,", 3000)),
        format!("fields={}", "title,".repeat(4000)),
        vec!["genre=a"; 3000].join("&"),
        format!("cursor={}", "A".repeat(30_000)),
        "page=99999999999999999999".to_owned(),
        "limit=0".to_owned(),
    ];
    for query in queries {
        let started = Instant::now();
        let answer = anyone.get(&format!("/v1/movies?{query}")).await;
        let shown = &query[..query.len().min(40)];
        assert!([200, 400, 414].contains(&answer.status), "{shown}: {}", answer.status);
        assert!(started.elapsed() < LONG, "{shown} took {:?}", started.elapsed());
        assert!(answer.text.len() < REFUSAL_BYTES_MAX, "{shown}: {} bytes", answer.text.len());
    }
}

#[tokio::test]
async fn no_page_is_longer_than_the_longest_and_that_is_said() {
    let place = Place::with(&[]);
    let admin = place.server.caller("admin");
    let editor = place.server.caller("editor");
    for number in 0..3 {
        editor.post("/v1/movies", json!({"title": format!("Film {number}")})).await.expect(201);
    }
    for path in ["/v1/movies", "/v1/audit", "/v1/accounts"] {
        let answer = admin.get(&format!("{path}?limit=1000000000")).await.expect(200);
        assert_eq!(answer.json()["limit_applied"], 100, "{path}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_short_and_many_of_them_are_no_burden() {
    let place = Place::open();
    let editor = place.server.caller("editor");
    let post = async |key: &str| {
        let request = editor.request(Method::POST, "/v1/movies").header("Idempotency-Key", key);
        Answer::to(request.json(&json!({"title": "x"}))).await
    };
    is_refused(&post(&"k".repeat(5000)).await);
    for number in 0..300 {
        post(&format!("key-{number}")).await.expect(201);
    }
    let started = Instant::now();
    post("key-0").await.expect(201);
    assert!(started.elapsed() < LONG);
}

/// argon2 on a text without end would be a way to keep all cores busy.
#[tokio::test]
async fn a_password_has_an_end_before_it_is_hashed() {
    let place = Place::open();
    let anyone = place.anyone();
    let long = "pass word ".repeat(50_000);
    let started = Instant::now();
    let body = json!({"email": "ann@people.example", "password": long});
    is_refused(&anyone.post("/v1/accounts", body.clone()).await);
    is_refused(&anyone.post("/v1/login", body).await);
    assert!(started.elapsed() < LONG);
}

/// As many as like it at once: some are told to come back, and nobody else notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_signs_in_at_once_waits_in_a_bounded_line() {
    let place = Place::open();
    let ann = place.person("ann").await;
    let tries = (0..200).map(|number| {
        let (anyone, email) = (place.anyone(), format!("{number}@people.example"));
        tokio::spawn(async move {
            let answer =
                anyone.post("/v1/login", json!({"email": email, "password": PASSWORD})).await;
            (answer.status, answer.header("Retry-After").to_owned())
        })
    });
    let tries: Vec<_> = tries.collect();
    let started = Instant::now();
    let other: Value = ann.client.get("/v1/movies").await.expect(200).json();
    assert!(other["items"].is_array());
    assert!(started.elapsed() < LONG);
    for one in tries {
        let (status, retry_after) = one.await.unwrap();
        assert!([401, 429, 503].contains(&status), "{status}");
        assert!(status == 401 || !retry_after.is_empty());
    }
}

/// A key that may change the catalogue.
async fn key(owner: &Client) -> String {
    let asked = json!({"name": "import", "scopes": ["catalogue:write"]});
    text(&owner.post("/v1/account/api-keys", asked).await.expect(201).json(), "key").to_owned()
}

#[tokio::test]
async fn keys_that_may_be_made_up_are_not_looked_up_once_their_address_has_asked_enough() {
    let place = Place::open_with(&[
        ("CINELOG__LIMITS__WRITE__ANONYMOUS", "3 per hour"),
        ("CINELOG__LIMITS__WRITE__VIEWER", "unlimited"),
    ]);
    let elsewhere = Place::open();
    let (ann, bob) = (editor(&place, "ann").await, editor(&elsewhere, "bob").await);
    let post = async |key: &str| {
        let client = place.anyone().with_token(key);
        client.post("/v1/movies?dry_run=true", json!({"title": "Ran"})).await.status
    };
    let (used, unused) = (key(&ann.client).await, key(&ann.client).await);
    assert_eq!(post(&used).await, 200);
    // Whole, and known to another server only.
    let made_up = key(&bob.client).await;
    for status in [401, 401, 401, 429] {
        assert_eq!(post(&made_up).await, status);
    }
    // Had it been looked up, it would count for its owner, who has no limit.
    assert_eq!(post(&unused).await, 429);
    assert_eq!(post(&used).await, 200, "what is known needs no look into the store");
}
