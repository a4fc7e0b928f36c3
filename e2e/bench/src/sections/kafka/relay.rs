//! How fast the relay publishes a log that is full, against Kafka's own performance test with such records on the
//! same broker.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use event_log::{Direction, EventLog, kafka::cloud_event::encode};
use events::Position;

use super::open;
use crate::{
    dataset::append,
    figure::{Aim, Figure, number},
    kafka::{Kafka, Sent},
    measure::{Cost, Duel, median},
    postgres::{Catalogue, Postgres, on},
    sections::Bench,
    server::Server,
};

/// How many times as many films as one turn of the projection has are in the log.
const TIMES_AS_MANY: u64 = 6;

/// The part of the log that is published before it counts: the relay is elected, and its client learns where
/// everything is.
const NOT_COUNTED: f64 = 0.2;

/// Records that the performance test takes its own from.
const RECORDS: usize = 10_000;

/// What the relay shall do at least of what the performance test does with transactions.
const AIM: f64 = 0.5;

/// What one turn of the relay gave.
struct Relayed {
    per_second: f64,
    /// Events in a transaction.
    batch: f64,
    /// The part of the time that transactions took; in the rest the log was read.
    in_transactions: f64,
}

pub(super) async fn measure(
    bench: &Bench<'_>,
    postgres: &Postgres,
    kafka: &Kafka,
    catalogue: &Catalogue,
    films: u64,
) -> Vec<Figure> {
    let url = postgres.create_like(&catalogue.log, "relayed").await;
    let log = open(&url).await;
    let first = catalogue.data.contents.films;
    let head = append(&log, first..first + TIMES_AS_MANY * films).await;
    let (records, bytes) = write_records(&log, &bench.scratch().join("records")).await;
    log.close().await;
    postgres.execute("relayed", "VACUUM (ANALYZE)").await;
    postgres.settle().await;
    let (mut idempotent, mut transactional) = (Duel::default(), Duel::default());
    let (mut cost, mut batches, mut lasting) = (Cost::default(), Vec::new(), Vec::new());
    let mut shares = Vec::new();
    for round in 0..bench.runs.rounds.min(3) {
        let relayed = relay(bench, kafka, &url, round, head, &mut cost).await;
        let count = usize::try_from(head).unwrap_or(usize::MAX);
        let sent = Sent { records: &records, count, transaction_ms: None };
        let theirs = kafka.records_per_second(&format!("idempotent-{round}"), sent);
        idempotent.ours.push(relayed.per_second);
        idempotent.theirs.push(theirs);
        // As long as it takes to send as many as the relay has in one.
        let milliseconds = (1e3 * relayed.batch / theirs).max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1")]
        let sent = Sent { transaction_ms: Some(milliseconds as u64), ..sent };
        let theirs = kafka.records_per_second(&format!("transactional-{round}"), sent);
        transactional.ours.push(relayed.per_second);
        transactional.theirs.push(theirs);
        batches.push(relayed.batch);
        shares.push(relayed.in_transactions);
        lasting.push(milliseconds.floor());
    }
    postgres.delete("relayed").await;
    let (events, bytes) = (number(head as f64), number(bytes));
    let what = format!("the relay publishes {events} events from Postgres, {bytes} bytes a record");
    let measured = format!(
        "{} events/s, {} µs of processor each, {} events a transaction, which take {} % of the time",
        number(median(&idempotent.ours)),
        number(cost.each_us()),
        number(median(&batches)),
        number(100.0 * median(&shares)),
    );
    let test = "`kafka-producer-perf-test`, same broker, such records";
    let rate = |duel: &Duel| number(median(&duel.theirs));
    let alone = format!("{} records/s: {test}, idempotent, acks=all", rate(&idempotent));
    let lasting = number(median(&lasting));
    let in_transactions =
        format!("{} records/s: the same, in transactions of {lasting} ms", rate(&transactional));
    vec![
        Figure::said(&what, &measured).against(alone, idempotent.ratio()),
        Figure::said(what, measured)
            .against(in_transactions, transactional.ratio())
            .aim(Aim::AtLeast(AIM)),
    ]
}

/// Publishes the whole log to topics of its own.
async fn relay(
    bench: &Bench<'_>,
    kafka: &Kafka,
    url: &str,
    round: usize,
    head: u64,
    cost: &mut Cost,
) -> Relayed {
    const PUBLISHED: &str = "cinelog_relay_published_total";
    const LASTED: &str = "cinelog_relay_transaction_duration_seconds_sum";
    let (broker, topic) = (kafka.broker(), format!("relayed-{round}"));
    let [quiet, log, read_model] = on(url);
    let settings = [
        quiet,
        log,
        read_model,
        ("CINELOG__SERVER__ROLES", "relay"),
        ("CINELOG__KAFKA__BROKERS", &broker),
        ("CINELOG__KAFKA__TOPIC", &topic),
    ];
    let folder = bench.scratch().join(&topic);
    let server = Server::start_unready(&bench.binary, &folder, &settings).await;
    let published = server.metric_reaches(PUBLISHED, NOT_COUNTED * head as f64).await;
    let (begun, spent) = (Instant::now(), server.processor_time());
    let lasted = server.metric(LASTED).await;
    let all = server.metric_reaches(PUBLISHED, head as f64).await;
    let took = begun.elapsed();
    let in_transactions = server.metric(LASTED).await - lasted;
    let count = all - published;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    cost.add(server.processor_time() - spent, count as usize);
    let transactions =
        ["_sum", "_count"].map(|end| format!("cinelog_relay_transaction_events{end}"));
    let batch = server.metric(&transactions[0]).await / server.metric(&transactions[1]).await;
    server.stop().await;
    let in_transactions = in_transactions / took.as_secs_f64();
    Relayed { per_second: count / took.as_secs_f64(), batch, in_transactions }
}

/// Writes records as the relay sends them, a line each with key, headers and value; gives where they are and how
/// many bytes one has on average.
async fn write_records(log: &Arc<dyn EventLog>, file: &Path) -> (PathBuf, f64) {
    const PAGE: usize = 500;
    let (mut lines, mut at, mut count) = (String::new(), Position::START, 0);
    while count < RECORDS {
        let page = log.read_all(at, Direction::Forwards, PAGE).await.expect("the log can be read");
        let Some(last) = page.last() else { break };
        let mut previous = at;
        at = last.position;
        count += page.len();
        for event in &page {
            let source = format!("urn:cinelog:log:{:032x}", 0);
            let record = encode(event, previous, &source);
            previous = event.position;
            lines.push_str(record.key);
            for (name, value) in &record.headers {
                lines.extend([name, value.as_str()]);
            }
            lines.push_str(record.value);
            lines.push('\n');
        }
    }
    fs::write(file, &lines).expect("the folder can be written");
    (file.to_owned(), lines.len() as f64 / count as f64 - 1.0)
}
