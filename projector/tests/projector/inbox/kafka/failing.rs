//! What is said of receiving that fails, and when that ends.

use std::{sync::Arc, time::Instant};

use event_log::kafka::source::{Member, Watermarks};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use proving_ground::Topic;

use super::{super::inbox_of, PARTITIONS, Receiver, is_read, receiving_from, records};
use crate::ground::{Ground, PATIENCE, Store, busy_history, eventually};

fn is_failing(recorder: &PrometheusRecorder) -> bool {
    let text = recorder.handle().render();
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix("cinelog_projector_kafka_failing "));
    value.unwrap() == "1"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_has_passed_is_not_told_any_more_though_nobody_writes() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _measured = metrics::set_default_local_recorder(&recorder);
    let ground = Ground::new(Store::Postgres).await;
    ground.read_model().await.close().await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    // What waits cannot be counted.
    ground.change("ALTER TABLE inbox RENAME COLUMN bytes TO octets").await;
    let receiver = Receiver::start(&ground, receiving_from(topic.server(), topic.name()));
    eventually(async || is_failing(&recorder)).await;
    ground.change("ALTER TABLE inbox RENAME COLUMN octets TO bytes").await;
    eventually(async || !is_failing(&recorder)).await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_told_all_the_time_while_what_came_cannot_be_put_in() {
    const TRIES: i64 = 4;
    let recorder = PrometheusBuilder::new().build_recorder();
    let _measured = metrics::set_default_local_recorder(&recorder);
    let history = busy_history();
    let ground = Ground::new(Store::Postgres).await;
    ground.read_model().await.close().await;
    let topic = Arc::new(Topic::new(PARTITIONS).await);
    // What is taken of a sequence stays taken.
    ground
        .change(
            "CREATE SEQUENCE tries; CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM nextval('tries'); RAISE EXCEPTION 'the disk is full'; END $$; \
             CREATE TRIGGER failing BEFORE INSERT ON inbox FOR EACH STATEMENT EXECUTE FUNCTION fail()",
        )
        .await;
    let receiver = Receiver::start(&ground, receiving_from(topic.server(), topic.name()));
    is_read(&ground, &topic).await;
    topic.send(&records(&history.events[..5])).await;
    eventually(async || is_failing(&recorder)).await;
    let database = ground.database.as_ref().unwrap();
    let watching = tokio::sync::Mutex::new(database.connect().await);
    eventually(async || {
        assert!(is_failing(&recorder));
        let tries = "SELECT last_value FROM cinelog_read_model_1.tries";
        let tries: i64 =
            sqlx::query_scalar(tries).fetch_one(&mut *watching.lock().await).await.unwrap();
        tries >= TRIES
    })
    .await;
    ground.change("DROP TRIGGER failing ON inbox").await;
    eventually(async || !is_failing(&recorder)).await;
    let held = inbox_of(&ground).held().await.unwrap();
    assert_eq!(held.iter().map(|held| held.events).sum::<u64>(), 5);
    receiver.stop().await;
}

/// Nothing ever comes to it by which it would show that it is well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_to_whom_no_partition_is_left_has_joined() {
    let topic = Topic::new(1).await;
    let kafka = receiving_from(topic.server(), topic.name()).kafka;
    let group = format!("{}.group", topic.name());
    let join = || {
        let begin =
            Box::new(|found: &[Watermarks]| Ok(found.iter().map(|part| part.low).collect()));
        Member::join(&kafka, &group, begin).unwrap()
    };
    let (mut one, mut other) = (join(), join());
    assert!(!one.has_joined() && !other.has_joined());
    tokio::task::block_in_place(|| {
        let deadline = Instant::now() + PATIENCE;
        while !(one.has_joined() && other.has_joined()) {
            assert!(Instant::now() < deadline);
            one.poll().unwrap();
            other.poll().unwrap();
        }
    });
    assert_eq!(one.assigned().len() + other.assigned().len(), 1);
}
