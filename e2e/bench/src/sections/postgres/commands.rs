//! Durable appends and commands a second on Postgres, against single-row commits by pgbench and against
//! `COPY`, all on the same server.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{
    EventLog,
    postgres::{PostgresLog, PostgresLogOptions},
};
use futures::future::join_all;

use crate::{
    arguments::Runs,
    baseline::rows::{Kind, Row},
    figure::{Aim, Figure, number},
    load::{Outcome, closed_loop},
    measure::{Cost, Duel, Times, median},
    postgres::{Catalogue, Postgres, bare::BareTable, on},
    random::Random,
    sections::{Bench, commands::Callers},
    server::Server,
};

/// Who writes at once, on all sides, but `COPY`, which is one.
const CONNECTIONS: usize = 64;

/// Rows of one `COPY`.
const COPIED_ROWS: usize = 50_000;

/// How many times as fast as single-row commits it shall be.
const AIM: f64 = 5.0;

/// Processes, the roles of each, and what to call them.
const DEPLOYMENTS: [(usize, &str, &str); 3] = [
    (1, "command,query,projector", "all roles in one process"),
    (1, "command", "one process that takes commands"),
    (2, "command", "two processes that take commands"),
];

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let postgres = bench.postgres().await;
    let catalogue = bench.small_on_postgres().await;
    let mut figures = Vec::new();
    for (kind, event, command) in [
        (Kind::Rating, "`MovieRated`", "`PUT …/ratings/me`"),
        (Kind::Film, "`MovieCreated`", "`POST /v1/movies`"),
    ] {
        for logs in [1, 2] {
            let against = appends(bench, postgres, &catalogue, kind, logs).await;
            let plural = if logs == 1 { "" } else { "s" };
            let what = format!("{event} appended over the port, {logs} appender{plural}");
            figures.extend(against.figures(&what));
        }
        for (processes, roles, said) in DEPLOYMENTS {
            let against = commands(bench, postgres, &catalogue, kind, processes, roles).await;
            figures.extend(against.figures(&format!("{command}, {said}")));
        }
    }
    figures
}

/// What the turns gave.
#[derive(Default)]
struct Against {
    pgbench: Duel,
    copy: Duel,
    times: Times,
    /// Processor time of Cinelog's processes, where they are others than the load's.
    cost: Option<Cost>,
    /// Commands in a commit, where a server tells.
    per_commit: Vec<f64>,
}

impl Against {
    async fn turn(&mut self, outcome: Outcome, bare: &BareTable<'_>, seed: u64, runs: Runs) {
        self.pgbench.ours.push(outcome.per_second);
        self.copy.ours.push(outcome.per_second);
        self.times.extend(outcome.times);
        self.pgbench.theirs.push(bare.single_rows(CONNECTIONS, runs.duration));
        self.copy.theirs.push(bare.copied(COPIED_ROWS, seed).await);
    }

    fn figures(&self, what: &str) -> [Figure; 2] {
        let mut measured = format!(
            "{}/s, p50 {} ms, p99 {} ms",
            number(median(&self.pgbench.ours)),
            number(self.times.quantile_ms(0.5)),
            number(self.times.quantile_ms(0.99)),
        );
        if let Some(cost) = self.cost {
            let each = number(cost.each_us());
            let per_commit = number(median(&self.per_commit));
            measured += &format!(", {each} µs of processor each; {per_commit} commands a commit");
        }
        let what = format!("{what}, {CONNECTIONS} at once");
        let singly = number(median(&self.pgbench.theirs));
        let singly = format!("{singly}/s: single-row commits by pgbench, {CONNECTIONS} clients");
        let copied = format!("{}/s: `COPY` of such rows", number(median(&self.copy.theirs)));
        [
            Figure::said(&what, &measured)
                .against(singly, self.pgbench.ratio())
                .aim(Aim::AtLeast(AIM)),
            Figure::said(&what, &measured).against(copied, self.copy.ratio()),
        ]
    }
}

/// Through the log alone, without HTTP: in this process, over so many logs on one database.
async fn appends(
    bench: &Bench<'_>,
    postgres: &Postgres,
    catalogue: &Catalogue,
    kind: Kind,
    logs: usize,
) -> Against {
    let database = format!("appends_{kind:?}_{logs}").to_lowercase();
    let url = postgres.create_like(&catalogue.log, &database).await;
    let bare = BareTable::new(postgres, &database, kind, bench.scratch()).await;
    let mut open = Vec::new();
    for _ in 0..logs {
        let log = PostgresLog::open(PostgresLogOptions::at(&url)).await;
        open.push(Arc::new(log.expect("the log opens")));
    }
    let mut against = Against::default();
    for round in 0..bench.runs.rounds {
        let seed = ((logs << 16) + round) as u64;
        let outcome = append_all(&open, kind, seed, bench.runs).await;
        against.turn(outcome, &bare, seed, bench.runs).await;
    }
    for log in open {
        log.close().await;
    }
    postgres.delete(&database).await;
    against
}

async fn append_all(logs: &[Arc<PostgresLog>], kind: Kind, seed: u64, runs: Runs) -> Outcome {
    let begin = Instant::now() + runs.warm_up;
    let end = begin + runs.duration;
    let appenders = (0..CONNECTIONS).map(|number| {
        let log = Arc::clone(&logs[number % logs.len()]);
        let random = Random::of(seed ^ (number as u64) << 32);
        tokio::spawn(append(log, kind, random, begin, end))
    });
    let mut outcome = Outcome::default();
    for times in join_all(appenders).await {
        outcome.times.extend(times.expect("the log appends"));
    }
    outcome.per_second = outcome.times.len() as f64 / runs.duration.as_secs_f64();
    outcome
}

async fn append(
    log: Arc<PostgresLog>,
    kind: Kind,
    mut random: Random,
    begin: Instant,
    end: Instant,
) -> Times {
    let mut times = Times::default();
    let mut now = Instant::now();
    while now < end {
        let append = Row::of(kind, &mut random).append();
        let sent = Instant::now();
        let appended = log.append(append).await.expect("the log appends");
        assert_eq!(appended.revision.0, 1, "the stream is new");
        now = Instant::now();
        if sent >= begin && now < end {
            times.push(now - sent);
        }
    }
    times
}

/// Over HTTP, to so many processes on one database.
async fn commands(
    bench: &Bench<'_>,
    postgres: &Postgres,
    catalogue: &Catalogue,
    kind: Kind,
    processes: usize,
    roles: &str,
) -> Against {
    let count = roles.split(',').count();
    let database = format!("commands_{kind:?}_{processes}_{count}").to_lowercase();
    let url = postgres.create_like(&catalogue.whole, &database).await;
    let bare = BareTable::new(postgres, &database, kind, bench.scratch()).await;
    let servers = start(bench, &url, &database, processes, roles).await;
    let mut callers = Vec::new();
    for server in &servers {
        callers.push(Callers::of(server, kind, &catalogue.data));
    }
    let mut against = Against { cost: Some(Cost::default()), ..Against::default() };
    for round in 0..bench.runs.rounds {
        let seed = ((processes << 16) + round) as u64;
        let (spent, commits) = (processor_time(&servers), commits(&servers).await);
        let outcome = command_all(&servers, &callers, seed, bench.runs).await;
        let after = self::commits(&servers).await;
        against.per_commit.push((after[0] - commits[0]) / (after[1] - commits[1]));
        if let Some(cost) = &mut against.cost {
            cost.add(processor_time(&servers) - spent, outcome.answers);
        }
        against.turn(outcome, &bare, seed, bench.runs).await;
    }
    for server in servers {
        server.stop().await;
    }
    postgres.delete(&database).await;
    against
}

async fn start(
    bench: &Bench<'_>,
    url: &str,
    name: &str,
    processes: usize,
    roles: &str,
) -> Vec<Server> {
    let mut servers = Vec::new();
    for number in 0..processes {
        let folder = bench.scratch().join(format!("{name}-{number}"));
        let [quiet, log, read_model] = on(url);
        let settings = [quiet, log, read_model, ("CINELOG__SERVER__ROLES", roles)];
        servers.push(Server::start(&bench.binary, &folder, &settings).await);
    }
    servers
}

async fn command_all(servers: &[Server], callers: &[Callers], seed: u64, runs: Runs) -> Outcome {
    let connections = CONNECTIONS / servers.len();
    let loads = servers.iter().zip(callers).enumerate().map(|(at, (server, callers))| {
        let first = at * connections;
        let requests = move |number| callers.requests(first + number, seed);
        closed_loop(server.address, connections, runs, callers.statuses, requests)
    });
    let mut all = Outcome::default();
    for outcome in join_all(loads).await {
        all.per_second += outcome.per_second;
        all.answers += outcome.answers;
        all.times.extend(outcome.times);
    }
    all
}

fn processor_time(servers: &[Server]) -> Duration {
    servers.iter().map(Server::processor_time).sum()
}

/// Appends that were committed, and in how many commits.
async fn commits(servers: &[Server]) -> [f64; 2] {
    let mut sums = [0.0, 0.0];
    for server in servers {
        sums[0] += server.metric("cinelog_log_batch_appends_sum").await;
        sums[1] += server.metric("cinelog_log_batch_appends_count").await;
    }
    sums
}
