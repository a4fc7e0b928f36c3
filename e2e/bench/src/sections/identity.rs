//! Reads and ratings beside a flood: wrong passwords, 10,000 a minute, from one address and from a new one
//! each time; and clients that send their requests a byte at a time.
//!
//! Each round is measured without the flood and with it, in turns, on one server. A flood is sent at its
//! rate whether or not it is answered.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet, time::sleep_until};

use crate::{
    arguments::Runs,
    connection::Connection,
    figure::{Aim, Figure, number},
    films,
    load::{Outcome, closed_loop, due, get, write_json},
    measure::Duel,
    random::Random,
    sections::Bench,
    server::{QUIET, Server},
};

/// Sign-ins a second: 10,000 a minute.
const PER_SECOND: u32 = 167;

/// Connections that sign-ins are sent on.
const FLOODERS: u32 = 64;

/// Clients that take their time, of the 1024 connections that one address may have.
const SLOW_CLIENTS: usize = 800;

/// Connections that read, and others that rate.
const READERS: usize = 6;
const RATERS: usize = 2;

/// What is left of everything else.
const AIM: f64 = 0.8;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flood {
    OneAddress,
    ManyAddresses,
    SlowClients,
}

impl Flood {
    fn name(self) -> &'static str {
        match self {
            Self::OneAddress => "10,000 wrong passwords a minute, from one address",
            Self::ManyAddresses => "10,000 wrong passwords a minute, each from another address",
            Self::SlowClients => "800 clients that send a byte a second",
        }
    }
}

/// One side of a comparison.
#[derive(Debug, Default)]
struct Side {
    reads: Outcome,
    ratings: Outcome,
}

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let data = bench.small().await;
    let mut figures = Vec::new();
    for flood in [Flood::OneAddress, Flood::ManyAddresses, Flood::SlowClients] {
        let folder = data.copy(bench.scratch(), &format!("{flood:?}"));
        let settings = [QUIET, ("CINELOG__SERVER__TRUSTED_PROXIES", "127.0.0.1")];
        let server = Server::start(&bench.binary, &folder, &settings).await;
        figures.extend(compare(bench, &server, data.contents.films, flood).await);
        server.stop().await;
    }
    figures
}

async fn compare(bench: &Bench<'_>, server: &Server, films: u64, flood: Flood) -> Vec<Figure> {
    let (mut reading, mut rating) = (Duel::default(), Duel::default());
    let (mut without, mut with) = (Side::default(), Side::default());
    let mut answered = Answered::default();
    for round in 0..bench.runs.rounds {
        let quiet = load(server, films, bench.runs, round).await;
        let under_way = UnderWay::start(flood, server.address);
        let flooded = load(server, films, bench.runs, round).await;
        let counted = under_way.end().await;
        answered.add(&counted);
        reading.theirs.push(quiet.reads.per_second);
        reading.ours.push(flooded.reads.per_second);
        rating.theirs.push(quiet.ratings.per_second);
        rating.ours.push(flooded.ratings.per_second);
        without.add(quiet);
        with.add(flooded);
    }
    let what = flood.name();
    let line = |what: String, duel: &Duel, with: &Outcome, without: &Outcome| {
        Figure::said(what, said(with)).against(said(without), duel.ratio()).aim(Aim::AtLeast(AIM))
    };
    let mut figures = vec![
        line(format!("reads/s beside {what}"), &reading, &with.reads, &without.reads),
        line(format!("ratings/s beside {what}"), &rating, &with.ratings, &without.ratings),
    ];
    if flood != Flood::SlowClients {
        figures.push(Figure::said(format!("of {what}"), answered.said()));
    }
    figures
}

impl Side {
    fn add(&mut self, other: Self) {
        for (all, more) in [(&mut self.reads, other.reads), (&mut self.ratings, other.ratings)] {
            all.per_second = if all.answers == 0 {
                more.per_second
            } else {
                all.per_second.midpoint(more.per_second)
            };
            all.times.extend(more.times);
            all.answers += more.answers;
        }
    }
}

fn said(outcome: &Outcome) -> String {
    let quantile = |q| number(outcome.times.quantile_ms(q));
    format!("{}, p50 {} ms, p99 {} ms", number(outcome.per_second), quantile(0.5), quantile(0.99))
}

/// Reads of any films and ratings of any, as fast as they are answered.
async fn load(server: &Server, films: u64, runs: Runs, round: usize) -> Side {
    let tokens: Arc<Vec<String>> = Arc::new((0..RATERS).map(|_| server.token("member")).collect());
    let reads = closed_loop(server.address, READERS, runs, &[200], |number| {
        let mut random = Random::of((round * 100 + number) as u64);
        move |request: &mut Vec<u8>| {
            let film = films::movie_id(random.below(films));
            request.extend(get(&format!("/v1/movies/{film}"), &[]));
        }
    });
    let ratings = closed_loop(server.address, RATERS, runs, &[200, 201, 204], |number| {
        let mut random = Random::of((round * 100 + 50 + number) as u64);
        let tokens = Arc::clone(&tokens);
        move |request: &mut Vec<u8>| {
            let film = films::movie_id(random.below(films));
            let body = format!("{{\"value\":{}}}", 1 + random.below(10));
            let target = format!("/v1/movies/{film}/ratings/me");
            write_json(request, "PUT", &target, &tokens[number], &body);
        }
    });
    let (reads, ratings) = tokio::join!(reads, ratings);
    Side { reads, ratings }
}

/// How sign-ins were answered.
#[derive(Debug, Default)]
struct Answered {
    refused: AtomicU64,
    too_many: AtomicU64,
    busy: AtomicU64,
    other: AtomicU64,
}

impl Answered {
    fn count(&self, status: u16) {
        let counter = match status {
            401 => &self.refused,
            429 => &self.too_many,
            503 => &self.busy,
            _ => &self.other,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn add(&mut self, other: &Self) {
        for (all, more) in [
            (&mut self.refused, &other.refused),
            (&mut self.too_many, &other.too_many),
            (&mut self.busy, &other.busy),
            (&mut self.other, &other.other),
        ] {
            *all.get_mut() += more.load(Ordering::Relaxed);
        }
    }

    fn said(&self) -> String {
        let [refused, too_many, busy, other] =
            [&self.refused, &self.too_many, &self.busy, &self.other]
                .map(|counter| counter.load(Ordering::Relaxed));
        format!("{refused} were 401, {too_many} 429, {busy} 503, {other} something else")
    }
}

/// A flood that goes on until it is ended.
struct UnderWay {
    tasks: JoinSet<()>,
    stop: Arc<AtomicBool>,
    answered: Arc<Answered>,
}

impl UnderWay {
    fn start(flood: Flood, address: SocketAddr) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(Answered::default()));
        let (mut tasks, begin) = (JoinSet::new(), Instant::now());
        if flood == Flood::SlowClients {
            for _ in 0..SLOW_CLIENTS {
                tasks.spawn(send_slowly(address, Arc::clone(&stop)));
            }
        } else {
            let many = flood == Flood::ManyAddresses;
            for number in 0..FLOODERS {
                let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
                tasks.spawn(guess(address, begin, number, many, stop, answered));
            }
        }
        Self { tasks, stop, answered }
    }

    async fn end(mut self) -> Arc<Answered> {
        self.stop.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
        self.answered
    }
}

/// Sends each of its sign-ins when it is due: one of every [`FLOODERS`].
async fn guess(
    address: SocketAddr,
    begin: Instant,
    first: u32,
    many: bool,
    stop: Arc<AtomicBool>,
    answered: Arc<Answered>,
) {
    let mut connection = Connection::open(address).await.expect("the server accepts");
    for number in (first..).step_by(FLOODERS as usize) {
        sleep_until(due(begin, PER_SECOND, number).into()).await;
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let client = if many { number } else { 0 };
        let body =
            format!("{{\"email\":\"{number}@flood.example\",\"password\":\"wrong as can be\"}}");
        let request = format!(
            "POST /v1/login HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: 10.{}.{}.{}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            (client >> 16) & 255,
            (client >> 8) & 255,
            client & 255,
            body.len()
        );
        match connection.ask(request.as_bytes()).await {
            Ok(answer) => answered.count(answer.status),
            // It may hang up on who comes too often.
            Err(_) => connection = Connection::open(address).await.expect("the server accepts"),
        }
    }
}

/// Sends a request a byte a second, and another when the server has had enough of that.
async fn send_slowly(address: SocketAddr, stop: Arc<AtomicBool>) {
    const REQUEST: &[u8] = b"GET /v1/movies HTTP/1.1\r\nHost: bench\r\nX-Slow: ";
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut stream) = TcpStream::connect(address).await else { return };
        for byte in REQUEST.iter().chain(std::iter::repeat(&b'x')) {
            if stop.load(Ordering::Relaxed) || stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}
