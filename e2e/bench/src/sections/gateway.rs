//! A mix of reads, directly and through nginx and Varnish as they are shipped, while ratings purge what they change.

use std::{net::SocketAddr, time::Instant};

use proving_ground::{Gateway, GatewayKind, Nodes};
use tokio::{task::JoinHandle, time::sleep_until};

use crate::{
    arguments::Runs,
    connection::Connection,
    figure::{Figure, number},
    films,
    load::{Outcome, counting_loop, due, get, write_json},
    measure::{Cost, Duel, Times, median},
    names::GENRES,
    random::Random,
    sections::Bench,
    server::{QUIET, Server},
};

/// Connections that read at once.
const CONNECTIONS: usize = 32;

/// Requests that are made up beforehand: making them is no part of the load.
const REQUESTS_READY: usize = 20_000;

/// Ratings a second, in each of the two parts of this section.
const RATINGS: [u32; 2] = [0, 20];

/// What an answer says that came from a gateway's cache.
const KEPT: [&str; 4] = ["HIT", "STALE", "UPDATING", "REVALIDATED"];

/// What is between readers and the node.
struct Way {
    name: &'static str,
    address: SocketAddr,
    /// Against reading directly.
    duel: Duel,
    times: Times,
    /// Answers, and those of them that came from the first cache on the way.
    answers: [f64; 2],
    /// Processor time of the node.
    cost: Cost,
}

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let data = bench.small().await;
    let folder = data.copy(bench.scratch(), "gateway");
    let mut gateways = GatewayKind::ALL.map(Gateway::new);
    let urls = gateways.each_ref().map(|gateway| format!("{}/", gateway.url()));
    let purge = format!("{urls:?}");
    let settings = [
        QUIET,
        ("CINELOG__GATEWAY__PURGE", purge.as_str()),
        ("CINELOG__GATEWAY__PURGE_TOKEN", gateways[0].token()),
    ];
    let server = Server::start(&bench.binary, &folder, &settings).await;
    let node = || server.address.to_string();
    for gateway in &mut gateways {
        gateway.start(&Nodes { query: [node(), node()], command: [node(), node()] }).await;
    }
    let films = data.contents.films;
    let requests = requests(films);
    let token = server.token("member");
    let mut figures = Vec::new();
    for per_second in RATINGS {
        let mut ways = ways(&server, &gateways);
        for round in 0..bench.runs.rounds.min(3) {
            let seed = u64::from(per_second) << 32 | round as u64;
            let rating = rate(&server, films, per_second, seed, &token);
            for way in &mut ways {
                way.turn(bench.runs, &server, &requests).await;
            }
            if let Some(rating) = rating {
                rating.abort();
                let ended = rating.await.expect_err("it goes on until it is told to end");
                assert!(ended.is_cancelled(), "ratings were refused: {ended}");
            }
            // Ratios are to reading directly in the same round.
            let direct = ways[0].duel.ours[round];
            for way in &mut ways {
                way.duel.theirs.push(direct);
            }
        }
        figures.extend(ways.iter().map(|way| way.figure(per_second)));
    }
    server.stop().await;
    figures
}

fn ways(server: &Server, gateways: &[Gateway; 2]) -> [Way; 3] {
    let way = |name, address| Way {
        name,
        address,
        duel: Duel::default(),
        times: Times::default(),
        answers: [0.0; 2],
        cost: Cost::default(),
    };
    let at = |gateway: &Gateway| {
        let url = gateway.url();
        let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
        address.expect("a gateway has an address")
    };
    [
        way("directly", server.address),
        way("through nginx", at(&gateways[0])),
        way("through Varnish", at(&gateways[1])),
    ]
}

/// Three of four are films by Zipf's law, one of five is a list, the rest are films of which all are as likely.
fn requests(films: u64) -> Vec<Vec<u8>> {
    let random = &mut Random::of(2);
    let film = |number| format!("/v1/movies/{}", films::movie_id(number));
    let targets = (0..REQUESTS_READY).map(|_| match random.below(100) {
        0..75 => film(random.zipf(films)),
        75..95 => list(random),
        _ => film(random.below(films)),
    });
    targets.map(|target| get(&target, &[])).collect()
}

fn list(random: &mut Random) -> String {
    let genre = random.mostly_first(&GENRES).to_lowercase().replace(' ', "%20");
    let sort = random.mostly_first(&["-rating", "-year", "title"]);
    match random.below(3) {
        0 => format!("/v1/movies?sort={sort}&limit=25"),
        1 => format!("/v1/movies?genre={genre}&sort={sort}&limit=25"),
        _ => format!("/v1/movies?year={}&limit=25", 2024 - random.zipf(60)),
    }
}

/// Rates films at a fixed rate, directly, until it is aborted.
fn rate(
    server: &Server,
    films: u64,
    per_second: u32,
    seed: u64,
    token: &str,
) -> Option<JoinHandle<()>> {
    if per_second == 0 {
        return None;
    }
    let (address, token) = (server.address, token.to_owned());
    Some(tokio::spawn(async move {
        let mut connection = Connection::open(address).await.expect("the server accepts");
        let (mut random, mut request) = (Random::of(seed), Vec::new());
        let begun = Instant::now();
        for number in 0.. {
            sleep_until(due(begun, per_second, number).into()).await;
            let target = format!("/v1/movies/{}/ratings/me", films::movie_id(random.zipf(films)));
            let body = format!("{{\"value\":{}}}", 1 + random.below(10));
            request.clear();
            write_json(&mut request, "PUT", &target, &token, &body);
            let answer = connection.ask(&request).await.expect("the server answers");
            answer.expect(&[200, 201]);
        }
    }))
}

impl Way {
    async fn turn(&mut self, runs: Runs, server: &Server, requests: &[Vec<u8>]) {
        const CACHE: &str = "cinelog_response_cache_requests_total";
        let before = [
            server.metric_with(CACHE, "").await,
            server.metric_with(CACHE, "outcome=\"hit\"").await,
        ];
        let spent = server.processor_time();
        let of_connection = |number: usize| {
            let (requests, mut at) = (requests.to_vec(), number * 601);
            move |into: &mut Vec<u8>| {
                at += 1;
                let request: &Vec<u8> = &requests[at % requests.len()];
                into.extend_from_slice(request);
            }
        };
        let Outcome { per_second, times, answers, headers } =
            counting_loop(self.address, CONNECTIONS, runs, &[200], Some("x-cache"), of_connection)
                .await;
        self.cost.add(server.processor_time() - spent, answers);
        self.duel.ours.push(per_second);
        if headers.contains_key("") {
            // No gateway: the node's own cache is the first.
            self.answers[0] += server.metric_with(CACHE, "").await - before[0];
            self.answers[1] += server.metric_with(CACHE, "outcome=\"hit\"").await - before[1];
        } else {
            let kept = headers.iter().filter(|(said, _)| KEPT.contains(&said.as_str()));
            self.answers[0] += times.len() as f64;
            self.answers[1] += kept.map(|(_, count)| *count as f64).sum::<f64>();
        }
        self.times.extend(times);
    }

    fn figure(&self, ratings: u32) -> Figure {
        let what = match ratings {
            0 => format!("a mix of reads {}, nothing changes", self.name),
            ratings => format!("a mix of reads {}, {ratings} ratings a second purge", self.name),
        };
        let measured = format!(
            "{}/s, p50 {} ms, p99 {} ms, {} % from the first cache, {} µs of the node's processor each",
            number(median(&self.duel.ours)),
            number(self.times.quantile_ms(0.5)),
            number(self.times.quantile_ms(0.99)),
            number(100.0 * self.answers[1] / self.answers[0]),
            number(self.cost.each_us()),
        );
        let figure = Figure::said(format!("{what}, {CONNECTIONS} connections"), measured);
        if self.name == "directly" {
            return figure;
        }
        let direct = format!("{}/s: directly", number(median(&self.duel.theirs)));
        figure.against(direct, self.duel.ratio())
    }
}
