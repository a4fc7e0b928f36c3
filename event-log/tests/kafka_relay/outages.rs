//! A Kafka that is away, dies, or hangs: the log takes what it is given, and nothing is lost.

use std::time::{Duration, Instant};

use event_log::kafka::KafkaOptions;
use proving_ground::{PrivateKafka, Topic};

use crate::fixture::{Log, PARTITIONS, Reader, Relaying, options};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_started_again_has_everything_once() {
    let mut kafka = PrivateKafka::start().await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&kafka.server()));
    let relay = Relaying::start(&log, options(&kafka.server(), topic.name()));
    relay.leads().await;
    log.append_at_once("movie-3", 1..4_000).await;
    // In the middle of it, wherever that is.
    relay.is("some is published", |report| report.position.is_some_and(|at| at.0 > 0)).await;
    kafka.kill().await;
    log.append(4_000..4_100).await;
    relay.is("it is in trouble", |report| report.trouble.is_some()).await;
    kafka.start_again().await;
    log.append(4_100..4_200).await;
    let mut reader = Reader::of(&kafka.server(), topic.name(), "read_committed");
    reader.reads(4_199).await;
    reader.reads_for(Duration::from_millis(500)).await;
    reader.has_exactly(&log.all().await);
    relay.is("it is well again", |report| report.trouble.is_none()).await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_hangs_and_goes_on_has_everything_once() {
    let kafka = PrivateKafka::start().await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&kafka.server()));
    let relay = Relaying::start(&log, options(&kafka.server(), topic.name()));
    relay.leads().await;
    log.append(1..50).await;
    kafka.halt();
    log.append(50..100).await;
    relay.is("it is in trouble", |report| report.trouble.is_some()).await;
    kafka.go_on();
    // By itself, so that it says what is the matter where it does not go on.
    relay.is("all is published", |report| report.lag_events == Some(0)).await;
    let mut reader = Reader::of(&kafka.server(), topic.name(), "read_committed");
    reader.reads(99).await;
    log.append(100..150).await;
    reader.reads(149).await;
    reader.reads_for(Duration::from_millis(500)).await;
    reader.has_exactly(&log.all().await);
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_kafka_is_away_the_log_is_written_and_the_lag_is_known() {
    let mut kafka = PrivateKafka::start().await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&kafka.server()));
    let relay = Relaying::start(&log, options(&kafka.server(), topic.name()));
    relay.leads().await;
    log.append(1..11).await;
    relay.is("all is published", |report| report.lag_events == Some(0)).await;
    relay.is("ten are", |report| report.position.is_some_and(|at| at.0 == 10)).await;
    kafka.stop().await;
    log.append(11..36).await;
    let report = relay
        .is("the lag is known", |report| {
            report.lag_events == Some(25) && report.trouble.is_some() && !report.leads
        })
        .await;
    assert!(!report.trouble.unwrap().1.is_empty());
    kafka.start_again().await;
    relay.is("all is published", |report| report.lag_events == Some(0)).await;
    relay.is("it is well", |report| report.trouble.is_none()).await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_kafka_was_never_there_says_so_and_stops_when_it_is_told() {
    let log = Log::new().await;
    log.append(1..11).await;
    // Nothing listens there.
    let nowhere =
        KafkaOptions { partitions: PARTITIONS, ..KafkaOptions::at(vec!["127.0.0.1:1".to_owned()]) };
    let relay = Relaying::start(&log, nowhere);
    relay.has_trouble_with("refused").await;
    let stopping = Instant::now();
    relay.stop().await;
    assert!(stopping.elapsed() < Duration::from_secs(30), "{:?}", stopping.elapsed());
}
