//! A list of films and a deep page of it, in a small and in a large catalogue.

use std::time::{Duration, Instant};

use crate::{
    connection::Connection,
    figure::{Aim, Figure, number},
    load::get,
    measure::Times,
    sections::Bench,
    server::{QUIET, Server, UNCACHED},
};

/// A genre that is everywhere, one in the middle, and a rare one.
const GENRES: [&str; 3] = ["drama", "thriller", "sport"];

/// Requests to each side, at most.
const REQUESTS_MAX: usize = 600;

/// How long the way down to a deep page may take, for each genre.
const DESCENT_MAX: Duration = Duration::from_secs(20);

/// Where pages are so many films deep, it is deep enough; or halfway, where that is less.
const PAGE_FILMS: usize = 100;

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let (small, large) = (bench.small().await, bench.large().await);
    let settings = &[QUIET, UNCACHED];
    let small_server = Server::start(&bench.binary, &small.folder, settings).await;
    let large_server = Server::start(&bench.binary, &large.folder, settings).await;
    let first: Vec<_> = GENRES.iter().map(|genre| list(genre)).collect();
    let (mut deep_small, mut deep_large, mut depths) = (Vec::new(), Vec::new(), Vec::new());
    for target in &first {
        let (small, _) = deep_page(&small_server, target).await;
        let (large, depth) = deep_page(&large_server, target).await;
        deep_small.push(small);
        deep_large.push(large);
        depths.push(number(depth as f64));
    }
    let sides = [&small_server, &large_server];
    let patience = bench.runs.duration * 10;
    let list_times = in_turns(sides, [&first, &first], patience).await;
    let deep_times = in_turns(sides, [&deep_small, &deep_large], patience).await;
    small_server.stop();
    large_server.stop();

    let films = [small.contents.films, large.contents.films].map(|films| number(films as f64));
    let list = "`GET /v1/movies?genre=…&sort=-rating&limit=25`, uncached";
    let deep = format!("a page halfway down ({} films deep)", depths.join(", "));
    vec![figure(list, &films, &list_times), figure(&deep, &films, &deep_times)]
}

fn figure(what: &str, films: &[String; 2], [small, large]: &[Times; 2]) -> Figure {
    let said = |times: &Times, films| {
        let (median, slow) = (times.quantile_ms(0.5), times.quantile_ms(0.99));
        format!("p50 {} ms, p99 {} ms: {films} films", number(median), number(slow))
    };
    let ratio = large.quantile_ms(0.5) / small.quantile_ms(0.5);
    Figure::said(what, said(large, &films[1]))
        .against(said(small, &films[0]), ratio)
        .aim(Aim::AtMost(2.0))
}

fn list(genre: &str) -> String {
    format!("/v1/movies?genre={genre}&sort=-rating&limit=25")
}

/// The address of a page in the middle of a list, and how deep it is. Found by following the links.
async fn deep_page(server: &Server, first: &str) -> (String, usize) {
    let mut connection = server.connect().await;
    let counted = get(first, &[("Prefer", "count=exact")]);
    let total = json(&mut connection, &counted).await["total"].as_u64().unwrap_or_default();
    let halfway = usize::try_from(total / 2).unwrap_or(usize::MAX);
    let (mut next, mut depth) = (first.replace("limit=25", &format!("limit={PAGE_FILMS}")), 0);
    let begun = Instant::now();
    while depth < halfway && begun.elapsed() < DESCENT_MAX {
        let page = json(&mut connection, &get(&next, &[])).await;
        let Some(link) = page["links"]["next"].as_str() else { break };
        next = link.to_owned();
        depth += PAGE_FILMS;
    }
    (next.replace(&format!("limit={PAGE_FILMS}"), "limit=25"), depth)
}

async fn json(connection: &mut Connection, request: &[u8]) -> serde_json::Value {
    let answer = connection.ask(request).await.expect("the server answers");
    answer.expect(&[200]);
    serde_json::from_slice(answer.body).expect("a list is JSON")
}

/// Asks both sides in turns, one request at a time, for at most `patience`.
async fn in_turns(
    servers: [&Server; 2],
    targets: [&Vec<String>; 2],
    patience: Duration,
) -> [Times; 2] {
    let mut connections = [servers[0].connect().await, servers[1].connect().await];
    let mut times = [Times::default(), Times::default()];
    let begun = Instant::now();
    for at in 0..REQUESTS_MAX {
        for side in 0..2 {
            let request = get(&targets[side][at % targets[side].len()], &[]);
            let sent = Instant::now();
            let answer = connections[side].ask(&request).await.expect("the server answers");
            answer.expect(&[200]);
            // The first round warms up.
            if at >= GENRES.len() {
                times[side].push(sent.elapsed());
            }
        }
        if begun.elapsed() > patience && at > 10 * GENRES.len() {
            break;
        }
    }
    times
}
