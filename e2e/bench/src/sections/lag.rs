//! How long after a write a read shows it, while 500 commands come a second.
//!
//! Commands are due at a fixed rate, whether or not earlier ones were answered. Two connections read
//! all the while, each at most every millisecond, and note the position that each answer reflects; a
//! write is visible when the first answer that reflects its position has arrived. So what is
//! measured is never less than what a reader sees, and up to a millisecond more.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, time::sleep_until};

use crate::{
    connection::Connection,
    figure::{Aim, Figure, number},
    films,
    load::{due, get, write_json},
    measure::Times,
    random::Random,
    sections::Bench,
    server::{QUIET, Server},
};

/// Commands a second.
pub(super) const PER_SECOND: u32 = 500;

/// Connections that commands are sent on, each for an account of its own.
const WRITERS: usize = 16;

/// Connections that read.
const READERS: usize = 2;

/// How long a reader pauses between two reads.
const READ_EVERY: Duration = Duration::from_millis(1);

/// The lag that is aimed at, in milliseconds.
const AIM_MS: f64 = 50.0;

/// A command that was answered.
#[derive(Debug, Clone, Copy)]
struct Write {
    position: u64,
    due: Instant,
    answered: Instant,
}

/// A read that was answered.
#[derive(Debug, Clone, Copy)]
struct Seen {
    position: u64,
    at: Instant,
}

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let data = bench.small().await;
    let folder = data.copy(bench.scratch(), "lag");
    let server = Server::start(&bench.binary, &folder, &[QUIET]).await;
    let what = format!("a write is visible after, at {PER_SECOND} commands/s");
    let figures = figures(bench, &server, &server, data.contents.films, &what).await;
    server.stop().await;
    figures
}

/// Commands go to the one server, reads to the other; both may be the same.
pub(super) async fn figures(
    bench: &Bench<'_>,
    commands: &Server,
    queries: &Server,
    films: u64,
    what: &str,
) -> Vec<Figure> {
    let seconds = if bench.is_quick() { 2 } else { 15 };
    // The first second warms up.
    let (writes, seen) = run(commands, queries, films, PER_SECOND * (seconds + 1)).await;
    let counted = &writes[PER_SECOND as usize..];
    let (mut after_answer, mut after_due) = (Times::default(), Times::default());
    for write in counted {
        let first = seen.partition_point(|seen| seen.position < write.position);
        let visible = seen.get(first).expect("readers go on until they have seen all").at;
        after_answer.push(visible.saturating_duration_since(write.answered));
        after_due.push(visible - write.due);
    }
    vec![
        figure(&format!("{what}: from its answer"), &after_answer),
        figure(&format!("{what}: from when it was due, durable commit included"), &after_due),
    ]
}

fn figure(what: &str, times: &Times) -> Figure {
    let (middle, slow) = (times.quantile_ms(0.5), times.quantile_ms(0.99));
    let measured =
        format!("p50 {} ms, p99 {} ms, of {} writes", number(middle), number(slow), times.len());
    Figure::said(what, measured).aim(Aim::Below { actual: slow, limit: AIM_MS, unit: "ms at p99" })
}

/// What was written, in order of when it was due, and what was seen, in order of positions.
async fn run(
    commanded: &Server,
    queried: &Server,
    films: u64,
    commands: u32,
) -> (Vec<Write>, Vec<Seen>) {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut readers = Vec::new();
    for number in 0..READERS {
        let connection = queried.connect().await;
        let (seen, stop) = (Arc::clone(&seen), Arc::clone(&stop));
        readers.push(tokio::spawn(read(connection, number as u64, films, seen, stop)));
    }
    let (mut queues, mut writers) = (Vec::new(), Vec::new());
    for number in 0..WRITERS {
        let (sender, receiver) = mpsc::unbounded_channel();
        queues.push(sender);
        let (connection, token) = (commanded.connect().await, commanded.token("member"));
        writers.push(tokio::spawn(write(connection, token, number as u64, films, receiver)));
    }
    let begin = Instant::now();
    for number in 0..commands {
        let at = due(begin, PER_SECOND, number);
        sleep_until(at.into()).await;
        queues[number as usize % WRITERS].send(at).expect("the writer waits");
    }
    drop(queues);
    let mut writes = Vec::new();
    for writer in writers {
        writes.extend(writer.await.expect("commands are answered"));
    }
    writes.sort_unstable_by_key(|write| write.due);
    let last = writes.iter().map(|write| write.position).max().unwrap_or_default();
    queried.reached(last).await;
    // One more read of each reader, which certainly shows it.
    sleep_until((Instant::now() + 20 * READ_EVERY).into()).await;
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("reads are answered");
    }
    let mut seen = std::mem::take(&mut *seen.lock().expect("nobody panics with it"));
    // Of all that showed a position or a later one, the earliest.
    seen.sort_unstable_by_key(|seen| seen.at);
    let mut highest = 0;
    seen.retain(|seen| {
        let is_news = seen.position > highest;
        highest = highest.max(seen.position);
        is_news
    });
    (writes, seen)
}

async fn write(
    mut connection: Connection,
    token: String,
    number: u64,
    films: u64,
    mut queue: mpsc::UnboundedReceiver<Instant>,
) -> Vec<Write> {
    let mut random = Random::of(number);
    let mut writes = Vec::new();
    let mut request = Vec::new();
    while let Some(due) = queue.recv().await {
        let film = films::movie_id(random.below(films));
        let body = format!("{{\"value\":{}}}", 1 + random.below(10));
        request.clear();
        write_json(&mut request, "PUT", &format!("/v1/movies/{film}/ratings/me"), &token, &body);
        let answer = connection.ask(&request).await.expect("the server answers");
        answer.expect(&[200, 201]);
        let position = answer.position().expect("a receipt has a position");
        writes.push(Write { position, due, answered: Instant::now() });
    }
    writes
}

async fn read(
    mut connection: Connection,
    number: u64,
    films: u64,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
) {
    let mut random = Random::of(number ^ 1 << 50);
    while !stop.load(Ordering::Relaxed) {
        let next = Instant::now() + READ_EVERY;
        let film = films::movie_id(random.below(films));
        let request = get(&format!("/v1/movies/{film}"), &[]);
        let answer = connection.ask(&request).await.expect("the server answers");
        answer.expect(&[200]);
        let position = answer.position().expect("a read has a position");
        let shown = Seen { position, at: Instant::now() };
        seen.lock().expect("nobody panics with it").push(shown);
        sleep_until(next.into()).await;
    }
}
