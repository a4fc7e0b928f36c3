//! Records that no relay writes.

use std::{sync::Arc, time::Duration};

use event_log::Arrival;
use events::{EventId, Position};
use projector::{FedBy, postgres::inbox::InboxFeedOptions};
use proving_ground::{Record, Topic};
use uuid::Uuid;

use super::{
    super::{arrivals, beyond::far_events, impatient, inbox_of, patient},
    Node, PARTITIONS, happen, is_read, receiving_from, record, records,
};
use crate::{
    contents::folded,
    ground::{Ground, Store, busy_history, eventually},
};

/// One of each kind, with what is said of it.
fn odd(like: &Record) -> Vec<(Record, &'static str)> {
    let with = |name: &str, value: Option<&[u8]>| {
        let mut record = like.clone();
        record.headers.retain(|(header, _)| header != name);
        record.headers.push((name.to_owned(), value.map(<[u8]>::to_vec)));
        record
    };
    let without = |name: &str| {
        let mut record = like.clone();
        record.headers.retain(|(header, _)| header != name);
        record
    };
    let mut twice = like.clone();
    let position = twice.headers.iter().find(|(name, _)| name == "ce_position").unwrap().clone();
    twice.headers.push(position);
    vec![
        (Record { partition: like.partition, ..Record::default() }, "no"),
        (Record { headers: Vec::new(), ..like.clone() }, "no content-type"),
        (Record { key: None, ..like.clone() }, "no key"),
        (Record { key: Some(b"elsewhere".to_vec()), ..like.clone() }, "its key"),
        (Record { value: None, ..like.clone() }, "no value"),
        (Record { value: Some(b"{\"half".to_vec()), ..like.clone() }, "its value is not JSON"),
        (Record { value: Some(vec![0xff; 7]), ..like.clone() }, "its value is not JSON"),
        (Record { value: Some(vec![b'0'; (1 << 20) + 1]), ..like.clone() }, "larger"),
        (twice, "more than one ce_position"),
        (without("ce_position"), "no ce_position"),
        (without("ce_specversion"), "no ce_specversion"),
        (with("ce_position", Some(b"soon")), "ce_position is not a whole number"),
        (with("ce_position", None), "ce_position"),
        (with("ce_position", Some(b"18446744073709551615")), "beyond"),
        (with("ce_previousposition", Some(b"18446744073709551615")), "before it"),
        (with("ce_revision", Some(b"-1")), "ce_revision is not a whole number"),
        (with("ce_schemaversion", Some(b"1.5")), "ce_schemaversion"),
        (with("ce_id", Some(b"7")), "ce_id is not a UUID"),
        (with("ce_time", Some(b"yesterday")), "ce_time is not a time"),
        (with("ce_specversion", Some(b"2.0")), "ce_specversion is not 1.0"),
        (with("ce_subject", Some(b"\xff\xfe")), "ce_subject"),
        (with("ce_type", Some(b"Nul\0")), "text"),
        (with("ce_correlationid", Some(&[b'x'; 5000])), "text"),
        (with("content-type", Some(b"application/cloudevents+json")), "content-type"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_are_no_events_are_refused_with_a_reason_and_hold_nothing_up() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    // Nothing is ever late: what holds up the records after it is never got over.
    let node = Node::start(&ground, patient(), receiving).await;
    is_read(&ground, &topic).await;
    node.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 0, 20).await;
    let mut like = record(&arrivals(all)[60]);
    like.partition = 1;
    let odd = odd(&like);
    topic.allow_records_of(2 << 20).await;
    let sent: Vec<_> = odd.iter().map(|(odd, _)| odd.clone()).collect();
    topic.send(&sent).await;
    happen(&ground, &topic, all, 20, all.len()).await;
    let head = all.last().unwrap().position;
    eventually(async || ground.position().await >= head).await;
    node.stop().await;
    assert_eq!(ground.stored().await, folded(all));
    let refused = inbox_of(&ground).refused(topic.name()).await.unwrap();
    assert_eq!(refused.len(), odd.len(), "{refused:#?}");
    for ((_, _, reason), (_, said)) in refused.iter().zip(&odd) {
        assert!(reason.contains(said), "{said:?} in {reason:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_are_not_the_log_s_are_not_folded_in_whatever_they_claim() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    let node = Node::start(&ground, impatient(), receiving).await;
    is_read(&ground, &topic).await;
    node.is_fed_by(FedBy::Kafka).await;
    happen(&ground, &topic, all, 0, 20).await;
    eventually(async || ground.position().await >= Position(20)).await;
    let forged = |position: u64, previous: u64, event_type: &str| {
        let mut event = all[19].clone();
        event.position = Position(position);
        event.id = EventId(Uuid::from_u128(0xbad));
        event_type.clone_into(&mut event.event_type);
        record(&Arrival { event, previous: Position(previous), offset: 0 })
    };
    let forgeries = [
        // In the place of what comes next, of a type that nobody knows.
        forged(21, 20, "MovieBurnt"),
        // Beyond the end of the log, which it claims to follow.
        forged(9_000_000, 20, "MovieDeleted"),
        forged(9_000_001, 9_000_000, "MovieDeleted"),
        // In the middle of what is folded in already.
        forged(7, 6, "MovieDeleted"),
    ];
    topic.send(&forgeries).await;
    happen(&ground, &topic, all, 20, all.len()).await;
    let head = all.last().unwrap().position;
    eventually(async || ground.position().await >= head).await;
    node.is_fed_by(FedBy::Kafka).await;
    node.stop().await;
    assert_eq!(ground.stored().await, folded(all));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_come_twice_are_folded_in_once() {
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let receiving = receiving_from(topic.server(), topic.name());
    let node = Node::start(&ground, patient(), receiving).await;
    is_read(&ground, &topic).await;
    node.is_fed_by(FedBy::Kafka).await;
    ground.append(all).await;
    let records = records(all);
    for chunk in records.chunks(10) {
        topic.send(chunk).await;
        topic.send(chunk).await;
    }
    let head = all.last().unwrap().position;
    eventually(async || ground.position().await >= head).await;
    node.stop().await;
    assert_eq!(ground.stored().await, folded(all));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_is_full_of_events_far_beyond_the_log_is_read_on() {
    const FULL: u64 = 50;
    let history = busy_history();
    let all = &history.events;
    let ground = Ground::new(Store::Postgres).await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    let mut receiving = receiving_from(topic.server(), topic.name());
    receiving.partition_events_max = FULL;
    // Nothing is ever late: all of it comes by Kafka.
    let fed = InboxFeedOptions { beyond_max: Duration::from_millis(100), ..patient() };
    let node = Node::start(&ground, fed, receiving).await;
    is_read(&ground, &topic).await;
    node.is_fed_by(FedBy::Kafka).await;
    let far = far_events(&all[0], FULL * PARTITIONS as u64);
    let far = (0..).zip(far.chunks(FULL as usize)).flat_map(|(partition, far)| {
        far.iter().map(move |arrival| Record { partition, ..record(arrival) })
    });
    let far: Vec<_> = far.collect();
    topic.send(&far).await;
    happen(&ground, &topic, all, 0, all.len()).await;
    let head = all.last().unwrap().position;
    eventually(async || ground.position().await >= head).await;
    assert_eq!(node.running.status.report().fed_by, FedBy::Kafka);
    let inbox = inbox_of(&ground);
    eventually(async || inbox.held().await.unwrap().is_empty()).await;
    node.stop().await;
    assert_eq!(ground.stored().await, folded(all));
}
