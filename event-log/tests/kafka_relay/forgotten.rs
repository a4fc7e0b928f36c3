//! Partitions that Kafka never told how a transaction ended: what was in it is given up, and published again.

use std::time::Duration;

use event_log::kafka::{cloud_event::encode, partition_of};
use proving_ground::{PrivateKafka, Topic};
use rdkafka::{
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, Producer},
};

use crate::fixture::{Log, PARTITIONS, PATIENCE, Reader, Relaying, begun, log_and_topic, options};

/// Kafka 4.3 forgets the partitions that have no leader when it ends a transaction (KAFKA-20734), which is
/// so for a moment when the only broker is started again. Where it does not, this holds all the more.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_broker_committed_and_never_told_its_partitions_is_there_once_after_it_was_killed() {
    // It tells them through its proxy.
    let mut kafka = PrivateKafka::start_with(&[
        ("inter.broker.listener.name", "PROXIED"),
        ("transaction.partition.verification.enable", "false"),
    ])
    .await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&kafka.server()));
    let relay = Relaying::start(&log, options(&kafka.server(), topic.name()));
    relay.leads().await;
    log.append(1..30).await;
    relay.is("these are published", |report| report.position.is_some_and(|at| at.0 == 29)).await;
    kafka.proxy().refuse(true);
    kafka.proxy().cut();
    log.append(30..60).await;
    relay.has_trouble_with("not yet told of a commit").await;
    kafka.kill().await;
    log.append(60..90).await;
    kafka.start_again().await;
    kafka.proxy().refuse(false);
    let mut reader = Reader::of(&kafka.server(), topic.name(), "read_committed");
    reader.reads(89).await;
    reader.reads_for(Duration::from_millis(500)).await;
    reader.has_exactly(&log.all().await);
    relay.is("it is well again", |report| report.trouble.is_none()).await;
    relay.stop().await;
}

/// As where the partition of the checkpoint was told of a commit and another was not. What is undecided there
/// is written by somebody else here, since no broker forgets when it is asked to: so the first relay cannot
/// end it, and is stopped between setting the checkpoint back and publishing again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_forgotten_behind_a_checkpoint_is_published_again_by_whoever_leads_next() {
    let (log, topic) = log_and_topic().await;
    log.append(1..30).await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.is("all is published", |report| report.position.is_some_and(|at| at.0 == 29)).await;
    relay.stop().await;

    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(29).await;
    let (events, source) = (log.all().await, reader.arrived[0].decoded.source.clone());
    let record = encode(&events[9], events[8].position, &source);
    let headers = record.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    });
    let somebody = begun(&topic);
    let partition = partition_of(record.key.as_bytes(), PARTITIONS);
    let copy = BaseRecord::to(topic.name()).partition(partition).headers(headers);
    somebody.send(copy.key(record.key).payload(record.value)).unwrap();
    somebody.flush(PATIENCE).unwrap();

    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.has_trouble_with("not yet told of what was given up").await;
    relay.stop().await;
    somebody.abort_transaction(PATIENCE).unwrap();
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.is("all is published", |report| report.position.is_some_and(|at| at.0 == 29)).await;
    reader.reads(29 + 20).await;
    reader.reads_for(Duration::from_millis(500)).await;
    let mut again: Vec<u64> =
        reader.arrived[29..].iter().map(|arrived| arrived.decoded.event.position.0).collect();
    again.sort_unstable();
    assert_eq!(again, (10..=29).collect::<Vec<_>>());
    relay.stop().await;
}
