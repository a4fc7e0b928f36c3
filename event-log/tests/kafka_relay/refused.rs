//! The topics: made as configured, and refused where they are not as they must be.

use std::time::Duration;

use event_log::kafka::KafkaOptions;
use proving_ground::Topic;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewPartitions, ResourceSpecifier},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    producer::{BaseProducer, BaseRecord, Producer},
};

use crate::fixture::{
    Log, PARTITIONS, PATIENCE, Reader, Relaying, begun, config, log_and_topic, options,
};

fn admin(topic: &Topic) -> AdminClient<DefaultClientContext> {
    config(topic).create().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topics_are_made_with_the_configured_partitions_replication_and_retention() {
    let (log, topic) = log_and_topic().await;
    let wanted = KafkaOptions {
        partitions: 5,
        replication: Some(1),
        retention: Some(Duration::from_secs(3600)),
        ..options(topic.server(), topic.name())
    };
    let relay_topic = wanted.relay_topic();
    let relay = Relaying::start(&log, wanted);
    relay.leads().await;
    let consumer: BaseConsumer = config(&topic).create().unwrap();
    for (name, partitions) in [(topic.name(), 5), (&relay_topic, 1)] {
        let metadata = consumer.fetch_metadata(Some(name), Duration::from_secs(10)).unwrap();
        let found = metadata.topics()[0].partitions();
        assert_eq!(found.len(), partitions, "{name}");
        assert!(found.iter().all(|partition| partition.replicas().len() == 1));
    }
    for (name, key, value) in [
        (topic.name(), "retention.ms", "3600000"),
        (topic.name(), "cleanup.policy", "delete"),
        (&relay_topic, "cleanup.policy", "compact"),
    ] {
        let asked = [ResourceSpecifier::Topic(name)];
        let told = admin(&topic).describe_configs(&asked, &AdminOptions::new()).await.unwrap();
        let told = told[0].as_ref().unwrap();
        assert_eq!(told.get(key).unwrap().value.as_deref(), Some(value), "{name}: {key}");
    }
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_replicas_than_there_are_brokers_are_refused_by_name() {
    let (log, topic) = log_and_topic().await;
    let wanted = KafkaOptions { replication: Some(3), ..options(topic.server(), topic.name()) };
    let relay = Relaying::start(&log, wanted);
    let reason = relay.has_trouble_with("kafka.replication").await;
    assert!(reason.contains(topic.name()), "{reason}");
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_another_number_of_partitions_is_refused_until_the_number_is_right() {
    let (log, topic) = log_and_topic().await;
    topic.make(PARTITIONS + 1).await;
    log.append(1..5).await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    let reason = relay.has_trouble_with("kafka.partitions to 4").await;
    assert!(reason.contains("has 4 partitions instead of 3"), "{reason}");
    assert!(!relay.status.report().leads);
    // Somebody deletes it, and the relay makes it as it must be.
    topic.delete().await;
    relay.leads().await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(4).await;
    reader.has_exactly(&log.all().await);
    relay.is("the trouble is over", |report| report.trouble.is_none()).await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_added_meanwhile_change_no_order_and_are_refused_at_the_next_start() {
    let (log, topic) = log_and_topic().await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.leads().await;
    log.append(1..50).await;
    let more = NewPartitions::new(topic.name(), 8);
    let made = admin(&topic).create_partitions([&more], &AdminOptions::new()).await.unwrap();
    made[0].as_ref().unwrap();
    log.append(50..100).await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(99).await;
    reader.has_exactly(&log.all().await);
    relay.stop().await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.has_trouble_with("has 8 partitions instead of 3").await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_log_is_refused_at_a_topic_that_has_a_log() {
    let (log, topic) = log_and_topic().await;
    log.append(1..5).await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    let mut reader = None;
    relay.leads().await;
    let reader =
        reader.get_or_insert_with(|| Reader::of(topic.server(), topic.name(), "read_committed"));
    reader.reads(4).await;
    relay.stop().await;

    let other = Log::new().await;
    other.append(100..200).await;
    let relay = Relaying::start(&other, options(topic.server(), topic.name()));
    relay.has_trouble_with("not what the log holds").await;
    relay.stop().await;

    let shorter = Log::new().await;
    shorter.append(1..3).await;
    let relay = Relaying::start(&shorter, options(topic.server(), topic.name()));
    relay.has_trouble_with("not what the log holds").await;
    relay.stop().await;
    reader.reads_for(Duration::from_millis(300)).await;
    reader.has_exactly(&log.all().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_whose_checkpoint_is_gone_is_refused_rather_than_filled_twice() {
    let (log, topic) = log_and_topic().await;
    log.append(1..5).await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.is("all is published", |report| report.leads && report.lag_events == Some(0)).await;
    relay.stop().await;
    let checkpoint = format!("{}.relay", topic.name());
    let deleted = admin(&topic).delete_topics(&[&checkpoint], &AdminOptions::new()).await.unwrap();
    deleted[0].as_ref().unwrap();
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.has_trouble_with("does not say how far they go").await;
    relay.stop().await;
}

/// Somebody else who has written to the topic, and says neither that it counts nor that it does not.
fn in_a_transaction(topic: &Topic) -> BaseProducer {
    let producer = begun(topic);
    producer.send(BaseRecord::to(topic.name()).key("movie-1").payload("{}")).unwrap();
    producer.flush(PATIENCE).unwrap();
    producer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_a_transaction_of_somebody_else_is_refused_until_that_has_ended() {
    let (log, topic) = log_and_topic().await;
    log.append(1..5).await;
    topic.make(PARTITIONS).await;
    let producer = in_a_transaction(&topic);
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    let reason = relay.has_trouble_with("kafka-transactions.sh").await;
    assert!(reason.contains(&format!("of {} from offset 0 on", topic.name())), "{reason}");
    producer.abort_transaction(PATIENCE).unwrap();
    relay.is("all is published", |report| report.leads && report.lag_events == Some(0)).await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(4).await;
    reader.has_exactly(&log.all().await);
    relay.stop().await;
}

/// As a relay leaves it that dies within its first transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_nothing_but_a_transaction_that_was_given_up_is_begun_as_a_new_one() {
    let (log, topic) = log_and_topic().await;
    log.append(1..5).await;
    topic.make(PARTITIONS).await;
    let producer = in_a_transaction(&topic);
    producer.abort_transaction(PATIENCE).unwrap();
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.is("all is published", |report| report.leads && report.lag_events == Some(0)).await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(4).await;
    reader.has_exactly(&log.all().await);
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_made_anew_gets_everything_again() {
    let (log, topic) = log_and_topic().await;
    log.append(1..50).await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.is("all is published", |report| report.leads && report.lag_events == Some(0)).await;
    topic.delete().await;
    log.append(50..60).await;
    // The relay itself makes it.
    relay.is("it leads again", |report| report.lag_events == Some(0)).await;
    relay.leads().await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(59).await;
    reader.has_exactly(&log.all().await);
    relay.stop().await;
}

/// As a relay leaves it that dies within its first transaction to the new topic.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_made_anew_gets_everything_again_though_a_first_attempt_was_given_up() {
    let (log, topic) = log_and_topic().await;
    log.append(1..50).await;
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.is("all is published", |report| report.leads && report.lag_events == Some(0)).await;
    relay.stop().await;
    topic.delete().await;
    topic.make(PARTITIONS).await;
    in_a_transaction(&topic).abort_transaction(PATIENCE).unwrap();
    let relay = Relaying::start(&log, options(topic.server(), topic.name()));
    relay.is("all is published", |report| report.leads && report.lag_events == Some(0)).await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(49).await;
    reader.has_exactly(&log.all().await);
    relay.stop().await;
}
