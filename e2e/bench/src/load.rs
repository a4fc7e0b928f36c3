//! Load on a server: as fast as it answers, or at a fixed rate.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{arguments::Runs, connection::Connection, measure::Times};

/// Makes requests: writes the next one into an empty buffer.
pub(crate) trait Requests: FnMut(&mut Vec<u8>) + Send + 'static {}

impl<F: FnMut(&mut Vec<u8>) + Send + 'static> Requests for F {}

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Answers a second.
    pub(crate) per_second: f64,
    /// How long each took.
    pub(crate) times: Times,
    /// All answers, those of the warm-up too.
    pub(crate) answers: usize,
}

/// Keeps `connections` busy, each with the next request when the last one is answered. `requests`
/// makes the requests of the connection with this number, `statuses` are what the answers may be.
pub(crate) async fn closed_loop<R: Requests>(
    address: SocketAddr,
    connections: usize,
    runs: Runs,
    statuses: &'static [u16],
    requests: impl Fn(usize) -> R,
) -> Outcome {
    let mut open = Vec::new();
    for number in 0..connections {
        open.push((Connection::open(address).await.expect("the server accepts"), requests(number)));
    }
    let begin = Instant::now() + runs.warm_up;
    let end = begin + runs.duration;
    let workers: Vec<_> = (open.into_iter())
        .map(|(connection, requests)| {
            tokio::spawn(keep_busy(connection, requests, statuses, begin, end))
        })
        .collect();
    let (mut times, mut answers) = (Times::default(), 0);
    for worker in workers {
        let (of_worker, answered) = worker.await.expect("the server answers as it should");
        times.extend(of_worker);
        answers += answered;
    }
    Outcome { per_second: times.len() as f64 / runs.duration.as_secs_f64(), times, answers }
}

async fn keep_busy(
    mut connection: Connection,
    mut next: impl Requests,
    statuses: &'static [u16],
    begin: Instant,
    end: Instant,
) -> (Times, usize) {
    let (mut times, mut answers) = (Times::default(), 0);
    let mut request = Vec::new();
    let mut now = Instant::now();
    while now < end {
        request.clear();
        next(&mut request);
        let sent = now;
        let answer = connection.ask(&request).await.expect("the server answers");
        answer.expect(statuses);
        answers += 1;
        now = Instant::now();
        if sent >= begin && now < end {
            times.push(now - sent);
        }
    }
    (times, answers)
}

/// The rate of something that goes on by itself: `count` is read at the beginning and the end of the
/// time that counts.
pub(crate) async fn rate_of(runs: Runs, count: impl Fn() -> u64) -> f64 {
    tokio::time::sleep(runs.warm_up).await;
    let (before, begin) = (count(), Instant::now());
    tokio::time::sleep(runs.duration).await;
    (count() - before) as f64 / begin.elapsed().as_secs_f64()
}

/// A request without a body.
pub(crate) fn get(target: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut request = format!("GET {target} HTTP/1.1\r\nHost: bench\r\n");
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request.push_str("\r\n");
    request.into_bytes()
}

/// Writes a request with a JSON body.
pub(crate) fn write_json(into: &mut Vec<u8>, method: &str, target: &str, token: &str, body: &str) {
    for part in [
        method,
        " ",
        target,
        " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ",
        token,
        "\r\nContent-Type: application/json\r\nContent-Length: ",
        &body.len().to_string(),
        "\r\n\r\n",
        body,
    ] {
        into.extend_from_slice(part.as_bytes());
    }
}

/// When the requests of an open loop are due: evenly, from `begin` on.
pub(crate) fn due(begin: Instant, per_second: u32, number: u32) -> Instant {
    begin + Duration::from_secs(1) * number / per_second
}
