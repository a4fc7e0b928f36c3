//! Durable commands a second, against bare commits of the same rows.

use std::{path::Path, time::Duration};

use crate::{
    arguments::Runs,
    baseline::{
        commits::{fsyncs, grouped, one_by_one},
        rows::Kind,
    },
    dataset::{Dataset, LOG},
    figure::{Aim, Figure, number},
    films,
    load::{Requests, closed_loop, write_json},
    measure::{Cost, Duel, Times, median},
    random::Random,
    sections::Bench,
    server::{QUIET, Server},
};

/// How many connections there are; the aims are for the last.
const CONNECTIONS: [usize; 3] = [1, 8, 64];

/// Films that are made up beforehand, so that making them up is no part of the load.
const FILMS_READY: u64 = 4_096;

/// What one turn gave.
struct Measured {
    against_single: Duel,
    against_group: Duel,
    cost: Cost,
    times: Times,
    events_per_commit: f64,
}

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let data = bench.small().await;
    let mut figures = vec![disk(bench)];
    for (kind, name) in [(Kind::Rating, "`PUT …/ratings/me`"), (Kind::Film, "`POST /v1/movies`")]
    {
        let folder = data.copy(bench.scratch(), &format!("commands-{kind:?}"));
        let bare = data.copy_log(bench.scratch(), &format!("commits-{kind:?}")).join(LOG);
        let server = Server::start(&bench.binary, &folder, &[QUIET]).await;
        let callers = Callers::of(&server, kind, &data);
        for connections in CONNECTIONS {
            let measured = rounds(bench.runs, &server, &callers, connections, &bare).await;
            figures.extend(measured.figures(name, connections));
        }
        server.stop().await;
    }
    figures
}

fn disk(bench: &Bench<'_>) -> Figure {
    let times = fsyncs(bench.scratch(), Duration::from_secs(1));
    let [fast, middle, slow, slowest] = [0.1, 0.5, 0.9, 0.99].map(|q| number(times.quantile_ms(q)));
    let measured = format!("p10 {fast} ms, p50 {middle} ms, p90 {slow} ms, p99 {slowest} ms");
    Figure::said("4 KiB written over and `fdatasync`, on this disk", measured)
}

async fn rounds(
    runs: Runs,
    server: &Server,
    callers: &Callers,
    connections: usize,
    bare: &Path,
) -> Measured {
    let (mut against_single, mut against_group) = (Duel::default(), Duel::default());
    let (mut times, mut cost) = (Times::default(), Cost::default());
    let mut per_commit = Vec::new();
    for round in 0..runs.rounds {
        let seed = ((connections << 16) + round) as u64;
        let commits = ["cinelog_log_batch_appends_sum", "cinelog_log_batch_appends_count"];
        let before = [server.metric(commits[0]).await, server.metric(commits[1]).await];
        let spent = server.processor_time();
        let requests = |number| callers.requests(number, seed);
        let outcome =
            closed_loop(server.address, connections, runs, callers.statuses, requests).await;
        let after = [server.metric(commits[0]).await, server.metric(commits[1]).await];
        per_commit.push((after[0] - before[0]) / (after[1] - before[1]));
        cost.add(server.processor_time() - spent, outcome.answers);
        times.extend(outcome.times);
        against_single.ours.push(outcome.per_second);
        against_group.ours.push(outcome.per_second);
        let group = grouped(bare, callers.kind, seed, connections, runs).await;
        against_group.theirs.push(group);
        let single = one_by_one(bare, callers.kind, seed | 1 << 40, runs).await;
        against_single.theirs.push(single);
    }
    Measured { against_single, against_group, cost, times, events_per_commit: median(&per_commit) }
}

impl Measured {
    fn figures(&self, name: &str, connections: usize) -> [Figure; 3] {
        let is_aimed_at = Some(&connections) == CONNECTIONS.last();
        let plural = if connections == 1 { "" } else { "s" };
        let what = format!("{name}, {connections} connection{plural}");
        let measured = format!(
            "{}/s, {} µs of processor each, p50 {} ms, p99 {} ms; {} commands a commit",
            number(median(&self.against_single.ours)),
            number(self.cost.each_us()),
            number(self.times.quantile_ms(0.5)),
            number(self.times.quantile_ms(0.99)),
            number(self.events_per_commit),
        );
        let single = format!("{}/s: a commit a row", number(median(&self.against_single.theirs)));
        let group = format!(
            "{}/s: bare group commit, {connections} submitter{plural}",
            number(median(&self.against_group.theirs))
        );
        let figure = |baseline, duel: &Duel, aim| {
            let figure = Figure::said(&what, &measured).against(baseline, duel.ratio());
            if is_aimed_at { figure.aim(Aim::AtLeast(aim)) } else { figure }
        };
        // What there is to be had on this disk: the one baseline against the other.
        let (grouped, singly) = (&self.against_group.theirs, &self.against_single.theirs);
        let limits = Duel { ours: grouped.clone(), theirs: singly.clone() };
        let limit = Figure::said("the two baselines above, one against the other", group.clone())
            .against(single.clone(), limits.ratio());
        [figure(single, &self.against_single, 20.0), figure(group, &self.against_group, 0.5), limit]
    }
}

/// Who calls, one of them for each connection, and with what.
pub(super) struct Callers {
    kind: Kind,
    tokens: Vec<String>,
    films: u64,
    bodies: Vec<String>,
    /// What the answers must be.
    pub(super) statuses: &'static [u16],
}

impl Callers {
    pub(super) fn of(server: &Server, kind: Kind, data: &Dataset) -> Self {
        let (role, accounts, statuses): (_, _, &[u16]) = match kind {
            Kind::Rating => ("member", CONNECTIONS[2], &[200, 201]),
            Kind::Film => ("editor", 1, &[201]),
        };
        let tokens = (0..accounts).map(|_| server.token(role)).collect();
        let made_up = if kind == Kind::Film { FILMS_READY } else { 0 };
        let bodies = (0..made_up).map(|number| films::json(&films::film(number + 50_000_000)));
        Self { kind, tokens, films: data.contents.films, bodies: bodies.collect(), statuses }
    }

    pub(super) fn requests(&self, connection: usize, seed: u64) -> impl Requests + use<> {
        let token = self.tokens[connection % self.tokens.len()].clone();
        let (kind, films, bodies) = (self.kind, self.films, self.bodies.clone());
        let mut random = Random::of(seed ^ (connection as u64) << 40);
        let mut value = seed;
        move |into: &mut Vec<u8>| match kind {
            Kind::Rating => {
                // Another value than most likely was there: what changes nothing appends nothing.
                value += 1;
                let film = films::movie_id(random.below(films));
                let body = format!("{{\"value\":{}}}", 1 + value % 10);
                write_json(into, "PUT", &format!("/v1/movies/{film}/ratings/me"), &token, &body);
            }
            Kind::Film => {
                let body = &bodies[random.below(bodies.len() as u64) as usize];
                write_json(into, "POST", "/v1/movies", &token, body);
            }
        }
    }
}
