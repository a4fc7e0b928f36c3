//! What is published: every event, once, in order, whole.

use std::time::Duration;

use event_log::{Append, Expected, MAX_EVENT_BYTES, kafka::partition_of};
use events::{Metadata, NewEvent, StreamName};
use serde_json::value::RawValue;

use crate::fixture::{PARTITIONS, Reader, Relaying, event, log_and_topic, options};

#[tokio::test(flavor = "multi_thread")]
async fn every_event_that_the_log_has_and_gets_arrives_once_and_whole() {
    let (log, topic) = log_and_topic().await;
    log.append_at_once("movie-1", 1..3_000).await;
    log.append(3_000..3_200).await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.leads().await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    log.append(3_200..3_400).await;
    reader.reads(3_399).await;
    reader.has_exactly(&log.all().await);
    for arrived in &reader.arrived {
        let key = arrived.decoded.event.stream.as_str().as_bytes();
        assert_eq!(arrived.partition, partition_of(key, PARTITIONS));
    }
    let last = log.all().await.last().map(|event| event.position);
    relay
        .is("it knows that all is published, and is well", |report| {
            report.position == last && report.lag_events == Some(0) && report.trouble.is_none()
        })
        .await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_started_again_goes_on_where_it_stopped() {
    let (log, topic) = log_and_topic().await;
    let mut reader = None;
    for round in 0..3_u128 {
        let relay = Relaying::start(&log, options(topic.server(), topic.name()));
        relay.leads().await;
        let reader = reader
            .get_or_insert_with(|| Reader::of(topic.server(), topic.name(), "read_committed"));
        log.append(round * 50 + 1..round * 50 + 51).await;
        reader.reads(usize::try_from((round + 1) * 50).unwrap()).await;
        relay.stop().await;
    }
    let mut reader = reader.unwrap();
    reader.reads_for(Duration::from_millis(300)).await;
    reader.has_exactly(&log.all().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_the_log_is_the_same_in_every_record() {
    let (log, topic) = log_and_topic().await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.leads().await;
    log.append(1..5).await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(4).await;
    relay.stop().await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    log.append(5..9).await;
    reader.reads(8).await;
    let name = &reader.arrived[0].decoded.source;
    assert!(name.starts_with("urn:cinelog:log:"), "{name}");
    assert!(reader.arrived.iter().all(|arrived| arrived.decoded.source == *name));
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_event_that_a_log_takes_is_published() {
    let (log, topic) = log_and_topic().await;
    let text = format!("\"{}\"", "x".repeat(MAX_EVENT_BYTES - 2));
    let metadata = Metadata { correlation_id: Some("y".repeat(500)), ..event(1).metadata };
    let largest = NewEvent { metadata, data: RawValue::from_string(text).unwrap(), ..event(1) };
    let append = Append::new(StreamName::new("movie-1").unwrap(), Expected::Any, vec![largest]);
    log.log.append(append).await.unwrap();
    log.append(2..4).await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.leads().await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(3).await;
    reader.has_exactly(&log.all().await);
    relay.stop().await;
}
