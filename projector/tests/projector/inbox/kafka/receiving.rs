//! Partitions that are spread over projectors, and go from one to another.

use std::sync::Arc;

use event_log::EventLog;
use events::{Position, StreamName};
use projector::{FedBy, PoisonPolicy, verify};
use proving_ground::{PrivateKafka, Topic};

use super::{
    super::{impatient, inbox_of, patient, start_fed},
    Node, PARTITIONS, Receiver, happen, is_read, members, receiving_from, records,
};
use crate::{
    contents::folded,
    ground::{Ground, Store, busy_history, eventually, options},
    history::History,
};

/// Many events of few streams.
fn long_history(events: usize) -> History {
    let mut history = busy_history();
    for number in history.events.len()..events {
        history.describe(["Drama", "Noir", "War"][number % 3], &format!("Number {number}."));
    }
    history
}

async fn is_the_fold(ground: &Ground, history: &History) {
    let head = history.events.last().unwrap().position;
    eventually(async || ground.position().await >= head).await;
    let log: Arc<dyn EventLog> = Arc::clone(&ground.log) as _;
    let models = ground.read_models.as_ref();
    let verified = verify(log.as_ref(), models, 9, &|_| {}).await.unwrap();
    assert!(verified.is_clean(), "{verified:?}");
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_spread_over_projectors_and_the_read_model_is_what_verify_folds() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    // Nothing is ever late: what is not put in by one of them is never folded in.
    let one = Node::start(&ground, patient(), receiving.clone()).await;
    is_read(&ground, &topic).await;
    let other = Node::start(&ground, patient(), receiving).await;
    members(&ground, &topic, 2).await;
    one.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 0, 30).await;
    eventually(async || ground.position().await >= Position(30)).await;
    // The one that leads goes, with its partitions.
    one.stop().await;
    happen(&ground, &topic, all, 30, all.len()).await;
    is_the_fold(&ground, &history).await;
    // Told a moment later, where it took the lead while events were appended.
    other.is_fed_by(FedBy::Kafka).await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_that_change_hands_in_the_middle_of_batches_lose_and_repeat_nothing() {
    let history = long_history(600);
    let all = &history.events;
    let ground = Ground::with(Store::Postgres, all).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    // Makes its tables.
    ground.read_model().await.close().await;
    let first = Receiver::start(&ground, receiving.clone());
    is_read(&ground, &topic).await;
    let records = records(all);
    for chunk in records.chunks(records.len().div_ceil(6)) {
        let joins = Receiver::start(&ground, receiving.clone());
        topic.send(chunk).await;
        joins.stop().await;
    }
    // All of it waits, each event once: nobody has folded anything in.
    let inbox = inbox_of(&ground);
    let waiting = async || {
        let held = inbox.held().await.unwrap();
        held.iter().map(|held| held.events).sum::<u64>()
    };
    eventually(async || waiting().await == all.len() as u64).await;
    let node = Node::start(&ground, patient(), receiving).await;
    is_the_fold(&ground, &history).await;
    first.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inbox_does_not_grow_while_nobody_folds_it_in() {
    const EACH: usize = 3_000;
    /// What one poll brings at most.
    const AT_ONCE: u64 = 2_000;
    let mut history = History::default();
    for name in ["Drama", "War"] {
        for number in 0..EACH {
            history.describe(name, &format!("Number {number}."));
        }
    }
    let ground = Ground::new(Store::Postgres).await;
    let (drama, war) = history.events.split_at(EACH);
    assert_ne!(drama[0].stream, war[0].stream);
    assert!(drama[0].stream.as_str().starts_with("genre-") && war.len() == EACH);
    ground.read_model().await.close().await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let mut receiving = receiving_from(topic.server(), topic.name());
    receiving.partition_events_max = 100;
    let receiver = Receiver::start(&ground, receiving.clone());
    is_read(&ground, &topic).await;
    ground.append_at_once(drama).await;
    ground.append_at_once(war).await;
    topic.send(&records(&history.events)).await;
    let inbox = inbox_of(&ground);
    let held = async || inbox.held().await.unwrap();
    eventually(async || held().await.iter().filter(|held| held.events >= 100).count() == 2).await;
    // For as long as others take to read on.
    for _ in 0..50 {
        assert!(held().await.iter().all(|held| held.events <= 100 + AT_ONCE), "{:?}", held().await);
        tokio::task::yield_now().await;
    }
    // Whoever leads makes room, and what comes after is read.
    let node = Node::start(&ground, impatient(), receiving).await;
    is_the_fold(&ground, &history).await;
    eventually(async || held().await.is_empty()).await;
    receiver.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_was_paused_is_read_on_when_it_has_gone_to_another_and_come_back() {
    /// Events of a part: enough that each partition is paused.
    const PART: usize = 2_000;
    let mut history = History::default();
    for number in 0..3 * PART {
        history.describe(&format!("Genre {}", number % 40), &format!("Number {number}."));
    }
    let (all, ground) = (&history.events, Ground::new(Store::Postgres).await);
    ground.read_model().await.close().await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let mut narrow = receiving_from(topic.server(), topic.name());
    narrow.partition_events_max = 100;
    let first = Receiver::start(&ground, narrow);
    is_read(&ground, &topic).await;
    let inbox = inbox_of(&ground);
    let held = async || inbox.held().await.unwrap();
    let full = async || held().await.iter().filter(|held| held.events >= 100).count();
    happen(&ground, &topic, all, 0, PART).await;
    eventually(async || full().await == PARTITIONS as usize).await;
    // Only one that has room reads what comes now, once it has been given partitions.
    happen(&ground, &topic, all, PART, 2 * PART).await;
    let wide = receiving_from(topic.server(), topic.name());
    let other = Receiver::start(&ground, wide);
    let waiting = async || held().await.iter().map(|held| held.events).sum::<u64>();
    eventually(async || waiting().await > PART as u64).await;
    // What is there is taken from the log; what comes then, only from Kafka.
    let running = start_fed(&ground, patient(), options(512, PoisonPolicy::Park)).await;
    eventually(async || running.status.report().fed_by == FedBy::Kafka).await;
    // So that none is paused again when it comes back.
    eventually(async || held().await.is_empty()).await;
    other.stop().await;
    happen(&ground, &topic, all, 2 * PART, 3 * PART).await;
    is_the_fold(&ground, &history).await;
    running.stop().await.unwrap();
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_is_waited_for_and_the_log_is_read_meanwhile() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let mut kafka = PrivateKafka::start().await;
    let topic = Arc::new(Topic::on(&kafka.server(), PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    let node = Node::start(&ground, impatient(), receiving).await;
    is_read(&ground, &topic).await;
    node.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 0, 30).await;
    eventually(async || ground.position().await >= Position(30)).await;
    kafka.kill().await;
    ground.append(&all[30..50]).await;
    eventually(async || ground.position().await >= Position(50)).await;
    assert!(matches!(node.running.status.report().fed_by, FedBy::LogInstead(_)));
    kafka.start_again().await;
    // What the relay has to make up for.
    topic.send(&records(&all[..50])[30..]).await;
    node.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 50, all.len()).await;
    is_the_fold(&ground, &history).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_in_the_middle_of_a_stream_of_events_loses_and_repeats_nothing() {
    let history = long_history(300);
    let all = &history.events;
    let ground = Ground::with(Store::Postgres, &all[..1]).await;
    let mut kafka = PrivateKafka::start().await;
    let topic = Arc::new(Topic::on(&kafka.server(), PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    // Nothing is ever late: all of it comes by Kafka.
    let node = Node::start(&ground, patient(), receiving).await;
    is_read(&ground, &topic).await;
    node.is_fed_by(FedBy::Kafka).await;
    ground.append(&all[1..]).await;
    let records = records(all);
    topic.send(&records[1..150]).await;
    kafka.kill().await;
    kafka.start_again().await;
    topic.send(&records[150..]).await;
    is_the_fold(&ground, &history).await;
    assert_eq!(node.running.status.report().fed_by, FedBy::Kafka);
    node.stop().await;
}

#[test]
fn these_histories_use_more_than_one_partition() {
    let partitions: std::collections::BTreeSet<_> =
        busy_history().events.iter().map(|event| super::partition_of(event, PARTITIONS)).collect();
    assert!(partitions.len() > 2);
    assert!(StreamName::new("genre-drama").is_ok());
}
