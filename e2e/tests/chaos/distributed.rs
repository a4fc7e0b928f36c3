//! Two of everything: command nodes, query nodes, projectors; a relay; on Postgres, Kafka and Redis. The
//! seed also tells whether projectors are fed by the log or by Kafka.

use std::{sync::Arc, time::Duration};

use e2e::{
    Cluster, Findings, Random, Server, facts_on,
    history::{History, Operation, Shown, Violation},
};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use super::{
    AFTERWARDS, Storm,
    clients::Clients,
    nodes::{Node, Start},
    published::committed,
    report::{Report, Suffered},
    schedule::{Fault, track},
    servers::{KAFKA, Links, POSTGRES, REDIS, Servers},
    settling::{deadline, is_ready, shown_by},
};

/// The nodes, in the order in which they are started: who takes commands makes the log, a projector the
/// read model.
const NODES: [(&str, &str); 7] = [
    ("command-1", "command"),
    ("command-2", "command"),
    ("projector-1", "projector"),
    ("projector-2", "projector"),
    ("query-1", "query"),
    ("query-2", "query"),
    ("relay", "relay"),
];

const TOPIC: &str = "cinelog.events.v1";

/// How much of what `cinelog verify` says is shown, in lines.
const VERIFY_LINES_MAX: usize = 16;

/// All that can suffer.
struct World {
    nodes: Vec<Node>,
    servers: Servers,
    cluster: Arc<Cluster>,
}

impl World {
    async fn start(source: &'static str) -> Self {
        let mut servers = Servers::start().await;
        let cluster = Arc::new(Cluster::on(servers.postgres.url()));
        let mut nodes = Vec::new();
        for (name, role) in NODES {
            let links = servers.new_links().await;
            let start = starting(&cluster, &servers, &links, name, role, source);
            nodes.push(Node::start(name, role, start, links.all()).await);
        }
        Self { nodes, servers, cluster }
    }

    fn of(&self, role: &str) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.role == role)
    }

    /// Waits until all is well; gives what is not, and what the nodes show.
    async fn settle(&self, position: u64) -> (Vec<Violation>, Vec<Shown>) {
        let until = deadline();
        let (mut found, mut shown) = (Vec::new(), Vec::new());
        for node in &self.nodes {
            found.extend(is_ready(node.name, node.server(), until).await);
        }
        for node in self.of("query") {
            match shown_by(node.name, node.server(), position, until).await {
                Ok(node) => shown.push(node),
                Err(violation) => found.push(violation),
            }
        }
        for node in self.of("relay") {
            found.extend(has_relayed(node.server(), position, until).await);
        }
        let cluster = Arc::clone(&self.cluster);
        let verified = spawn_blocking(move || cluster.run(&["verify"])).await.expect("it is run");
        if !verified.success {
            let said = verified.stdout + &verified.stderr;
            let said: Vec<&str> = said.lines().take(VERIFY_LINES_MAX).collect();
            found.push(Violation::NotVerified { said: said.join("\n      ") });
        }
        (found, shown)
    }
}

/// How a node is started.
fn starting(
    cluster: &Arc<Cluster>,
    servers: &Servers,
    links: &Links,
    name: &'static str,
    role: &'static str,
    source: &'static str,
) -> Start {
    let cluster = Arc::clone(cluster);
    let postgres = links.postgres.url_for(servers.postgres.url());
    let settings = vec![
        ("CINELOG__KAFKA__BROKERS", servers.kafka.proxied().address().to_owned()),
        ("CINELOG__KAFKA__TOPIC", TOPIC.to_owned()),
        ("CINELOG__PROJECTOR__SOURCE", source.to_owned()),
        // In a storm what is waited for goes away again and again.
        ("CINELOG__SERVER__START_TIMEOUT", "55s".to_owned()),
        ("CINELOG__REDIS__URL", links.redis.url_for(&servers.redis.url())),
    ];
    Arc::new(move || cluster.node_with(name, role, Some(&postgres), &settings))
}

/// Waits until the relay has published up to a position.
async fn has_relayed(relay: &Server, position: u64, until: Instant) -> Option<Violation> {
    let metrics = relay.anyone().at(&relay.admin_url);
    let value = async || {
        let text = metrics.get("/metrics").await.text;
        let line = text.lines().find(|line| line.starts_with("cinelog_relay_position"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    let relayed = async {
        while value().await.is_none_or(|reached| reached < position as f64) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let relayed = timeout_at(until, relayed).await;
    // Others may have taken all the time there was.
    if relayed.is_ok() || value().await.is_some_and(|reached| reached >= position as f64) {
        return None;
    }
    let what = format!("the relay is at {:?}, the log at {position}", value().await);
    Some(Violation::NotWell { what })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a storm takes its time: ./test chaos"]
async fn two_of_everything_keep_their_promises_in_a_storm() {
    let Storm { seed, length } = Storm::wanted();
    let mut random = Random::new(seed);
    let source = *random.one_of(&["log", "kafka"]);
    let (on_nodes, on_servers) = (
        track(&mut random, &NODES.map(|(name, _)| name), length),
        track(&mut random, &[POSTGRES, KAFKA, REDIS], length),
    );
    let world = World::start(source).await;
    let editor = world.of("command").next().expect("there is one").server().anyone();
    let editor = editor.with_token(&world.cluster.token("editor"));
    let clients = Arc::new(Clients::start(&editor, &mut random));
    for node in &world.nodes {
        clients.moved(node.name, node.role, node.urls());
    }
    clients.acknowledge(AFTERWARDS).await;
    let begun = Instant::now();
    let World { nodes, servers, cluster } = world;
    let (nodes, servers) = tokio::join!(
        tokio::spawn(storm_over_nodes(nodes, on_nodes, random.fork(), Arc::clone(&clients), begun)),
        tokio::spawn(storm_over_servers(servers, on_servers, random.fork(), begun)),
    );
    let (nodes, mut suffered) = nodes.expect("all come back");
    let (servers, suffered_by_servers) = servers.expect("all come back");
    suffered.extend(suffered_by_servers);
    let world = World { nodes, servers, cluster };
    let over = Instant::now();
    clients.acknowledge(AFTERWARDS).await;
    let lasted = begun.elapsed();
    println!("{AFTERWARDS} commands acknowledged {:.1?} after it was over", over.elapsed());
    let clients = Arc::into_inner(clients).expect("the storm is over");
    let (operations, findings) = clients.finish().await;
    let what = format!("two of everything, projectors fed by {source}");
    let report = Report { what, seed, lasted, suffered };
    conclude(&world, &report, operations, findings).await;
}

/// Looks at everything, and fails where anything was found.
async fn conclude(
    world: &World,
    report: &Report,
    operations: Vec<Operation>,
    mut findings: Findings,
) {
    let log = facts_on(world.servers.postgres.url()).await;
    let (mut found, shown) = world.settle(log.last().map_or(0, |fact| fact.position)).await;
    let broker = world.servers.kafka.server().address().to_owned();
    let published = spawn_blocking(move || committed(&broker, TOPIC)).await.expect("it is read");
    let reads = std::mem::take(&mut findings.reads);
    let history = History { operations, reads, log, published: Some(published), shown };
    found.extend(history.check_alone());
    report.conclude(&history, &findings, &found);
}

async fn storm_over_nodes(
    mut nodes: Vec<Node>,
    faults: Vec<Fault>,
    mut random: Random,
    clients: Arc<Clients>,
    begun: Instant,
) -> (Vec<Node>, Suffered) {
    let mut suffered = Suffered::new();
    for Fault { at, whom, harm, lasts } in faults {
        tokio::time::sleep_until(begun + at).await;
        println!("{:7.2?} {whom} is {harm:?} for {lasts:.2?}", begun.elapsed());
        let node = nodes.iter_mut().find(|node| node.name == whom).expect("it is one of them");
        node.suffer(harm, lasts, &mut random, &clients).await;
        *suffered.entry((node.role, harm)).or_default() += 1;
    }
    (nodes, suffered)
}

async fn storm_over_servers(
    mut servers: Servers,
    faults: Vec<Fault>,
    mut random: Random,
    begun: Instant,
) -> (Servers, Suffered) {
    let mut suffered = Suffered::new();
    for Fault { at, whom, harm, lasts } in faults {
        tokio::time::sleep_until(begun + at).await;
        println!("{:7.2?} {whom} is {harm:?} for {lasts:.2?}", begun.elapsed());
        servers.suffer(whom, harm, lasts, &mut random).await;
        *suffered.entry((whom, harm)).or_default() += 1;
    }
    (servers, suffered)
}
