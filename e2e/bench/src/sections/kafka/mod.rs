//! Kafka: how fast the relay publishes a log, and how fast a projector folds in what comes by Kafka.

mod projection;
mod relay;

use std::sync::Arc;

use event_log::{
    EventLog,
    postgres::{PostgresLog, PostgresLogOptions},
};

use crate::{figure::Figure, kafka::Kafka, sections::Bench};

/// Films that are added for one turn, each with half a rating.
const FILMS: u64 = 15_000;

/// The same where it is only shown that it works.
const FILMS_QUICK: u64 = 2_000;

pub(crate) async fn measure(bench: &Bench<'_>) -> Vec<Figure> {
    let postgres = bench.postgres().await;
    let catalogue = bench.small_on_postgres().await;
    let kafka = Kafka::start(bench.parent()).await;
    let films = if bench.is_quick() { FILMS_QUICK } else { FILMS };
    let mut figures = relay::measure(bench, postgres, &kafka, &catalogue, films).await;
    figures.extend(projection::measure(bench, postgres, &kafka, &catalogue, films).await);
    figures
}

async fn open(url: &str) -> Arc<dyn EventLog> {
    let log = PostgresLog::open(PostgresLogOptions::at(url)).await;
    Arc::new(log.expect("the log opens"))
}
