//! Films with a cache that query nodes share on Redis: without one, with one, and with a Redis that is dead or hangs.
//! The cache of the process itself is so small here that nearly every request asks Redis.

use proving_ground::PrivateRedis;

use crate::{
    figure::{Aim, Figure, number},
    films,
    load::{closed_loop, get},
    measure::{Cost, Duel, Times, median},
    postgres::on,
    random::Random,
    sections::Bench,
    server::Server,
};

/// Connections that read at once.
const CONNECTIONS: usize = 8;

/// What the process itself may keep, in bytes: some thirty films.
const OWN_CACHE: &str = "100000";

/// What a request may take more, where Redis is of no use, in milliseconds.
const MORE_MS: f64 = 5.0;

/// A query node, and what it has of Redis.
struct Node {
    what: &'static str,
    server: Server,
    /// Kept until the end.
    redis: Option<PrivateRedis>,
    /// Against the node without.
    duel: Duel,
    times: Times,
    cost: Cost,
}

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let catalogue = bench.small_on_postgres().await;
    let url = bench.postgres().await.create_like(&catalogue.whole, "shared").await;
    let mut nodes = Vec::new();
    for (number, what) in
        ["no Redis", "a cache shared on Redis", "a Redis that was killed", "a Redis that hangs"]
            .into_iter()
            .enumerate()
    {
        let redis = if number == 0 { None } else { Some(PrivateRedis::start().await) };
        nodes.push(Node::start(bench, &url, number, what, redis).await);
    }
    let films = catalogue.data.contents.films;
    for round in 0..bench.runs.rounds.min(3) {
        for node in &mut nodes {
            node.turn(bench, films, round).await;
        }
        let without = nodes[0].duel.ours[round];
        for node in &mut nodes {
            node.duel.theirs.push(without);
        }
    }
    let figures = nodes.iter().map(|node| node.figure(&nodes[0])).collect();
    for node in nodes {
        node.server.stop().await;
    }
    bench.postgres().await.delete("shared").await;
    figures
}

impl Node {
    async fn start(
        bench: &Bench<'_>,
        url: &str,
        number: usize,
        what: &'static str,
        mut redis: Option<PrivateRedis>,
    ) -> Self {
        let [quiet, log, read_model] = on(url);
        let mut settings = vec![
            quiet,
            log,
            read_model,
            ("CINELOG__SERVER__ROLES", "query"),
            ("CINELOG__QUERY__CACHE_BYTES", OWN_CACHE),
        ];
        let at = redis.as_ref().map(PrivateRedis::url).unwrap_or_default();
        if !at.is_empty() {
            settings.push(("CINELOG__REDIS__URL", &at));
        }
        let folder = bench.scratch().join(format!("shared-{number}"));
        let server = Server::start(&bench.binary, &folder, &settings).await;
        match (what, &mut redis) {
            ("a Redis that was killed", Some(redis)) => redis.kill().await,
            ("a Redis that hangs", Some(redis)) => redis.halt(),
            _ => {}
        }
        let (duel, times, cost) = (Duel::default(), Times::default(), Cost::default());
        Self { what, server, redis, duel, times, cost }
    }

    async fn turn(&mut self, bench: &Bench<'_>, films: u64, round: usize) {
        let of_connection = |number: usize| {
            let mut random = Random::of((round << 8 | number) as u64);
            move |into: &mut Vec<u8>| {
                let film = films::movie_id(random.below(films));
                into.extend_from_slice(&get(&format!("/v1/movies/{film}"), &[]));
            }
        };
        let spent = self.server.processor_time();
        let outcome =
            closed_loop(self.server.address, CONNECTIONS, bench.runs, &[200], of_connection).await;
        self.cost.add(self.server.processor_time() - spent, outcome.answers);
        self.duel.ours.push(outcome.per_second);
        self.times.extend(outcome.times);
    }

    fn figure(&self, without: &Self) -> Figure {
        let [p50, p99, longest] = [0.5, 0.99, 1.0].map(|q| self.times.quantile_ms(q));
        let measured = format!(
            "{}/s, p50 {} ms, p99 {} ms, the longest {} ms, {} µs of processor each",
            number(median(&self.duel.ours)),
            number(p50),
            number(p99),
            number(longest),
            number(self.cost.each_us()),
        );
        let what = format!(
            "`GET /v1/movies/{{id}}` on Postgres, {}, {CONNECTIONS} connections",
            self.what
        );
        let figure = Figure::said(what, measured);
        if self.redis.is_none() {
            return figure;
        }
        let theirs = without.times.quantile_ms(0.99);
        let baseline = format!("{}/s: without", number(median(&self.duel.theirs)));
        let actual = p99 - theirs;
        let aim = Aim::Below { actual, limit: MORE_MS, unit: "ms more at p99" };
        figure.against(baseline, self.duel.ratio()).aim(aim)
    }
}
