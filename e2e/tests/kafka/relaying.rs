//! Relays of the real binary: what is on Kafka is what the log holds, each event once and each stream in its
//! order, whoever of them is killed or asleep, and whatever becomes of the broker meanwhile. Read by Kafka's
//! own consumer.

use std::{
    ffi::OsStr,
    time::{Duration, Instant},
};

use e2e::{
    Client, Cluster, PATIENCE, Random, Server, Writers, facts, facts_on,
    history::{Fact, History, Operation, assert_none},
    writers::is_of_others,
};
use proving_ground::{Database, PrivateKafka};
use tokio::{
    task::{block_in_place, spawn_blocking},
    time::{sleep, timeout},
};

use crate::{projecting::metric, published::committed};

const TOPIC: &str = "films.v1";

const WRITERS: usize = 8;

/// Commands that are acknowledged before and after something happens.
const ACKNOWLEDGED: usize = 60;

/// How often the relay that leads is killed.
const KILLS: usize = 3;

/// Longer than the session of a relay lasts.
const LONGER_THAN_ANY_WAITS: Duration = Duration::from_secs(4);

const ASK_AGAIN: Duration = Duration::from_millis(20);

const LEADS: &str = "cinelog_relay_leads";
const LAG: &str = "cinelog_relay_lag_events";

struct World {
    kafka: PrivateKafka,
    database: Database,
    cluster: Cluster,
    command: Server,
    relays: Vec<Server>,
}

impl World {
    async fn start(relays: usize) -> Self {
        let (kafka, database) = tokio::join!(PrivateKafka::start(), Database::new());
        let cluster = Cluster::on(database.url());
        let command = block_in_place(|| cluster.node("command", "command", None));
        let mut world = Self { kafka, database, cluster, command, relays: Vec::new() };
        for index in 0..relays {
            let relay = world.relay(index);
            world.relays.push(relay);
        }
        world
    }

    fn relay(&self, index: usize) -> Server {
        let (name, settings) = (format!("relay-{index}"), settings(&self.kafka));
        block_in_place(|| self.cluster.node_with(&name, "relay", None, &settings))
    }

    fn editor(&self) -> Client {
        self.command.anyone().with_token(&self.cluster.token("editor"))
    }

    /// Which one leads, of those that are awake.
    async fn leader(&self, asleep: Option<usize>) -> usize {
        let leads = async {
            loop {
                for (index, relay) in self.relays.iter().enumerate() {
                    if asleep != Some(index) && metric(relay, LEADS).await == Some(1.0) {
                        return index;
                    }
                }
                sleep(ASK_AGAIN).await;
            }
        };
        timeout(PATIENCE, leads).await.expect("one of them leads")
    }

    /// Waits until everything is published, and looks at all of it.
    async fn kafka_has_exactly_the_log(&self, operations: Vec<Operation>) {
        let log = facts_on(self.database.url()).await;
        let leader = self.leader(None).await;
        all_is_published(&self.relays[leader], &log).await;
        is_on_kafka(&self.kafka, operations, log).await;
    }
}

fn settings(kafka: &PrivateKafka) -> Vec<(&'static str, String)> {
    vec![
        ("CINELOG__KAFKA__BROKERS", kafka.server().address().to_owned()),
        ("CINELOG__KAFKA__TOPIC", TOPIC.to_owned()),
        ("CINELOG__KAFKA__SESSION_TIMEOUT", "2s".to_owned()),
    ]
}

async fn all_is_published(relay: &Server, log: &[Fact]) {
    let last = log.last().map_or(0.0, |fact| fact.position as f64);
    let reached = async {
        while metric(relay, "cinelog_relay_position").await != Some(last) {
            sleep(ASK_AGAIN).await;
        }
        while metric(relay, LAG).await != Some(0.0) {
            sleep(ASK_AGAIN).await;
        }
    };
    assert!(timeout(PATIENCE, reached).await.is_ok(), "all is published in time");
}

async fn is_on_kafka(kafka: &PrivateKafka, operations: Vec<Operation>, log: Vec<Fact>) {
    let broker = kafka.server().address().to_owned();
    let published = spawn_blocking(move || committed(&broker, TOPIC)).await.expect("it is read");
    println!("{} events in the log, {} records on Kafka", log.len(), published.len());
    assert!(log.len() > ACKNOWLEDGED, "something was written: {}", log.len());
    let history = History { operations, log, published: Some(published), ..History::default() };
    assert_none(&history.check(is_of_others));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relays_that_are_killed_or_asleep_lose_nothing_and_keep_the_order_of_each_stream() {
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let mut world = World::start(2).await;
    let writers = Writers::start(WRITERS, &world.editor(), &mut random);

    for _ in 0..KILLS {
        writers.acknowledge(ACKNOWLEDGED).await;
        let leader = world.leader(None).await;
        let killed = Instant::now();
        let successor = {
            world.relays.remove(leader).kill();
            world.leader(None).await
        };
        println!("the relay that led is killed; another leads after {:.1?}", killed.elapsed());
        assert!(successor < world.relays.len());
        let again = world.relay(leader);
        world.relays.insert(leader, again);
    }

    println!("the relay that leads is asleep, in the middle of its work, and wakes up");
    writers.acknowledge(ACKNOWLEDGED).await;
    let sleeper = world.leader(None).await;
    world.relays[sleeper].halt();
    sleep(LONGER_THAN_ANY_WAITS).await;
    world.leader(Some(sleeper)).await;
    writers.acknowledge(ACKNOWLEDGED).await;
    world.relays[sleeper].go_on();
    writers.acknowledge(ACKNOWLEDGED).await;

    println!("the broker is killed, and started again");
    world.kafka.kill().await;
    writers.acknowledge(ACKNOWLEDGED).await;
    world.kafka.start_again().await;
    writers.acknowledge(ACKNOWLEDGED).await;

    world.kafka_has_exactly_the_log(writers.finish().await).await;
    for relay in &world.relays {
        relay.becomes_ready(true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_kafka_is_away_writes_go_on_and_the_relay_says_how_far_it_is_behind() {
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let mut world = World::start(1).await;
    let writers = Writers::start(WRITERS, &world.editor(), &mut random);
    writers.acknowledge(ACKNOWLEDGED).await;
    world.leader(None).await;
    world.relays[0].becomes_ready(true).await;

    world.kafka.kill().await;
    world.relays[0].becomes_ready(false).await;
    writers.acknowledge(ACKNOWLEDGED).await;
    let behind = async {
        while metric(&world.relays[0], LAG).await.unwrap_or_default() < ACKNOWLEDGED as f64 {
            sleep(ASK_AGAIN).await;
        }
    };
    assert!(timeout(PATIENCE, behind).await.is_ok(), "the lag grows");
    assert_eq!(metric(&world.relays[0], "cinelog_relay_failing").await, Some(1.0));
    world.command.becomes_ready(true).await;

    world.kafka.start_again().await;
    world.relays[0].becomes_ready(true).await;
    world.kafka_has_exactly_the_log(writers.finish().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_told_to_stop_hands_over_at_once() {
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let mut world = World::start(2).await;
    let writers = Writers::start(WRITERS, &world.editor(), &mut random);
    writers.acknowledge(ACKNOWLEDGED).await;
    let leader = world.relays.remove(world.leader(None).await);
    let told = Instant::now();
    leader.terminate();
    let (success, _) = block_in_place(|| leader.wait());
    assert!(success, "it ends in good order");
    world.leader(None).await;
    println!("another leads {:.1?} after the first was told to stop", told.elapsed());
    writers.acknowledge(ACKNOWLEDGED).await;
    world.kafka_has_exactly_the_log(writers.finish().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_everything_relays_too_and_answers_while_kafka_is_away() {
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let mut kafka = PrivateKafka::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = settings(&kafka);
    let environment: Vec<_> =
        settings.iter().map(|(name, value)| (*name, OsStr::new(value))).collect();
    let server = block_in_place(|| Server::start_in(&environment, folder.path(), &[]));
    let writers = Writers::start(WRITERS, &server.caller("editor"), &mut random);
    writers.acknowledge(ACKNOWLEDGED).await;
    kafka.kill().await;
    let failing = async {
        while metric(&server, "cinelog_relay_failing").await != Some(1.0) {
            sleep(ASK_AGAIN).await;
        }
    };
    assert!(timeout(PATIENCE, failing).await.is_ok(), "it says that it cannot relay");
    writers.acknowledge(ACKNOWLEDGED).await;
    assert!(server.is_ready().await, "who answers requests goes on answering them");
    kafka.start_again().await;
    let operations = writers.finish().await;
    let log = facts(server.data()).await;
    all_is_published(&server, &log).await;
    is_on_kafka(&kafka, operations, log).await;
}
