//! Topics that are truncated, made again, or not there.

use std::{sync::Arc, time::Instant};

use event_log::kafka::source::{Member, Watermarks};
use events::{Position, RecordedEvent};
use projector::FedBy;
use proving_ground::Topic;

use super::{
    super::{impatient, inbox_of},
    Node, PARTITIONS, happen, is_read, receiving_from, records,
};
use crate::{
    contents::folded,
    ground::{Ground, PATIENCE, Store, busy_history, eventually},
};

async fn has_reached(ground: &Ground, events: &[RecordedEvent]) {
    let head = events.last().unwrap().position;
    eventually(async || ground.position().await >= head).await;
    assert_eq!(ground.stored().await, folded(events));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cut_off_before_it_was_read_is_read_from_the_log() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    let node = Node::start(&ground, impatient(), receiving.clone()).await;
    is_read(&ground, &topic).await;
    node.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 0, 20).await;
    has_reached(&ground, &all[..20]).await;
    node.stop().await;
    happen(&ground, &topic, all, 20, 40).await;
    for partition in 0..PARTITIONS {
        // Beyond all that there is, of most of them.
        let inbox = inbox_of(&ground);
        let reached = inbox.reached(topic.name(), &[partition]).await.unwrap();
        let cut = records(&all[..40])[20..].iter().filter(|of| of.partition == partition).count();
        let cut = i64::try_from(cut).unwrap();
        topic.truncate(partition, reached[0].next + cut).await;
    }
    let node = Node::start(&ground, impatient(), receiving).await;
    has_reached(&ground, &all[..40]).await;
    node.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 40, all.len()).await;
    has_reached(&ground, all).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_cut_off_under_a_reader_that_is_behind_is_read_on() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let mut receiving = receiving_from(topic.server(), topic.name());
    // Pauses after each event, so that it is behind.
    receiving.partition_events_max = 1;
    let node = Node::start(&ground, impatient(), receiving).await;
    is_read(&ground, &topic).await;
    happen(&ground, &topic, all, 0, 40).await;
    for partition in 0..PARTITIONS {
        let sent = records(&all[..40]).iter().filter(|of| of.partition == partition).count();
        topic.truncate(partition, i64::try_from(sent).unwrap()).await;
    }
    has_reached(&ground, &all[..40]).await;
    happen(&ground, &topic, all, 40, all.len()).await;
    has_reached(&ground, all).await;
    node.is_fed_by(FedBy::Kafka).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_was_made_again_is_read_and_what_is_missing_comes_from_the_log() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    let node = Node::start(&ground, impatient(), receiving).await;
    is_read(&ground, &topic).await;
    node.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 0, 40).await;
    has_reached(&ground, &all[..40]).await;
    topic.delete().await;
    topic.make(PARTITIONS).await;
    // The relay goes on after what it has relayed.
    happen(&ground, &topic, all, 40, 50).await;
    has_reached(&ground, &all[..50]).await;
    happen(&ground, &topic, all, 50, all.len()).await;
    has_reached(&ground, all).await;
    node.is_fed_by(FedBy::Kafka).await;
    node.stop().await;
}

/// Offsets alone do not show it: the new one is as long as the old one was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_topic_in_the_place_of_the_old_one_misleads_nobody() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    let node = Node::start(&ground, impatient(), receiving.clone()).await;
    is_read(&ground, &topic).await;
    node.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 0, 20).await;
    has_reached(&ground, &all[..20]).await;
    node.stop().await;
    topic.delete().await;
    topic.make(PARTITIONS).await;
    // What was relayed meanwhile stands where the old one had what was read.
    ground.append(&all[20..60]).await;
    topic.send(&records(&all[..60])[20..]).await;
    let node = Node::start(&ground, impatient(), receiving).await;
    has_reached(&ground, &all[..60]).await;
    happen(&ground, &topic, all, 60, all.len()).await;
    has_reached(&ground, all).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_topic_the_log_is_read_until_there_is_one() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::unmade().await);
    let receiving = receiving_from(topic.server(), topic.name());
    let node = Node::start(&ground, impatient(), receiving).await;
    ground.append(&all[..30]).await;
    eventually(async || ground.position().await >= Position(30)).await;
    topic.make(PARTITIONS).await;
    is_read(&ground, &topic).await;
    topic.send(&records(&all[..30])).await;
    node.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 30, all.len()).await;
    has_reached(&ground, all).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_whose_topic_was_deleted_is_in_trouble_until_it_is_there_again_though_nobody_writes() {
    let topic = Topic::new(PARTITIONS).await;
    let kafka = receiving_from(topic.server(), topic.name()).kafka;
    let group = format!("{}.group", topic.name());
    let begin = Box::new(|found: &[Watermarks]| Ok(found.iter().map(|part| part.low).collect()));
    let mut member = Member::join(&kafka, &group, begin).unwrap();
    let is = |member: &mut Member, in_trouble: bool, partitions: i32| {
        let deadline = Instant::now() + PATIENCE;
        let wanted = (in_trouble, partitions as usize);
        while (member.is_in_trouble(), member.assigned().len()) != wanted {
            assert!(Instant::now() < deadline, "{in_trouble}: {:?}", member.assigned());
            assert!(member.poll().unwrap().is_empty(), "nobody writes");
        }
    };
    tokio::task::block_in_place(|| is(&mut member, false, PARTITIONS));
    topic.delete().await;
    tokio::task::block_in_place(|| is(&mut member, true, 0));
    topic.make(PARTITIONS).await;
    tokio::task::block_in_place(|| is(&mut member, false, PARTITIONS));
}
