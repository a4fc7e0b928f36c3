//! How fast a projector folds in what comes by Kafka, against one that reads the log.
//!
//! A projector begins with the log and goes on with Kafka once it has caught up. So both are current when a turn
//! begins. What is to be folded is added while the projector is halted, and the time counts from when it goes on; or
//! it is added while the projector runs, and the time counts from the first event that is added.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::EventLog;
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::time::sleep;

use super::open;
use crate::{
    dataset::append,
    figure::{Aim, Figure, number},
    kafka::Kafka,
    measure::{Duel, median},
    postgres::{Catalogue, Postgres, READ_MODEL, on},
    sections::Bench,
    server::{QUIET, Server},
};

/// What a projector shall do at least that Kafka feeds, of what one does that reads the log.
const AIM: f64 = 0.8;

/// Turns that count.
const ROUNDS: usize = 2;

/// How often is looked how far the read model is.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What one read model has, and who keeps it current.
struct Side {
    log: Arc<dyn EventLog>,
    projector: Server,
    /// Where Kafka feeds the projector.
    relay: Option<Server>,
    read_model: PgConnection,
    /// The number of the first film that is not in the log.
    next: u64,
    head: u64,
}

pub(super) async fn measure(
    bench: &Bench<'_>,
    postgres: &Postgres,
    kafka: &Kafka,
    catalogue: &Catalogue,
    films: u64,
) -> Vec<Figure> {
    let broker = kafka.broker();
    let mut by_kafka = Side::start(bench, postgres, catalogue, "by_kafka", Some(&broker)).await;
    let mut by_log = Side::start(bench, postgres, catalogue, "by_log", None).await;
    let (mut behind, mut live) = (Duel::default(), Duel::default());
    for round in 0..=ROUNDS {
        let turn = [
            by_kafka.catch_up(postgres, films).await,
            by_log.catch_up(postgres, films).await,
            by_kafka.keep_up(postgres, films).await,
            by_log.keep_up(postgres, films).await,
        ];
        // In the first turn caches and plans of Postgres are cold.
        if round > 0 {
            behind.ours.push(turn[0]);
            behind.theirs.push(turn[1]);
            live.ours.push(turn[2]);
            live.theirs.push(turn[3]);
        }
    }
    let fell_back = by_kafka.projector.metric("cinelog_projector_fell_back_total").await;
    let times = match fell_back {
        0.0 => "all of it from Kafka".to_owned(),
        times => format!("**{times} times it went back to the log**"),
    };
    let events = number(films as f64 * 1.5);
    by_kafka.stop().await;
    by_log.stop().await;
    for database in ["by_kafka", "by_log"] {
        postgres.delete(database).await;
    }
    let rate = |rates: &[f64]| format!("{} events/s", number(median(rates)));
    let figure = |what: &str, duel: &Duel| {
        let measured = format!("{}; {times}", rate(&duel.ours));
        let baseline = format!("{}: it reads the log", rate(&duel.theirs));
        Figure::said(format!("{what}, {events} events"), measured).against(baseline, duel.ratio())
    };
    vec![
        figure("a projector folds in what waits on Kafka", &behind).aim(Aim::AtLeast(AIM)),
        figure("end to end: appended, relayed, by Kafka into the read model", &live),
    ]
}

impl Side {
    async fn start(
        bench: &Bench<'_>,
        postgres: &Postgres,
        catalogue: &Catalogue,
        name: &str,
        broker: Option<&str>,
    ) -> Self {
        let url = postgres.create_like(&catalogue.whole, name).await;
        let folder = bench.scratch().join(name);
        let relay = match broker {
            Some(broker) => Some(start(&bench.binary, &folder, &url, "relay", broker).await),
            None => None,
        };
        let head = catalogue.data.contents.events;
        if let Some(relay) = &relay {
            relay.metric_reaches("cinelog_relay_position", head as f64).await;
        }
        let broker = broker.unwrap_or_default();
        let projector = start(&bench.binary, &folder, &url, "projector", broker).await;
        projector.ready().await;
        if relay.is_some() {
            projector.metric_reaches("cinelog_projector_kafka_partitions", 12.0).await;
        }
        Self {
            log: open(&url).await,
            projector,
            relay,
            read_model: postgres.connect(name).await,
            next: catalogue.data.contents.films,
            head,
        }
    }

    /// Adds films while the projector is halted; gives how many events a second it then folds in.
    async fn catch_up(&mut self, postgres: &Postgres, films: u64) -> f64 {
        self.prepare(postgres).await;
        self.projector.halt();
        let events = self.add(films).await;
        if let Some(relay) = &self.relay {
            relay.metric_reaches("cinelog_relay_position", self.head as f64).await;
        }
        postgres.settle().await;
        let begun = Instant::now();
        self.projector.go_on();
        self.reached().await;
        events / begun.elapsed().as_secs_f64()
    }

    /// Adds films; gives how many events a second come into the read model, from the first that is added.
    async fn keep_up(&mut self, postgres: &Postgres, films: u64) -> f64 {
        self.prepare(postgres).await;
        let begun = Instant::now();
        let events = self.add(films).await;
        self.reached().await;
        events / begun.elapsed().as_secs_f64()
    }

    async fn prepare(&self, postgres: &Postgres) {
        if self.relay.is_some() {
            self.projector.metric_reaches("cinelog_projector_fed_by_kafka", 1.0).await;
        }
        postgres.settle().await;
    }

    /// Gives how many events were added.
    async fn add(&mut self, films: u64) -> f64 {
        let before = self.head;
        self.head = append(&self.log, self.next..self.next + films).await;
        self.next += films;
        (self.head - before) as f64
    }

    /// Waits until the read model is what the log holds.
    async fn reached(&mut self) {
        let statement = format!("SELECT position FROM {READ_MODEL}.checkpoint");
        loop {
            let asked = sqlx::query_scalar(AssertSqlSafe(statement.as_str()));
            let position: i64 = asked.fetch_one(&mut self.read_model).await.expect("a position");
            if u64::try_from(position).is_ok_and(|position| position >= self.head) {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn stop(self) {
        self.log.close().await;
        self.projector.stop().await;
        if let Some(relay) = self.relay {
            relay.stop().await;
        }
    }
}

/// Starts a process with one role; Kafka feeds it where `broker` is named.
async fn start(binary: &Path, folder: &Path, url: &str, role: &str, broker: &str) -> Server {
    let [_, log, read_model] = on(url);
    let mut settings = vec![QUIET, log, read_model, ("CINELOG__SERVER__ROLES", role)];
    if !broker.is_empty() {
        settings.extend([
            ("CINELOG__KAFKA__BROKERS", broker),
            ("CINELOG__KAFKA__TOPIC", "projected"),
            ("CINELOG__PROJECTOR__SOURCE", "kafka"),
            // It is halted for some seconds, and keeps its partitions meanwhile.
            ("CINELOG__KAFKA__SESSION_TIMEOUT", "60s"),
        ]);
    }
    Server::start_unready(binary, &folder.join(role), &settings).await
}
