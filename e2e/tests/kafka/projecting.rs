//! Two projectors that are fed by Kafka: what the read model holds is what a fold of the log is, whichever of
//! them dies, is asleep for longer than anybody waits for it, or has no Kafka to read from.

use std::time::Duration;

use e2e::{
    Client, Cluster, PATIENCE, Random, Server, Writers, facts_on,
    history::{Outcome, assert_none, check},
    writers::is_of_others,
};
use proving_ground::{Database, PrivateKafka};
use tokio::{
    task::block_in_place,
    time::{sleep, timeout},
};

const TOPIC: &str = "films.v1";

const WRITERS: usize = 8;

/// Commands that are acknowledged before and after something happens.
const ACKNOWLEDGED: usize = 60;

/// Longer than the lead of a projector and its membership last.
const LONGER_THAN_ANY_WAITS: Duration = Duration::from_millis(5_000);

const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Nodes first: they end before what they stand on.
struct World {
    command: Server,
    query: Server,
    _relay: Server,
    projectors: Vec<Server>,
    /// How many projectors there have been besides the first.
    started: usize,
    cluster: Cluster,
    kafka: PrivateKafka,
    database: Database,
}

impl World {
    async fn start() -> Self {
        let (kafka, database) = tokio::join!(PrivateKafka::start(), Database::new());
        let cluster = Cluster::on(database.url());
        let start =
            |name, role| block_in_place(|| cluster.node_with(name, role, None, &settings(&kafka)));
        let command = start("command", "command");
        let relay = start("relay", "relay");
        let projectors = vec![start("projector-0", "projector"), start("projector-1", "projector")];
        let query = start("query", "query");
        Self { command, query, _relay: relay, projectors, started: 1, cluster, kafka, database }
    }

    /// Kills a projector in the middle of its work; another one takes its place.
    fn kill_projector(&mut self, index: usize) {
        self.started += 1;
        let (name, settings) = (format!("projector-{}", self.started), settings(&self.kafka));
        let start = || self.cluster.node_with(&name, "projector", None, &settings);
        let successor = block_in_place(start);
        drop(std::mem::replace(&mut self.projectors[index], successor).kill());
    }

    async fn leader(&self) -> usize {
        let leads = async {
            loop {
                for (index, projector) in self.projectors.iter().enumerate() {
                    if metric(projector, "cinelog_projector_leading").await == Some(1.0) {
                        return index;
                    }
                }
                sleep(ASK_AGAIN).await;
            }
        };
        timeout(PATIENCE, leads).await.expect("one of them leads")
    }

    /// The one that leads folds in what comes by Kafka.
    async fn is_fed_by_kafka(&self) {
        let fed = async {
            while sum(&self.projectors, "cinelog_projector_fed_by_kafka").await < 1.0 {
                sleep(ASK_AGAIN).await;
            }
        };
        assert!(timeout(PATIENCE, fed).await.is_ok(), "Kafka is read in time");
    }

    /// What was acknowledged can be read.
    async fn read_model_moves(&self, writers: &Writers) {
        writers.acknowledge(ACKNOWLEDGED).await;
        let operations = writers.operations();
        let positions = operations.iter().filter_map(|operation| match operation.outcome {
            Outcome::Acknowledged { position, .. } => Some(position),
            _ => None,
        });
        read(&self.query.anyone(), positions.max().unwrap_or(0)).await;
    }
}

fn settings(kafka: &PrivateKafka) -> Vec<(&'static str, String)> {
    vec![
        ("CINELOG__KAFKA__BROKERS", kafka.server().address().to_owned()),
        ("CINELOG__KAFKA__TOPIC", TOPIC.to_owned()),
        ("CINELOG__KAFKA__SESSION_TIMEOUT", "2s".to_owned()),
        ("CINELOG__PROJECTOR__SOURCE", "kafka".to_owned()),
    ]
}

async fn read(reader: &Client, position: u64) {
    reader.get_at("/v1/movies?limit=1", position).await.expect(200);
}

/// A metric with this beginning: its name, or with labels.
pub(super) async fn metric(server: &Server, line: &str) -> Option<f64> {
    let text = server.anyone().at(&server.admin_url).get("/metrics").await.expect(200).text;
    let line = text
        .lines()
        .find(|found| found.strip_prefix(line).is_some_and(|rest| rest.starts_with(' ')));
    line?.split_whitespace().last()?.parse().ok()
}

async fn sum(servers: &[Server], line: &str) -> f64 {
    let mut sum = 0.0;
    for server in servers {
        sum += metric(server, line).await.unwrap_or_default();
    }
    sum
}

const TAKEN: &str = "cinelog_projector_kafka_records_total{outcome=\"taken\"}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_projectors_that_are_fed_by_kafka_fold_in_what_the_log_holds_whatever_dies() {
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let mut world = World::start().await;
    let editor = world.command.anyone().with_token(&world.cluster.token("editor"));
    world.is_fed_by_kafka().await;
    let writers = Writers::start(WRITERS, &editor, &mut random);

    // Both have partitions.
    world.read_model_moves(&writers).await;
    let both = async {
        while metric(&world.projectors[0], TAKEN).await.unwrap_or_default() < 1.0
            || metric(&world.projectors[1], TAKEN).await.unwrap_or_default() < 1.0
        {
            writers.acknowledge(1).await;
            sleep(ASK_AGAIN).await;
        }
    };
    assert!(timeout(PATIENCE, both).await.is_ok(), "each reads a part");

    println!("the one that leads is killed, in the middle of its work");
    let leader = world.leader().await;
    world.kill_projector(leader);
    world.read_model_moves(&writers).await;

    println!("the one that leads is asleep, and wakes up when others have its partitions");
    let leader = world.leader().await;
    world.projectors[leader].halt();
    sleep(LONGER_THAN_ANY_WAITS).await;
    world.read_model_moves(&writers).await;
    world.projectors[leader].go_on();
    world.read_model_moves(&writers).await;

    println!("the one that does not lead is killed, and what it has read is not lost");
    let follower = 1 - world.leader().await;
    world.kill_projector(follower);
    world.read_model_moves(&writers).await;
    world.is_fed_by_kafka().await;

    writers.pause().await;
    let facts = facts_on(world.database.url()).await;
    assert_none(&check(&writers.operations(), &facts, is_of_others));
    read(&world.query.anyone(), facts.last().map_or(0, |fact| fact.position)).await;
    for projector in &world.projectors {
        projector.becomes_ready(true).await;
    }
    world.cluster.run(&["verify"]).expect_success();
    drop(writers.finish().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_kafka_projectors_read_the_log_and_say_so_and_come_back_to_kafka_by_themselves() {
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let mut world = World::start().await;
    let editor = world.command.anyone().with_token(&world.cluster.token("editor"));
    world.is_fed_by_kafka().await;
    let writers = Writers::start(WRITERS, &editor, &mut random);
    world.read_model_moves(&writers).await;

    println!("Kafka is killed");
    world.kafka.kill().await;
    world.read_model_moves(&writers).await;
    let leader = &world.projectors[world.leader().await];
    let ready = leader.anyone().at(&leader.admin_url).get("/readyz").await.expect(200).json();
    let checks = ready["checks"].as_array().expect("checks");
    let detail = checks.iter().find(|check| check["name"] == "projector").expect("a projector");
    assert!(
        detail["detail"].as_str().is_some_and(|said| said.contains("reads the log")),
        "{ready}"
    );
    // It may have been on the log already, for another reason.
    let mut fell_back = 0.0;
    for reason in ["late", "missing", "altered", "unreadable"] {
        let line = format!("cinelog_projector_fell_back_total{{reason=\"{reason}\"}}");
        fell_back += metric(leader, &line).await.expect("a reason");
    }
    assert!(fell_back >= 1.0);

    // A projector that starts without it works as well.
    world.kill_projector(0);
    world.read_model_moves(&writers).await;

    println!("Kafka is there again");
    world.kafka.start_again().await;
    world.is_fed_by_kafka().await;
    world.read_model_moves(&writers).await;
    writers.pause().await;
    let facts = facts_on(world.database.url()).await;
    assert_none(&check(&writers.operations(), &facts, is_of_others));
    read(&world.query.anyone(), facts.last().map_or(0, |fact| fact.position)).await;
    world.cluster.run(&["verify"]).expect_success();
    drop(writers.finish().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generation_that_is_built_anew_is_caught_up_from_the_log_and_then_fed_by_kafka() {
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let world = World::start().await;
    let editor = world.command.anyone().with_token(&world.cluster.token("editor"));
    world.is_fed_by_kafka().await;
    let writers = Writers::start(WRITERS, &editor, &mut random);
    world.read_model_moves(&writers).await;
    block_in_place(|| world.cluster.run(&["rebuild"])).expect_success();
    world.read_model_moves(&writers).await;
    // Of the new one the projectors read their partitions from then on.
    world.is_fed_by_kafka().await;
    let before = sum(&world.projectors, TAKEN).await;
    world.read_model_moves(&writers).await;
    let more = async {
        while sum(&world.projectors, TAKEN).await <= before {
            sleep(ASK_AGAIN).await;
        }
    };
    assert!(timeout(PATIENCE, more).await.is_ok(), "records come");
    writers.pause().await;
    let last = facts_on(world.database.url()).await.last().map_or(0, |fact| fact.position);
    read(&world.query.anyone(), last).await;
    world.cluster.run(&["verify"]).expect_success();
    drop(writers.finish().await);
}

#[test]
fn what_a_projector_needs_that_is_fed_by_kafka_is_said() {
    let refused = e2e::run_in(
        &[("CINELOG__PROJECTOR__SOURCE", "kafka".as_ref())],
        ["config", "check", "--data", "nowhere"],
    );
    assert!(!refused.success);
    for part in ["projector.source", "read_model.url", "kafka.brokers"] {
        assert!(refused.stderr.contains(part), "{part} in {}", refused.stderr);
    }
}
