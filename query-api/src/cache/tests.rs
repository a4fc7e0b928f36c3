use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use events::{MovieId, Position};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use read_model::MovieDocument;

use super::*;
use crate::testing::{Node, ReadModel, Sent, film, texts};

const ROOM: u64 = 1 << 20;

/// A film in a genre; long enough to be compressed.
fn drama(title: &str) -> MovieDocument {
    let mut film = film(title);
    film.details.genres = texts(&["Drama"]);
    film.details.synopsis = Some("All work and no play makes Jack a dull boy. ".repeat(40));
    film
}

async fn with_cache(films: &[MovieDocument]) -> (ReadModel, Node) {
    let model = ReadModel::with(films).await;
    let node = model.node(ROOM);
    // The first read is what lets the cache begin.
    node.get("/v1/tags").await;
    known(&node, 0).await;
    (model, node)
}

/// Waits until the cache knows of a version.
async fn known(node: &Node, version: u64) {
    let cache = node.cache.as_ref().unwrap();
    while cache.known().is_none_or(|known| known < version) {
        tokio::task::yield_now().await;
    }
}

/// Changes the read model behind everybody's back: whoever still answers as before has not looked.
async fn meddle(model: &ReadModel, film: &MovieDocument) {
    model.put_film(film).await;
}

fn address(film: &MovieDocument) -> String {
    format!("/v1/movies/{}", film.id)
}

fn retitled(film: &MovieDocument, title: &str) -> MovieDocument {
    let mut other = film.clone();
    title.clone_into(&mut other.details.title);
    other.revision.0 += 1;
    other
}

#[tokio::test]
async fn what_was_asked_once_is_not_read_again() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    let first = node.get(&address(&ran)).await;
    meddle(&model, &retitled(&ran, "Kagemusha")).await;
    let again = node.get(&address(&ran)).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.clone().essence(), first.clone().essence());
    assert_ne!(again.headers["x-request-id"], first.headers["x-request-id"]);
    assert_ne!(again.headers["traceparent"], first.headers["traceparent"]);
}

#[tokio::test]
async fn a_change_that_the_feed_tells_of_is_seen() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    for path in [address(&ran), "/v1/movies?genre=drama".to_owned()] {
        node.get(&path).await;
    }
    let change = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    model.publish(change).await;
    known(&node, 1).await;
    for path in [address(&ran), "/v1/movies?genre=drama".to_owned()] {
        let answer = node.get(&path).await;
        assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"), "{path}");
        assert_eq!(answer.position(), Some(1));
    }
}

#[tokio::test]
async fn an_answer_about_something_else_stays_and_says_how_new_it_is_known_to_be() {
    let (ran, heat) = (drama("Ran"), drama("Heat"));
    let (model, node) = with_cache(&[ran.clone(), heat.clone()]).await;
    let first = node.get(&address(&ran)).await;
    meddle(&model, &retitled(&ran, "Kagemusha")).await;
    let change = model.commit(&[retitled(&heat, "Ronin")]).await;
    model.publish(change).await;
    known(&node, 1).await;
    let again = node.get(&address(&ran)).await;
    assert_eq!((first.position(), again.position()), (Some(0), Some(1)));
    assert_eq!(again.essence(), first.essence());
}

#[tokio::test]
async fn what_was_lost_on_the_way_makes_everything_be_read_again() {
    let (ran, heat) = (drama("Ran"), drama("Heat"));
    let (model, node) = with_cache(&[ran.clone(), heat.clone()]).await;
    let known_change = model.commit(&[]).await;
    model.publish(known_change).await;
    known(&node, 1).await;
    node.get(&address(&ran)).await;
    let _lost = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    let told = model.commit(&[heat]).await;
    model.publish(told).await;
    known(&node, 3).await;
    let answer = node.get(&address(&ran)).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
}

#[tokio::test]
async fn another_generation_makes_everything_be_read_again() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    let old = node.get(&address(&ran)).await;
    model.rebuild().await;
    let change = model.commit(&[]).await;
    model.publish(change).await;
    known(&node, 1).await;
    let new = node.get(&address(&ran)).await;
    assert_eq!(old.headers["etag"], "\"r1.0.g1.s1\"");
    assert_eq!(new.headers["etag"], "\"r1.0.g2.s1\"");
}

#[tokio::test]
async fn news_of_a_generation_that_is_not_read_here_makes_no_answer_look_newer_than_it_is() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    node.get(&address(&ran)).await;
    // Another generation is live, and further; here the old one is read still.
    let elsewhere = |position: u64| {
        let at = |position| Checkpoint { generation: 2, position: Position(position) };
        let (previous, checkpoint) = (at(position - 1), at(position));
        ReadModelChanged { previous, checkpoint, movies: vec![ran.id], facets: Vec::new() }
    };
    for position in 1..=2 {
        model.publish(elsewhere(position + 4)).await;
        // The news after it: once that is known, so is what came before.
        let change = model.commit(&[]).await;
        model.publish(change).await;
        known(&node, position).await;
    }
    assert_eq!(node.cache.as_ref().unwrap().known(), Some(2));
    for _ in 0..2 {
        assert_eq!(node.get(&address(&ran)).await.position(), Some(2));
    }
    let newer = [("cinelog-min-position", "5"), ("prefer", "wait=0")];
    let answer = node.ask("GET", &address(&ran), &newer).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn what_is_known_of_one_generation_is_not_taken_for_known_of_the_next_nor_is_it_taken_back() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    model.reach(7).await;
    known(&node, 7).await;
    // A generation that is not as far.
    model.run("UPDATE checkpoint SET position = 3").await;
    model.rebuild().await;
    let at = model.store().checkpoint().await.unwrap();
    let (previous, movies, facets) = (at, Vec::new(), Vec::new());
    model.publish(ReadModelChanged { previous, checkpoint: at, movies, facets }).await;
    let cache = node.cache.as_ref().unwrap();
    while cache.known() != Some(3) {
        tokio::task::yield_now().await;
    }
    // Answers said that they are of position 7: nobody is told less from now on.
    let address = address(&ran);
    let (asked, ()) = tokio::join!(node.get(&address), async {
        for _ in 3..7 {
            let change = model.commit(&[]).await;
            model.publish(change).await;
        }
    });
    assert_eq!(asked.position(), Some(7));
}

#[tokio::test]
async fn a_change_at_the_position_that_an_answer_shows_already_is_seen() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    let told = model.commit(&[]).await;
    let at = told.checkpoint;
    model.publish(told).await;
    known(&node, 1).await;
    for path in [address(&ran), "/v1/movies?genre=drama".to_owned()] {
        assert_eq!(node.get(&path).await.position(), Some(1));
    }
    // As a retry of what was parked does it.
    meddle(&model, &retitled(&ran, "Kagemusha")).await;
    let (movies, facets) = (vec![ran.id], Vec::new());
    model.publish(ReadModelChanged { previous: at, checkpoint: at, movies, facets }).await;
    // The news after it: once that is known, so is what came before.
    let told = model.commit(&[]).await;
    model.publish(told).await;
    known(&node, 2).await;
    for path in [address(&ran), "/v1/movies?genre=drama".to_owned()] {
        let answer = node.get(&path).await;
        assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"), "{path}");
    }
}

#[tokio::test]
async fn a_feed_that_has_lost_its_voice_keeps_nothing_out_of_date_for_long() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    node.get(&address(&ran)).await;
    let _untold = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    let begun = std::time::Instant::now();
    known(&node, 1).await;
    assert!(begun.elapsed() < 5 * LOOK_EVERY);
    let answer = node.get(&address(&ran)).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
}

#[tokio::test]
async fn whoever_was_shown_a_newer_read_model_is_not_shown_an_older_one() {
    let (ran, heat) = (drama("Ran"), drama("Heat"));
    let (model, node) = with_cache(&[ran.clone(), heat.clone()]).await;
    node.get(&address(&ran)).await;
    // Committed, and the news of it is still on its way.
    let change = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    assert_eq!(node.get(&address(&heat)).await.position(), Some(1));
    let answer = node.get(&address(&ran)).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
    model.publish(change).await;
}

#[tokio::test]
async fn a_kept_answer_is_no_answer_to_who_asks_for_a_newer_one() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    node.get(&address(&ran)).await;
    let change = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    let newer = [("cinelog-min-position", "1")];
    let answer = node.ask("GET", &address(&ran), &newer).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
    model.publish(change).await;
    known(&node, 1).await;
    assert_eq!(node.ask("GET", &address(&ran), &newer).await.essence(), answer.essence());
    let late = [("cinelog-min-position", "2"), ("prefer", "wait=0")];
    let answer = node.ask("GET", &address(&ran), &late).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn one_s_own_rating_and_failures_are_never_kept() {
    let (model, node) = with_cache(&[]).await;
    let ran = drama("Ran");
    assert_eq!(node.get(&address(&ran)).await.status, StatusCode::NOT_FOUND);
    meddle(&model, &ran).await;
    assert_eq!(node.get(&address(&ran)).await.status, StatusCode::OK);
    let mine = format!("{}/ratings/me", address(&ran));
    assert_eq!(node.get(&mine).await.status, StatusCode::UNAUTHORIZED);
}

#[test]
fn what_is_public_is_what_the_document_says_needs_no_token() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let needs_token = item["get"]["security"].as_array().is_some_and(|all| !all.is_empty());
        let is_schema = path.starts_with("/v1/schemas");
        assert_eq!(is_public(path), !needs_token && !is_schema, "{path}");
    }
    for path in ["/", "/v1", "/v1/", "/v1/jobs", "/v1/jobs/1", "/v1/moviesx", "/v2/movies"] {
        assert!(!is_public(path), "{path}");
    }
}

#[tokio::test]
async fn many_who_ask_at_once_get_the_same() {
    let ran = drama("Ran");
    let (_model, node) = with_cache(std::slice::from_ref(&ran)).await;
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let (node, address) = (node.clone(), address(&ran));
            tokio::spawn(async move { node.get(&address).await })
        })
        .collect();
    let mut answers = Vec::new();
    for asked in asking {
        answers.push(asked.await.unwrap().essence());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.status == StatusCode::OK));
}

/// Headers that requests have, alone or together.
const HEADERS: [&[(&str, &str)]; 18] = [
    &[],
    &[("accept-encoding", "gzip")],
    &[("accept-encoding", "br;q=0.5, zstd")],
    &[("accept", "application/vnd.cinelog.v1+json")],
    &[("accept", "application/vnd.cinelog.v1+json"), ("accept-encoding", "br, gzip")],
    &[("accept", "text/html")],
    &[("accept", "text/html"), ("accept", "application/json;q=0.2")],
    &[("if-none-match", "*")],
    &[("if-none-match", "\"r1.0.g1.s1\""), ("accept-encoding", "gzip")],
    &[("if-none-match", "\"x\", W/\"r1.0.g1.s1;gzip\""), ("accept-encoding", "gzip, br")],
    &[("if-none-match", "\"r2.0.g1.s1;v1\""), ("accept", "application/vnd.cinelog.v1+json")],
    &[("if-none-match", "broken")],
    &[("if-modified-since", "Wed, 01 May 2024 12:00:00 GMT"), ("accept-encoding", "zstd")],
    &[
        ("if-none-match", "\"r1.0.g1.s1;br\""),
        ("if-modified-since", "Wed, 01 May 2024 12:00:00 GMT"),
    ],
    &[("prefer", "count=exact"), ("range", "items=0-1")],
    &[("prefer", "count=estimated, wait=3"), ("cinelog-min-position", "0")],
    &[("authorization", "Bearer nonsense"), ("cookie", "a=b"), ("x-forwarded-for", "::1")],
    &[("cinelog-min-position", "soon"), ("prefer", "count=exact")],
];

/// What is asked for.
fn addresses() -> Vec<String> {
    let film = drama("Film 0");
    let mut addresses: Vec<String> = [
        "/v1/movies",
        "/v1/movies?genre=drama&sort=-rating&limit=2",
        "/v1/movies?q=film&fields=title",
        "/v1/movies?colour=red",
        "/v1/genres",
        "/v1/genres/drama",
        "/v1/genres/drama/movies?limit=1",
        "/v1/tags/none",
    ]
    .map(str::to_owned)
    .into();
    addresses.extend(
        ["", "?fields=title", "/genres", "/ratings"]
            .map(|rest| format!("{}{rest}", address(&film))),
    );
    addresses
}

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A film changes. The feed hears of it at once, later, or never.
    Write {
        film: usize,
        variant: u8,
        told: Told,
    },
    Ask {
        address: usize,
        headers: usize,
        is_head: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    AtOnce,
    Later,
    Never,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let told = prop_oneof![4 => Just(Told::AtOnce), 2 => Just(Told::Later), 1 => Just(Told::Never)];
    let write = (0..3_usize, 0..5_u8, told).prop_map(|(film, variant, told)| Step::Write {
        film,
        variant,
        told,
    });
    let ask = (0..addresses().len(), 0..HEADERS.len(), prop::bool::weighted(0.2))
        .prop_map(|(address, headers, is_head)| Step::Ask { address, headers, is_head });
    prop::collection::vec(prop_oneof![1 => write, 5 => ask], 1..40)
}

/// One of three films, as it may be at some time.
fn variant(film: usize, variant: u8, revision: u64) -> MovieDocument {
    let mut film = drama(&format!("Film {film}"));
    film.revision.0 = revision;
    match variant {
        0 => film.details.title.push_str(" again"),
        1 => film.details.genres = texts(&["Drama", "Crime"]),
        2 => (film.rating.sum, film.rating.count, film.rating_revision) = (8, 1, revision),
        3 => film.deleted = true,
        _ => film.details.synopsis = None,
    }
    film
}

/// Whatever was asked of an uncached node when the read model was at a position.
type History = HashMap<(u64, usize, usize, bool), Sent>;

/// Asks all that will be asked, at a position.
async fn record(history: &mut History, uncached: &Node, position: u64, steps: &[Step]) {
    for step in steps {
        let Step::Ask { address, headers, is_head } = step else { continue };
        let method = if *is_head { "HEAD" } else { "GET" };
        let mut answer = uncached.ask(method, &addresses()[*address], HEADERS[*headers]).await;
        if *is_head {
            // Which hyper does not send.
            answer.body = Default::default();
        }
        history.insert((position, *address, *headers, *is_head), answer.essence());
    }
}

/// Problems repeat the id of their request.
fn without_request_id(mut sent: Sent) -> Sent {
    if sent.headers.get("content-type").is_some_and(|kind| kind == "application/problem+json")
        && let Ok(mut problem) = serde_json::from_slice::<serde_json::Value>(&sent.body)
    {
        problem["request_id"] = "".into();
        sent.body = problem.to_string().into();
    }
    sent
}

async fn every_answer_is_that_of_its_position(steps: Vec<Step>) {
    let films: Vec<_> = (0..3).map(|number| variant(number, 4, 1)).collect();
    let (model, node) = with_cache(&films).await;
    let uncached = model.node(0);
    let mut history = History::new();
    record(&mut history, &uncached, 0, &steps).await;
    let (mut position, mut heard, mut later) = (0, 0, Vec::new());
    for (at, step) in steps.iter().enumerate() {
        match *step {
            Step::Write { film, variant: which, told } => {
                let change = model.commit(&[variant(film, which, position + 2)]).await;
                position += 1;
                record(&mut history, &uncached, position, &steps[at..]).await;
                if told == Told::Never {
                    later.clear();
                } else {
                    later.push(change);
                }
                if told == Told::AtOnce {
                    for change in later.drain(..) {
                        model.publish(change).await;
                    }
                    heard = position;
                    known(&node, heard).await;
                }
            }
            Step::Ask { address, headers, is_head } => {
                let method = if is_head { "HEAD" } else { "GET" };
                let asked = (&addresses()[address], HEADERS[headers]);
                let answer = node.ask(method, asked.0, asked.1).await;
                // Failures do not say what they reflect: they are always new.
                let shows = answer.position().unwrap_or(position);
                assert!((heard..=position).contains(&shows), "{asked:?} shows {shows}");
                let expected = history[&(shows, address, headers, is_head)].clone();
                let mut answer = without_request_id(answer.essence());
                if is_head {
                    answer.body = Default::default();
                }
                assert_eq!(answer, without_request_id(expected), "{asked:?} at {shows}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_byte_for_byte_what_the_read_model_was_at_the_position_it_names(
        steps in steps(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(every_answer_is_that_of_its_position(steps));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_films_change_nobody_sees_what_was_before_the_position_they_are_told() {
    let id: MovieId = drama("Film 0").id;
    let model = ReadModel::with(&[drama("Film 0")]).await;
    let node = model.node(ROOM);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (node, done) = (node.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !done.load(Ordering::Acquire) {
                    let answer = node.get(&format!("/v1/movies/{id}")).await;
                    let film: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                    seen.push((answer.position().unwrap(), film["revision"].as_u64().unwrap()));
                    // As a connection does, which waits for its next request.
                    tokio::task::yield_now().await;
                }
                seen
            })
        })
        .collect();
    // The film's revision is one more than the position that made it.
    for revision in 2..60 {
        let mut film = drama("Film 0");
        film.revision.0 = revision;
        let change = model.commit(&[film]).await;
        if revision % 3 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        model.publish(change).await;
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        let seen = reader.await.unwrap();
        assert!(seen.iter().all(|(position, revision)| position + 1 == *revision), "{seen:?}");
        assert!(seen.is_sorted(), "nobody goes back");
    }
}

#[tokio::test]
async fn headers_that_no_answer_depends_on_leave_no_trace_in_it() {
    let ran = drama("Ran");
    let (_model, node) = with_cache(std::slice::from_ref(&ran)).await;
    let marks = [
        ("x-request-id", "poison-1"),
        ("host", "poison-2.example"),
        ("x-forwarded-host", "poison-3.example"),
        ("origin", "https://poison-4.example"),
        ("authorization", "Bearer poison-5"),
    ];
    let poisoned = node.ask("GET", &address(&ran), &marks).await;
    assert_eq!(poisoned.headers["x-request-id"], "poison-1");
    let clean = node.get(&address(&ran)).await;
    let shown = |headers: &HeaderMap| format!("{headers:?}");
    assert!(!shown(&clean.headers).contains("poison"));
    assert!(!String::from_utf8_lossy(&clean.body).contains("poison"));
    assert_eq!(clean.essence(), poisoned.essence());
}
