//! The same on Postgres, with six processes: two that take commands, two projectors, two that answer
//! queries. Any of them is killed, and so is Postgres; projectors are halted for longer than their lease;
//! connections are cut. Half of the nodes reach Postgres through a proxy that does that.
//!
//! Writers ask at the other node what the one did not answer. Nothing is repaired by hand.

use std::time::{Duration, Instant};

use e2e::{
    Answer, Client, Cluster, Random, Server, Writers, facts_on,
    history::{Fact, Outcome, assert_none, check, check_grown},
    writers::is_of_others,
};
use proving_ground::{CuttingProxy, PrivatePostgres};
use tokio::task::block_in_place;

/// Each kind of trouble once.
const ROUNDS: usize = Trouble::ALL.len();

const WRITERS: usize = 24;

/// Commands that are acknowledged in a round before anything happens, and after it.
const ACKNOWLEDGED: usize = 50;

/// How long all goes well before something happens, at most; and how long what was killed stays dead.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Longer than a projector keeps the lead without a sign of life.
const LONGER_THAN_A_LEASE: Duration = Duration::from_millis(4_500);

/// How often connections are cut in a round that is about that.
const CUTS: usize = 5;

/// What happens in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    NodeKilled,
    ProjectorHalted,
    PostgresKilled,
    ConnectionsCut,
    /// A node and Postgres are killed together, and a projector is halted meanwhile.
    Everything,
}

impl Trouble {
    const ALL: [Self; 5] = [
        Self::NodeKilled,
        Self::ProjectorHalted,
        Self::PostgresKilled,
        Self::ConnectionsCut,
        Self::Everything,
    ];
}

struct Node {
    name: &'static str,
    role: &'static str,
    /// Whether it reaches Postgres through the proxy.
    by_proxy: bool,
    server: Option<Server>,
}

/// All that can be killed.
struct World {
    postgres: PrivatePostgres,
    proxy: CuttingProxy,
    cluster: Cluster,
    nodes: Vec<Node>,
}

/// The nodes, in the order in which they are started: who takes commands makes the log, a projector the
/// read model.
const NODES: [(&str, &str, bool); 6] = [
    ("command-1", "command", false),
    ("command-2", "command", true),
    ("projector-1", "projector", false),
    ("projector-2", "projector", true),
    ("query-1", "query", false),
    ("query-2", "query", true),
];

/// The projectors among them.
const PROJECTORS: [usize; 2] = [2, 3];

impl World {
    async fn start() -> Self {
        let postgres = PrivatePostgres::start().await;
        let proxy = CuttingProxy::to(postgres.url()).await;
        let cluster = Cluster::on(postgres.url());
        let node = |(name, role, by_proxy)| Node { name, role, by_proxy, server: None };
        let nodes = NODES.map(node).into();
        let mut world = Self { postgres, proxy, cluster, nodes };
        (0..NODES.len()).for_each(|index| world.start_node(index));
        world
    }

    fn start_node(&mut self, index: usize) {
        let url = self.proxy.url_for(self.postgres.url());
        let node = &mut self.nodes[index];
        let url = node.by_proxy.then_some(url.as_str());
        // It says when it is up, which is waited for.
        node.server = Some(block_in_place(|| self.cluster.node(node.name, node.role, url)));
    }

    /// Those of a role.
    fn of(&self, role: &str) -> Vec<&Server> {
        let nodes = self.nodes.iter().filter(|node| node.role == role);
        nodes.filter_map(|node| node.server.as_ref()).collect()
    }

    fn command_urls(&self) -> Vec<&str> {
        self.of("command").into_iter().map(|server| server.url.as_str()).collect()
    }

    async fn happens(&mut self, trouble: Trouble, random: &mut Random, writers: &Writers) {
        match trouble {
            Trouble::NodeKilled => {
                let index = self.kill_a_node(random);
                pause(random).await;
                self.start_again(index, writers);
            }
            Trouble::ProjectorHalted => {
                let halted = self.halt_a_projector(random);
                tokio::time::sleep(LONGER_THAN_A_LEASE).await;
                self.read_model_moves(writers).await;
                self.lets_go_on(halted);
            }
            Trouble::PostgresKilled => {
                self.postgres.kill().await;
                pause(random).await;
                self.postgres.start_again().await;
            }
            Trouble::ConnectionsCut => {
                for _ in 0..CUTS {
                    self.proxy.cut();
                    pause(random).await;
                }
            }
            Trouble::Everything => {
                let halted = self.halt_a_projector(random);
                pause(random).await;
                let killed = self.kill_a_node(random);
                self.postgres.kill().await;
                pause(random).await;
                self.postgres.start_again().await;
                self.start_again(killed, writers);
                tokio::time::sleep(LONGER_THAN_A_LEASE).await;
                self.lets_go_on(halted);
            }
        }
    }

    /// What has been acknowledged can be read soon, though one projector is asleep.
    async fn read_model_moves(&self, writers: &Writers) {
        writers.acknowledge(1).await;
        let operations = writers.operations();
        let positions = operations.iter().filter_map(|operation| match operation.outcome {
            Outcome::Acknowledged { position, .. } => Some(position),
            _ => None,
        });
        let reader = self.of("query")[0].anyone();
        read(&reader, "/v1/movies?limit=1", positions.max().unwrap_or(0)).await;
    }

    fn kill_a_node(&mut self, random: &mut Random) -> usize {
        let index = random.below(self.nodes.len() as u64) as usize;
        let node = &mut self.nodes[index];
        println!("  {} is killed", node.name);
        drop(node.server.take().expect("it runs").kill());
        index
    }

    fn start_again(&mut self, index: usize, writers: &Writers) {
        self.start_node(index);
        // A node that is started again is elsewhere.
        writers.go_on_at(&self.command_urls());
    }

    fn halt_a_projector(&self, random: &mut Random) -> usize {
        let index = *random.one_of(&PROJECTORS);
        println!("  {} is halted", self.nodes[index].name);
        self.server(index).halt();
        index
    }

    /// Also where it was killed and started anew.
    fn lets_go_on(&self, index: usize) {
        self.server(index).go_on();
    }

    fn server(&self, index: usize) -> &Server {
        self.nodes[index].server.as_ref().expect("it runs")
    }

    /// Everything is well again, by itself; and all agree.
    async fn is_well(&self, position: u64) {
        for node in &self.nodes {
            let server = node.server.as_ref().expect("it runs");
            server.becomes_ready(true).await;
        }
        let readers: Vec<Client> = self.of("query").into_iter().map(Server::anyone).collect();
        let films =
            read(&readers[0], "/v1/movies?sort=-created_at&limit=20", position).await.json();
        let films = films["items"].as_array().expect("a list has items");
        let links = films.iter().map(|film| film["links"]["self"].as_str().expect("a link"));
        let lists =
            ["/v1/movies?sort=title&limit=100", "/v1/movies?genre=drama", "/v1/genres", "/v1/tags"];
        for target in links.chain(lists) {
            let (one, other) = (
                read(&readers[0], target, position).await,
                read(&readers[1], target, position).await,
            );
            assert_eq!(one.text, other.text, "{target}");
            assert_eq!(one.header("ETag"), other.header("ETag"), "{target}");
            // And what is kept of it is the same.
            assert_eq!(readers[1].get(target).await.expect(200).text, one.text, "{target}");
        }
        self.cluster.run(&["verify"]).expect_success();
    }
}

async fn read(reader: &Client, target: &str, position: u64) -> Answer {
    reader.get_at(target, position).await.expect(200)
}

async fn pause(random: &mut Random) {
    // The moment itself is what is random: there is nothing to wait for.
    tokio::time::sleep(random.shorter_than(PAUSE_MAX)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_nodes_and_postgres_are_killed_at_random_moments() {
    let rounds = std::env::var("CINELOG_CRASH_ROUNDS")
        .map_or(ROUNDS, |rounds| rounds.parse().expect("CINELOG_CRASH_ROUNDS is a number"));
    let mut random = Random::seeded_by("CINELOG_CRASH_SEED");
    let mut world = World::start().await;
    let editor = world.of("command")[0].anyone().with_token(&world.cluster.token("editor"));
    let writers = Writers::start(WRITERS, &editor, &mut random);
    let offset = random.below(ROUNDS as u64) as usize;
    let mut log: Vec<Fact> = Vec::new();
    for round in 0..rounds {
        writers.go_on_at(&world.command_urls());
        writers.acknowledge(ACKNOWLEDGED).await;
        pause(&mut random).await;
        let trouble = Trouble::ALL[(offset + round) % ROUNDS];
        println!("round {round}: {trouble:?}");
        world.happens(trouble, &mut random, &writers).await;
        let over = Instant::now();
        writers.acknowledge(ACKNOWLEDGED).await;
        let recovered = over.elapsed();
        writers.pause().await;
        let now = facts_on(world.postgres.url()).await;
        assert_none(&check_grown(&log, &now));
        assert_none(&check(&writers.operations(), &now, is_of_others));
        world.is_well(now.last().map_or(0, |fact| fact.position)).await;
        println!(
            "  {} events, {} of them new; {ACKNOWLEDGED} acknowledged {recovered:.1?} after it was over",
            now.len(),
            now.len() - log.len()
        );
        log = now;
    }
    writers.go_on_at(&world.command_urls());
    let operations = writers.finish().await;
    let all = facts_on(world.postgres.url()).await;
    assert_none(&check_grown(&log, &all));
    assert_none(&check(&operations, &all, is_of_others));
}
