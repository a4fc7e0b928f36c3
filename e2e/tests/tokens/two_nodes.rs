//! What is revoked at one node is refused at another, within seconds.

use std::time::{Duration, Instant};

use e2e::{Client, Cluster, Server};
use proving_ground::Database;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::ground::{ENVIRONMENT, log_in, refresh, refused, register};

const SESSIONS: &str = "/v1/account/sessions";
const KEYS: &str = "/v1/account/api-keys";

/// Longer than any node takes to hear of it, also on a machine that has other things to do.
const SECONDS: Duration = Duration::from_secs(30);

/// Two nodes of one catalogue, on a database of their own.
pub(crate) struct Pair {
    pub(crate) one: Server,
    pub(crate) other: Server,
    pub(crate) cluster: Cluster,
    _database: Database,
}

impl Pair {
    async fn start() -> Self {
        Self::of("").await
    }

    /// Nodes that have this role; all, where it is empty.
    pub(crate) async fn of(role: &str) -> Self {
        let database = Database::new().await;
        let cluster = Cluster::on(database.url());
        let mut more: Vec<_> =
            ENVIRONMENT.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        more.push(("CINELOG__IDENTITY__URL", database.url().to_owned()));
        let one = cluster.node_with("one", role, None, &more);
        let other = cluster.node_with("other", role, None, &more);
        Self { one, other, cluster, _database: database }
    }
}

/// Waits until what was let in is refused; gives how long that took.
pub(crate) async fn is_refused_soon(client: &Client, target: &str, why: &str) -> Duration {
    let begun = Instant::now();
    loop {
        let answer = client.get(target).await;
        if answer.status != 200 {
            refused(&answer, why);
            return begun.elapsed();
        }
        assert!(begun.elapsed() < SECONDS, "still let in after {SECONDS:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_is_revoked_at_one_node_is_refused_at_the_other_within_seconds() {
    let pair = Pair::start().await;
    register(&pair.one.anyone(), "ann").await;
    let (here, there) =
        (log_in(&pair.one.anyone(), "ann").await, log_in(&pair.other.anyone(), "ann").await);
    let at_other = pair.other.anyone().with_token(&here.access);
    at_other.get(SESSIONS).await.expect(200);
    pair.one.anyone().with_token(&here.access).post("/v1/logout", Value::Null).await.expect(204);
    let took = is_refused_soon(&at_other, SESSIONS, "the token has been revoked").await;
    eprintln!("a log-out was known at the other node after {} ms", took.as_millis());
    refresh(&pair.other.anyone(), &here.refresh).await.expect(400);
    // The other session goes on, at either node.
    pair.one.anyone().with_token(&there.access).get(SESSIONS).await.expect(200);
    // Log out everywhere, from the other side.
    let at_one = pair.one.anyone().with_token(&there.access);
    let everywhere = pair.other.anyone().with_token(&there.access);
    everywhere.post("/v1/logout/everywhere", Value::Null).await.expect(204);
    let took = is_refused_soon(&at_one, SESSIONS, "the token has been revoked").await;
    eprintln!("a log-out everywhere was known at the other node after {} ms", took.as_millis());
}

#[tokio::test]
async fn a_key_that_is_revoked_at_one_node_is_refused_at_the_other() {
    let pair = Pair::start().await;
    register(&pair.one.anyone(), "ann").await;
    let ann = log_in(&pair.one.anyone(), "ann").await;
    let at_one = pair.one.anyone().with_token(&ann.access);
    let wanted = json!({"name": "k", "scopes": ["ratings"]});
    let made = at_one.post(KEYS, wanted).await.expect(201);
    let machine = pair.other.anyone().with_token(made.json()["key"].as_str().unwrap());
    let film = "/v1/movies/0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";
    let editor = pair.one.anyone().with_token(&pair.cluster.token("editor"));
    editor.put(film, json!({"title": "Stalker"})).await.expect(201);
    let mine = format!("{film}/ratings/me");
    machine.put(&mine, json!({"value": 8})).await.expect(201);
    at_one.delete(made.header("Location")).await.expect(204);
    is_refused_soon(&machine, &mine, "the API key is not known here, or has been revoked").await;
}

#[tokio::test]
async fn fifty_refreshes_over_two_nodes_make_one_chain() {
    let pair = Pair::start().await;
    register(&pair.one.anyone(), "ann").await;
    let ann = log_in(&pair.one.anyone(), "ann").await;
    let (one, other) = (pair.one.anyone(), pair.other.anyone());
    let shows = (0..50).map(|n| refresh(if n % 2 == 0 { &one } else { &other }, &ann.refresh));
    let answers = futures::future::join_all(shows).await;
    let given: std::collections::HashSet<String> = answers
        .into_iter()
        .map(|answer| answer.expect(200).json()["refresh_token"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(given.len(), 1);
    refresh(&other, given.iter().next().unwrap()).await.expect(200);
}
