//! Load on a server: as fast as it answers, or at a fixed rate.

use std::{
    collections::BTreeMap,
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
    /// How often each value of the header that was asked for came, in the time that counts.
    pub(crate) headers: BTreeMap<String, usize>,
}

/// Who puts on load, and what is looked at in answers.
#[derive(Debug, Clone, Copy)]
struct Worker {
    statuses: &'static [u16],
    /// The header whose values are counted. Only with one, connections may be closed in between.
    counted: Option<&'static str>,
    begin: Instant,
    end: Instant,
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
    counting_loop(address, connections, runs, statuses, None, requests).await
}

/// The same, and counts the values of the header `counted`, if any. Whoever answers may close connections then, as
/// proxies do after so many requests: they are opened again, which is part of the time that the next answer takes.
pub(crate) async fn counting_loop<R: Requests>(
    address: SocketAddr,
    connections: usize,
    runs: Runs,
    statuses: &'static [u16],
    counted: Option<&'static str>,
    requests: impl Fn(usize) -> R,
) -> Outcome {
    let mut open = Vec::new();
    for number in 0..connections {
        open.push((Connection::open(address).await.expect("the server accepts"), requests(number)));
    }
    let begin = Instant::now() + runs.warm_up;
    let worker = Worker { statuses, counted, begin, end: begin + runs.duration };
    let workers: Vec<_> = (open.into_iter())
        .map(|(connection, requests)| tokio::spawn(worker.keep_busy(address, connection, requests)))
        .collect();
    let mut all = Outcome::default();
    for worker in workers {
        let outcome = worker.await.expect("the server answers as it should");
        all.times.extend(outcome.times);
        all.answers += outcome.answers;
        for (value, count) in outcome.headers {
            *all.headers.entry(value).or_default() += count;
        }
    }
    all.per_second = all.times.len() as f64 / runs.duration.as_secs_f64();
    all
}

impl Worker {
    async fn keep_busy(
        self,
        address: SocketAddr,
        mut connection: Connection,
        mut next: impl Requests,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let (mut request, mut is_closed) = (Vec::new(), false);
        let mut now = Instant::now();
        while now < self.end {
            request.clear();
            next(&mut request);
            let sent = now;
            if is_closed {
                connection = Connection::open(address).await.expect("the server accepts");
            }
            let answer = connection.ask(&request).await.expect("the server answers");
            answer.expect(self.statuses);
            outcome.answers += 1;
            now = Instant::now();
            let counts = sent >= self.begin && now < self.end;
            if counts {
                outcome.times.push(now - sent);
            }
            if let Some(counted) = self.counted {
                is_closed = answer.header("connection") == Some("close");
                let value = answer.header(counted).unwrap_or_default();
                if counts {
                    match outcome.headers.get_mut(value) {
                        Some(count) => *count += 1,
                        None => drop(outcome.headers.insert(value.to_owned(), 1)),
                    }
                }
            }
        }
        outcome
    }
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
