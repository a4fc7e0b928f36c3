//! Two nodes that count together on Redis: however many ask at once, the quota is what is let in.

use std::time::Duration;

use e2e::{Client, Cluster, Server};
use futures::{StreamExt, stream};
use proving_ground::{Database, PrivateRedis};

use crate::ground::{NO_FILM, left, metric, variable};

const TOGETHER: &str = "cinelog_rate_limit_takes_total{counted=\"together\"}";
const BY_ITSELF: &str = "cinelog_rate_limit_takes_total{counted=\"alone\"}";

/// How many ask at the same moment: enough to meet each other, and too few for one of them to wait for Redis
/// until its deadline.
const AT_ONCE: usize = 40;

/// How often what is about counting together is tried.
const ROUNDS: usize = 3;

/// Two nodes on one Redis.
pub(crate) struct Pair {
    pub(crate) nodes: [Server; 2],
    pub(crate) redis: PrivateRedis,
    pub(crate) cluster: Cluster,
    _database: Database,
}

impl Pair {
    /// That wait so long for Redis, with these keys.
    pub(crate) async fn waiting(timeout: &str, keys: &[(&str, &str)]) -> Self {
        let (database, redis) = (Database::new().await, PrivateRedis::start().await);
        let cluster = Cluster::on(database.url());
        let names: Vec<String> = keys.iter().map(|(key, _)| variable(key)).collect();
        let mut more: Vec<(&str, String)> =
            names.iter().zip(keys).map(|(name, (_, value))| (&**name, (*value).into())).collect();
        more.push(("CINELOG__REDIS__URL", redis.url()));
        more.push(("CINELOG__REDIS__TIMEOUT", timeout.to_owned()));
        let nodes = ["one", "other"].map(|name| cluster.node_with(name, "", None, &more));
        for node in &nodes {
            node.becomes_ready(true).await;
            is(node, "cinelog_redis_up", 1.0).await;
        }
        Self { nodes, redis, cluster, _database: database }
    }

    /// How many of so many that ask, many at once, at both nodes alike, are let in.
    pub(crate) async fn admitted(&self, times: usize) -> usize {
        let clients = self.nodes.each_ref().map(Server::anyone);
        admitted(&clients, times).await
    }

    /// Whether neither node has counted anything by itself.
    async fn has_counted_together(&self) -> bool {
        let mut alone = 0.0;
        for node in &self.nodes {
            alone += metric(node, BY_ITSELF).await;
        }
        alone == 0.0
    }
}

/// What is seen of a pair that has counted together all the time. A node that is kept from Redis for a second
/// counts by itself, as it should: where the machine stood still for as long, another pair has a try.
async fn seen_together<T>(keys: &[(&str, &str)], look: impl AsyncFn(&Pair) -> T) -> T {
    for _ in 0..ROUNDS {
        let pair = Pair::waiting("1s", keys).await;
        let seen = look(&pair).await;
        if pair.has_counted_together().await {
            return seen;
        }
        println!("a node has counted by itself: once more");
    }
    panic!("in each of {ROUNDS} rounds a node has counted by itself");
}

async fn admitted(clients: &[Client; 2], times: usize) -> usize {
    let asking = stream::iter(0..times).map(|number| clients[number % 2].get(NO_FILM));
    let answers: Vec<_> = asking.buffer_unordered(AT_ONCE).collect().await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 404 | 429)));
    answers.iter().filter(|answer| answer.status == 404).count()
}

/// Waits until a metric of a node is this.
pub(crate) async fn is(node: &Server, name: &str, value: f64) {
    let waited = async {
        while metric(node, name).await.to_bits() != value.to_bits() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(e2e::PATIENCE, waited).await.is_ok(), "{name} in time");
}

#[tokio::test]
async fn of_all_who_ask_two_nodes_at_once_exactly_the_quota_is_let_in() {
    let look = async |pair: &Pair| {
        let of_anyone = pair.admitted(800).await;
        let (mut together, mut then) = (Vec::new(), Vec::new());
        for node in &pair.nodes {
            together.push(metric(node, TOGETHER).await);
            then.push(node.anyone().get(NO_FILM).await.status);
        }
        // So it is for an account.
        let token = pair.cluster.token("member");
        let clients = pair.nodes.each_ref().map(|node| node.anyone().with_token(&token));
        (of_anyone, admitted(&clients, 400).await, then, together)
    };
    let (of_anyone, of_an_account, then, together) =
        seen_together(&[("read", "250 per hour")], look).await;
    assert_eq!((of_anyone, of_an_account), (250, 250));
    assert_eq!(then, [429, 429]);
    assert!(together.iter().all(|takes| *takes >= 400.0), "{together:?}");
}

#[tokio::test]
async fn what_one_node_gives_back_another_may_give_out() {
    let look = async |pair: &Pair| {
        let [one, other] = pair.nodes.each_ref().map(Server::anyone);
        let mut statuses = vec![one.get(NO_FILM).await.status];
        for _ in 0..4 {
            let late = one.request(reqwest::Method::GET, NO_FILM);
            let late = late.header("Cinelog-Min-Position", "99999999").header("Prefer", "wait=0");
            statuses.push(e2e::Answer::to(late).await.status);
        }
        let last = other.get(NO_FILM).await;
        statuses.extend([last.status, one.get(NO_FILM).await.status]);
        (statuses, left(&last))
    };
    let (statuses, left) = seen_together(&[("read", "2 per hour")], look).await;
    assert_eq!(statuses, [404, 503, 503, 503, 503, 404, 429]);
    assert_eq!(left["read-hour"].0, 0);
}
