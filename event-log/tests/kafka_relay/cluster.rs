//! Three brokers, of which some are killed: what is acknowledged is on two of them at least.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use event_log::kafka::{KafkaOptions, relay::RelayReport};
use proving_ground::{KafkaCluster, KafkaServer, Topic};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, ConfigSource, ResourceSpecifier},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};
use tokio::{
    sync::{OwnedMappedMutexGuard, OwnedMutexGuard},
    time::sleep,
};

use crate::fixture::{ASK_AGAIN, Log, PATIENCE, Reader, Relaying, config, options};

/// How many events wait to be published, at most, while events come all the time.
const AHEAD_MAX: u64 = 200;

/// How soon the cluster is asked again: brokers that are being started have enough to do.
const ASK_CLUSTER_AGAIN: Duration = Duration::from_millis(100);

/// How long brokers may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

type Shared = tokio::sync::Mutex<Option<KafkaCluster>>;

/// The cluster of whoever has its turn, with all brokers at work. Three brokers take longer to start than a
/// test takes, so that tests that wait for each other share one; it ends with the last of them.
async fn cluster() -> OwnedMappedMutexGuard<Option<KafkaCluster>, KafkaCluster> {
    static SHARED: Mutex<Weak<Shared>> = Mutex::new(Weak::new());
    let shared = {
        let mut known = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        known.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Shared::default());
            *known = Arc::downgrade(&new);
            new
        })
    };
    let mut turn = shared.lock_owned().await;
    match &mut *turn {
        // A test that failed may have left it with fewer.
        Some(cluster) => cluster.start_again().await,
        none => *none = Some(KafkaCluster::start().await),
    }
    let cluster = OwnedMutexGuard::map(turn, |cluster| cluster.as_mut().unwrap());
    is_in_sync(&cluster.server()).await;
    cluster
}

/// On all three, and with times that let a member live through an election of the controller.
fn on_three(topic: &Topic) -> KafkaOptions {
    KafkaOptions {
        replication: Some(3),
        session_timeout: Duration::from_secs(3),
        ..options(topic.server(), topic.name())
    }
}

fn client(server: &KafkaServer) -> BaseConsumer {
    server.client_settings().into_iter().collect::<ClientConfig>().create().unwrap()
}

/// Which broker leads a partition.
async fn leader(server: &KafkaServer, topic: &str, partition: usize) -> i32 {
    let (client, deadline) = (client(server), Instant::now() + PATIENCE);
    loop {
        if let Ok(metadata) = client.fetch_metadata(Some(topic), ANSWER_MAX)
            && let Some(partition) = metadata.topics()[0].partitions().get(partition)
            && partition.leader() > 0
        {
            return partition.leader();
        }
        assert!(Instant::now() < deadline, "nobody leads partition {partition} of {topic}");
        sleep(ASK_CLUSTER_AGAIN).await;
    }
}

/// Waits until every broker has all that it is to have.
async fn is_in_sync(server: &KafkaServer) {
    let (client, deadline) = (client(server), Instant::now() + PATIENCE);
    loop {
        if let Ok(metadata) = client.fetch_metadata(None, ANSWER_MAX) {
            let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            let is_whole = metadata.brokers().len() == 3;
            if is_whole && partitions.all(|one| one.isr().len() == one.replicas().len()) {
                return;
            }
        }
        assert!(Instant::now() < deadline, "not all brokers have everything");
        sleep(ASK_CLUSTER_AGAIN).await;
    }
}

/// Appends events one after the other for as long as `meanwhile` takes.
async fn append_while(log: &Log, relay: &Relaying, meanwhile: impl Future<Output = ()>) {
    let is_over = AtomicBool::new(false);
    let appends = async {
        let mut next = 1_u64;
        while !is_over.load(Ordering::SeqCst) {
            let published = relay.status.report().position.map_or(0, |position| position.0);
            if next > published + AHEAD_MAX {
                sleep(ASK_AGAIN).await;
            } else {
                log.append(next.into()..u128::from(next + 10)).await;
                next += 10;
            }
        }
    };
    tokio::join!(appends, async {
        meanwhile.await;
        is_over.store(true, Ordering::SeqCst);
    });
}

/// Waits until so many more events are published than are now.
async fn goes_on_by(relay: &Relaying, events: u64) {
    let from = relay.status.report().position.map_or(0, |position| position.0);
    relay.is("it goes on", |report| report.position.is_some_and(|at| at.0 >= from + events)).await;
}

/// All of the log is published, once and in order, and the checkpoint says so.
async fn has_all_once(relay: &Relaying, log: &Log, topic: &Topic) {
    let all = log.all().await;
    let head = all.last().unwrap().position;
    let is_done = |at: Option<_>, lag| at == Some(head) && lag == Some(0);
    relay
        .is("all is published, and it is well", |report| {
            is_done(report.position, report.lag_events) && report.trouble.is_none()
        })
        .await;
    let mut reader = Reader::of(topic.server(), topic.name(), "read_committed");
    reader.reads(all.len()).await;
    reader.reads_for(Duration::from_millis(500)).await;
    reader.has_exactly(&all);
    let checkpoint: serde_json::Value = serde_json::from_slice(&checkpoint(topic)).unwrap();
    assert_eq!(checkpoint["position"], head.0);
    let digest = log.log.digest(head).await.unwrap();
    assert_eq!(checkpoint["digest"], digest.to_string());
    assert_eq!(checkpoint["source"], reader.arrived[0].decoded.source.as_str());
}

/// The last one that was committed.
fn checkpoint(topic: &Topic) -> Vec<u8> {
    let mut config = config(topic);
    config.set("group.id", "reader").set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    let name = format!("{}.relay", topic.name());
    list.add_partition_offset(&name, 0, Offset::Beginning).unwrap();
    consumer.assign(&list).unwrap();
    let (mut last, deadline) = (None, Instant::now() + PATIENCE);
    loop {
        assert!(Instant::now() < deadline, "{name} is not read to its end");
        match consumer.poll(ANSWER_MAX) {
            Some(Ok(record)) => last = record.payload().map(<[u8]>::to_vec),
            Some(Err(KafkaError::PartitionEOF(_))) => return last.unwrap(),
            Some(Err(_)) | None => {}
        }
    }
}

/// Kills the broker `which` while events come all the time, and starts it again when the relay has gone on
/// without it.
async fn killed_and_started_again(
    cluster: &mut KafkaCluster,
    relay: &Relaying,
    log: &Log,
    which: impl AsyncFn(&KafkaServer) -> i32,
) {
    append_while(log, relay, async {
        goes_on_by(relay, 2 * AHEAD_MAX).await;
        cluster.kill(which(&cluster.server()).await).await;
        // More than may have been under way.
        goes_on_by(relay, 2 * AHEAD_MAX).await;
        cluster.start_again().await;
        is_in_sync(&cluster.server()).await;
        goes_on_by(relay, 2 * AHEAD_MAX).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_there_once_when_the_leader_of_a_partition_was_killed_and_came_back() {
    let mut cluster = cluster().await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&cluster.server()));
    let relay = Relaying::start(&log, on_three(&topic));
    killed_and_started_again(&mut cluster, &relay, &log, async |server| {
        let coordinator = leader(server, "__transaction_state", 0).await;
        let mut leads = leader(server, topic.name(), 0).await;
        // Each partition is led by another broker.
        if leads == coordinator {
            leads = leader(server, topic.name(), 1).await;
        }
        leads
    })
    .await;
    has_all_once(&relay, &log, &topic).await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_there_once_when_the_coordinator_of_transactions_was_killed() {
    let mut cluster = cluster().await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&cluster.server()));
    let relay = Relaying::start(&log, on_three(&topic));
    killed_and_started_again(&mut cluster, &relay, &log, async |server| {
        leader(server, "__transaction_state", 0).await
    })
    .await;
    has_all_once(&relay, &log, &topic).await;
    relay.stop().await;
}

/// The one that is left leads the partition of the checkpoint, so that it can be read, and nothing else tells
/// that nothing is published.
#[tokio::test(flavor = "multi_thread")]
async fn with_one_broker_of_three_nothing_is_published_and_relays_say_so_until_the_others_are_back()
{
    let mut cluster = cluster().await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&cluster.server()));
    let relay = Relaying::start(&log, on_three(&topic));
    relay.leads().await;
    log.append(1..11).await;
    let ten = |at: Option<events::Position>| at.is_some_and(|at| at.0 == 10);
    relay.is("ten are published", |report| ten(report.position)).await;
    let left = leader(topic.server(), &format!("{}.relay", topic.name()), 0).await;
    for id in (1..=3).filter(|id| *id != left) {
        cluster.kill(id).await;
    }
    log.append(11..36).await;
    let waits = |report: &RelayReport| {
        report.trouble.is_some() && !report.leads && report.lag_events == Some(25)
    };
    relay.is("it says that it waits", waits).await;
    // One that is started now sees what is published, and that nobody goes on with it.
    let second = Relaying::start(&log, on_three(&topic));
    second.is("it says so too", waits).await;
    let report = relay.is("it says so still", waits).await;
    assert!(ten(report.position), "nothing is acknowledged: {report:?}");
    cluster.start_again().await;
    has_all_once(&relay, &log, &topic).await;
    second.is("it is well", |report| report.trouble.is_none()).await;
    second.stop().await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topics_are_made_with_three_replicas_of_which_two_have_what_is_acknowledged() {
    let cluster = cluster().await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&cluster.server()));
    let wanted = on_three(&topic);
    let relay_topic = wanted.relay_topic();
    let relay = Relaying::start(&log, wanted);
    relay.leads().await;
    let admin: AdminClient<DefaultClientContext> = config(&topic).create().unwrap();
    for name in [topic.name(), &relay_topic] {
        let metadata = client(topic.server()).fetch_metadata(Some(name), ANSWER_MAX).unwrap();
        let partitions = metadata.topics()[0].partitions();
        assert!(partitions.iter().all(|partition| partition.replicas().len() == 3), "{name}");
        let asked = [ResourceSpecifier::Topic(name)];
        let told = admin.describe_configs(&asked, &AdminOptions::new()).await.unwrap();
        let set = told[0].as_ref().unwrap().get("min.insync.replicas").unwrap();
        assert_eq!(set.value.as_deref(), Some("2"), "{name}");
        assert_eq!(set.source, ConfigSource::DynamicTopic, "it is not what brokers do by default");
    }
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fourth_replica_on_three_brokers_is_refused_with_the_reason() {
    let cluster = cluster().await;
    let (log, topic) = (Log::new().await, Topic::unmade_on(&cluster.server()));
    let wanted = KafkaOptions { replication: Some(4), ..on_three(&topic) };
    let relay = Relaying::start(&log, wanted);
    let reason = relay.has_trouble_with("kafka.replication").await;
    assert!(reason.contains("4 replicas") && reason.contains(topic.name()), "{reason}");
    relay.stop().await;
}
