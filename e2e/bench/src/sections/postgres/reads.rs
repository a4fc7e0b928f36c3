//! One film and lists on Postgres, nothing kept ready, against the same catalogue on SQLite and against a
//! bare read of the row.

use std::{net::SocketAddr, time::Duration};

use crate::{
    arguments::Runs,
    bare::Bare,
    connection::Connection,
    figure::{Figure, number},
    films,
    load::{closed_loop, get},
    measure::{Duel, Times, median},
    postgres::{READ_MODEL, on},
    random::Random,
    sections::{
        Bench,
        lists::{Page, in_turns, json, pages},
    },
    server::{QUIET, Server, UNCACHED},
};

/// Connections that read at once.
const CONNECTIONS: usize = 64;

/// A genre that is everywhere, and a rare one.
const GENRES: [&str; 2] = ["drama", "sport"];

/// What else is asked for: filters and searches.
const LISTS: [&str; 6] = [
    "/v1/movies?year=1994&limit=25",
    "/v1/movies?year%5Bgte%5D=1990&year%5Blte%5D=1999&sort=-rating&limit=25",
    "/v1/movies?genre=sport&year%5Bgte%5D=2000&sort=title&limit=25",
    "/v1/movies?q=lighthouse&limit=25",
    "/v1/movies?q=golden%20river&limit=25",
    "/v1/movies?q=lighthuose&limit=25",
];

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let postgres = bench.postgres().await;
    let catalogue = bench.large_on_postgres().await;
    let films = catalogue.data.contents.films;
    let url = postgres.create_like(&catalogue.whole, "reads").await;
    postgres.execute("reads", "VACUUM (ANALYZE)").await;
    let folder = bench.scratch().join("reads-postgres");
    let [quiet, log, read_model] = on(&url);
    let settings = [quiet, log, read_model, UNCACHED];
    // SQLite first, as the side that is compared with.
    let embedded = catalogue.data.copy(bench.scratch(), "reads-sqlite");
    let servers = [
        Server::start(&bench.binary, &embedded, &[QUIET, UNCACHED]).await,
        Server::start(&bench.binary, &folder, &settings).await,
    ];
    let path = format!("?options=-csearch_path%3D{READ_MODEL}");
    let bare = Bare::postgres_rows(&format!("{url}{path}"));
    let mut figures = Films::of(bench.runs, &servers, &bare, films).await.figures(films);
    figures.extend(lists(&servers, bench.runs.duration * 3).await);
    for server in servers {
        server.stop().await;
    }
    drop(bare);
    postgres.delete("reads").await;
    figures
}

/// Single films, in turns.
struct Films {
    against_sqlite: Duel,
    against_row: Duel,
    times: Times,
    /// Those on SQLite.
    embedded: Times,
    /// Processor time of the server's process alone.
    each_us: f64,
}

impl Films {
    async fn of(runs: Runs, [embedded, server]: &[Server; 2], bare: &Bare, films: u64) -> Self {
        same_film([embedded.address, server.address], films).await;
        let mut random = Random::of(1);
        let ready = || get(&format!("/v1/movies/{}", films::movie_id(random.below(films))), &[]);
        let ready: Vec<_> = std::iter::repeat_with(ready).take(1024).collect();
        let requests = |number| {
            let (ready, mut at) = (ready.clone(), number * 17);
            move |into: &mut Vec<u8>| {
                at += 1;
                let request: &Vec<u8> = &ready[at % ready.len()];
                into.extend_from_slice(request);
            }
        };
        let mut turns = Self {
            against_sqlite: Duel::default(),
            against_row: Duel::default(),
            times: Times::default(),
            embedded: Times::default(),
            each_us: 0.0,
        };
        let (mut spent, mut answers) = (Duration::ZERO, 0);
        for _ in 0..runs.rounds {
            let before = server.processor_time();
            let ours = closed_loop(server.address, CONNECTIONS, runs, &[200], requests).await;
            spent += server.processor_time() - before;
            answers += ours.answers;
            let sqlite = closed_loop(embedded.address, CONNECTIONS, runs, &[200], requests).await;
            let row = closed_loop(bare.address, CONNECTIONS, runs, &[200], requests).await;
            turns.against_sqlite.ours.push(ours.per_second);
            turns.against_row.ours.push(ours.per_second);
            turns.against_sqlite.theirs.push(sqlite.per_second);
            turns.against_row.theirs.push(row.per_second);
            turns.times.extend(ours.times);
            turns.embedded.extend(sqlite.times);
        }
        turns.each_us = spent.as_secs_f64() * 1e6 / answers as f64;
        turns
    }

    fn figures(&self, films: u64) -> Vec<Figure> {
        let what = format!(
            "`GET /v1/movies/{{id}}` on Postgres, uncached, {} films in turn, {CONNECTIONS} connections",
            number(films as f64)
        );
        let said = |rates: &[f64], times: &Times| {
            let (rate, middle) = (number(median(rates)), number(times.quantile_ms(0.5)));
            format!("{rate}/s, p50 {middle} ms, p99 {} ms", number(times.quantile_ms(0.99)))
        };
        let measured = said(&self.against_sqlite.ours, &self.times);
        let measured = format!("{measured}, {} µs of processor each", number(self.each_us));
        let sqlite = said(&self.against_sqlite.theirs, &self.embedded);
        let row = number(median(&self.against_row.theirs));
        let row = format!("{row}/s: axum and one sqlx read of the row on Postgres");
        vec![
            Figure::said(&what, &measured)
                .against(format!("{sqlite}: on SQLite"), self.against_sqlite.ratio()),
            Figure::said(&what, &measured).against(row, self.against_row.ratio()),
        ]
    }
}

/// Both sides give the same film.
async fn same_film(servers: [SocketAddr; 2], films: u64) {
    let target = format!("/v1/movies/{}", films::movie_id(films / 2));
    let mut answers = Vec::new();
    for address in servers {
        let mut connection = Connection::open(address).await.expect("the server accepts");
        answers.push(json(&mut connection, &get(&target, &[])).await);
    }
    assert_eq!(answers[0], answers[1], "{target}");
}

/// Lists, one request at a time, in turns.
async fn lists(servers: &[Server; 2], patience: Duration) -> Vec<Figure> {
    let mut figures = Vec::new();
    for genre in GENRES {
        let of_sqlite = pages(&servers[0], genre).await;
        let of_postgres = pages(&servers[1], genre).await;
        for (sqlite, postgres) in of_sqlite.iter().zip(&of_postgres) {
            figures.push(list(servers, [sqlite, postgres], patience).await);
        }
    }
    for target in LISTS {
        let page = Page { what: format!("`GET {target}`, uncached"), target: target.to_owned() };
        figures.push(list(servers, [&page, &page], patience).await);
    }
    figures
}

async fn list(servers: &[Server; 2], [sqlite, postgres]: [&Page; 2], patience: Duration) -> Figure {
    assert_eq!(sqlite.what, postgres.what, "both pages are as deep");
    let ids = [ids(&servers[0], &sqlite.target).await, ids(&servers[1], &postgres.target).await];
    // What fits a search best is each store's own opinion, and only Postgres knows misspelled words.
    if postgres.target.contains("q=") {
        assert!(!ids[1].is_empty(), "{} finds nothing", postgres.what);
    } else {
        assert!(!ids[0].is_empty() && ids[0] == ids[1], "{}: {ids:?}", postgres.what);
    }
    let times = in_turns(servers, [&sqlite.target, &postgres.target], patience).await;
    let said = |times: &Times| {
        let (middle, slow) = (number(times.quantile_ms(0.5)), number(times.quantile_ms(0.99)));
        format!("p50 {middle} ms, p99 {slow} ms")
    };
    let figure = Figure::said(&postgres.what, said(&times[1]));
    if ids[0].is_empty() {
        return figure;
    }
    let ratio = times[1].quantile_ms(0.5) / times[0].quantile_ms(0.5);
    figure.against(format!("{}: on SQLite", said(&times[0])), ratio)
}

/// The films on a page.
async fn ids(server: &Server, target: &str) -> Vec<serde_json::Value> {
    let page = json(&mut server.connect().await, &get(target, &[])).await;
    let items = page["items"].as_array().expect("a list has items");
    items.iter().map(|film| film["id"].clone()).collect()
}
