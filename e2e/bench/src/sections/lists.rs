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

/// Requests for each page to each side, at most.
const REQUESTS_MAX: usize = 200;

/// How long the way down to a deep page may take, for each genre.
const DESCENT_MAX: Duration = Duration::from_secs(20);

/// Films on a page on the way down: the most that there can be.
const PAGE_FILMS: usize = 100;

/// A page of a list.
pub(super) struct Page {
    pub(super) what: String,
    pub(super) target: String,
}

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let (small, large) = (bench.small().await, bench.large().await);
    let settings = &[QUIET, UNCACHED];
    let servers = [
        Server::start(&bench.binary, &small.folder, settings).await,
        Server::start(&bench.binary, &large.folder, settings).await,
    ];
    let films = [small.contents.films, large.contents.films].map(|films| number(films as f64));
    let patience = bench.runs.duration * 5;
    let mut figures = Vec::new();
    for genre in GENRES {
        let of_small = pages(&servers[0], genre).await;
        let of_large = pages(&servers[1], genre).await;
        for (small, large) in of_small.iter().zip(&of_large) {
            let times = in_turns(&servers, [&small.target, &large.target], patience).await;
            figures.push(figure(&large.what, &films, &times));
        }
    }
    for server in servers {
        server.stop().await;
    }
    figures
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

/// The first page of a genre, and one in the middle of its list, found by following the links.
pub(super) async fn pages(server: &Server, genre: &str) -> [Page; 2] {
    let mut connection = server.connect().await;
    let first = format!("/v1/movies?genre={genre}&sort=-rating&limit=25");
    let counted = json(&mut connection, &get(&format!("/v1/genres/{genre}"), &[])).await;
    let total = counted["movie_count"].as_u64().expect("a genre knows how many films it has");
    let halfway = usize::try_from(total / 2).unwrap_or(usize::MAX);
    let in_large_steps = format!("limit={PAGE_FILMS}");
    let (mut next, mut depth) = (first.replace("limit=25", &in_large_steps), 0);
    let begun = Instant::now();
    while depth < halfway && begun.elapsed() < DESCENT_MAX {
        let page = json(&mut connection, &get(&next, &[])).await;
        let Some(link) = page["links"]["next"].as_str() else { break };
        next = link.to_owned();
        depth += PAGE_FILMS;
    }
    let what = format!("`GET /v1/movies?genre={genre}&sort=-rating&limit=25`, uncached");
    let deep =
        format!("the same, {} films down the {}", number(depth as f64), number(total as f64));
    [
        Page { what, target: first },
        Page { what: deep, target: next.replace(&in_large_steps, "limit=25") },
    ]
}

pub(super) async fn json(connection: &mut Connection, request: &[u8]) -> serde_json::Value {
    let answer = connection.ask(request).await.expect("the server answers");
    answer.expect(&[200]);
    serde_json::from_slice(answer.body).expect("a list is JSON")
}

/// Asks both sides in turns, one request at a time, for at most `patience`.
pub(super) async fn in_turns(
    servers: &[Server; 2],
    targets: [&String; 2],
    patience: Duration,
) -> [Times; 2] {
    let mut connections = [servers[0].connect().await, servers[1].connect().await];
    let requests = targets.map(|target| get(target, &[]));
    let mut times = [Times::default(), Times::default()];
    let begun = Instant::now();
    for at in 0..REQUESTS_MAX {
        for side in 0..2 {
            let sent = Instant::now();
            let answer = connections[side].ask(&requests[side]).await.expect("the server answers");
            answer.expect(&[200]);
            // The first one warms up.
            if at > 0 {
                times[side].push(sent.elapsed());
            }
        }
        if begun.elapsed() > patience && at >= 20 {
            break;
        }
    }
    times
}
