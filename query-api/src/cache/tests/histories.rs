//! Whatever is asked and written, in whatever order, the cache's answers are those of an uncached node.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use events::MovieId;
use proptest::prelude::*;

use super::{shared::World, *};
use crate::testing::Sent;

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

/// Of some nodes, each is asked in its turn.
async fn every_answer_is_that_of_its_position(model: &ReadModel, nodes: &[Node], steps: Vec<Step>) {
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
                    for node in nodes {
                        known(node, heard).await;
                    }
                }
            }
            Step::Ask { address, headers, is_head } => {
                let method = if is_head { "HEAD" } else { "GET" };
                let asked = (&addresses()[address], HEADERS[headers]);
                let answer = nodes[at % nodes.len()].ask(method, asked.0, asked.1).await;
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
        runtime.block_on(async {
            let films: Vec<_> = (0..3).map(|number| variant(number, 4, 1)).collect();
            let (model, node) = with_cache(&films).await;
            every_answer_is_that_of_its_position(&model, &[node], steps).await;
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 32, ..ProptestConfig::default() })]

    #[test]
    fn so_it_is_where_two_nodes_share_answers(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let films: Vec<_> = (0..3).map(|number| variant(number, 4, 1)).collect();
            let world = World::of(&films).await;
            let nodes = [world.node_as_it_is().await, world.node_as_it_is().await];
            every_answer_is_that_of_its_position(&world.model, &nodes, steps).await;
        });
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
