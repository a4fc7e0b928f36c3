//! Two nodes that count together on Redis: however many ask at once, the quota is what is let in.

use std::time::Duration;

use e2e::{Client, Cluster, Server};
use futures::future::join_all;
use proving_ground::{Database, PrivateRedis};

use crate::ground::{NO_FILM, left, metric, variable};

const TOGETHER: &str = "cinelog_rate_limit_takes_total{counted=\"together\"}";
const BY_ITSELF: &str = "cinelog_rate_limit_takes_total{counted=\"alone\"}";

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

    /// How many of so many that ask at once, at both nodes alike, are let in.
    pub(crate) async fn admitted(&self, times: usize) -> usize {
        let clients = self.nodes.each_ref().map(Server::anyone);
        admitted(&clients, times).await
    }
}

async fn admitted(clients: &[Client; 2], times: usize) -> usize {
    let asking = (0..times).map(|number| clients[number % 2].get(NO_FILM));
    let answers = join_all(asking).await;
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
    let pair = Pair::waiting("1s", &[("read", "250 per hour")]).await;
    assert_eq!(pair.admitted(800).await, 250);
    for node in &pair.nodes {
        assert!(metric(node, TOGETHER).await >= 400.0);
        assert_eq!(metric(node, BY_ITSELF).await, 0.0);
        node.anyone().get(NO_FILM).await.expect(429);
    }
    // So it is for an account.
    let token = pair.cluster.token("member");
    let clients = pair.nodes.each_ref().map(|node| node.anyone().with_token(&token));
    assert_eq!(admitted(&clients, 400).await, 250);
}

#[tokio::test]
async fn what_one_node_gives_back_another_may_give_out() {
    let pair = Pair::waiting("1s", &[("read", "2 per hour")]).await;
    let [one, other] = pair.nodes.each_ref().map(Server::anyone);
    one.get(NO_FILM).await.expect(404);
    for _ in 0..4 {
        let late = one.request(reqwest::Method::GET, NO_FILM);
        let late = late.header("Cinelog-Min-Position", "99999999").header("Prefer", "wait=0");
        e2e::Answer::to(late).await.expect(503);
    }
    let last = other.get(NO_FILM).await.expect(404);
    assert_eq!(left(&last)["read-hour"].0, 0);
    one.get(NO_FILM).await.expect(429);
}
