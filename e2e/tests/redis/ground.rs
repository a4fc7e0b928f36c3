//! A node for commands, a projector, and two for queries behind a proxy to one Redis.

use std::time::Duration;

use e2e::{Client, Cluster, Server};
use proving_ground::{CuttingProxy, Database, PrivateRedis};
use serde_json::{Value, json};

/// How soon is asked again whether something has come to pass.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// A film, and where its making stands in the log.
#[derive(Clone)]
pub(crate) struct Film {
    pub(crate) address: String,
    pub(crate) position: String,
}

pub(crate) struct World {
    _database: Database,
    _cluster: Cluster,
    pub(crate) redis: PrivateRedis,
    pub(crate) proxy: CuttingProxy,
    pub(crate) editor: Client,
    pub(crate) queries: [Server; 2],
    _others: [Server; 2],
}

impl World {
    /// Nodes that wait so long for Redis.
    pub(crate) async fn waiting(timeout: &str) -> Self {
        Self::with(timeout, false).await
    }

    /// The same, and news of changes go over Redis too.
    pub(crate) async fn with_change_feed(timeout: &str) -> Self {
        Self::with(timeout, true).await
    }

    async fn with(timeout: &str, change_feed: bool) -> Self {
        let (database, redis) = (Database::new().await, PrivateRedis::start().await);
        let proxy = CuttingProxy::to(&redis.url()).await;
        let cluster = Cluster::on(database.url());
        let more = |url: String| {
            [
                ("CINELOG__REDIS__URL", url),
                ("CINELOG__REDIS__TIMEOUT", timeout.to_owned()),
                ("CINELOG__REDIS__CHANGE_FEED", change_feed.to_string()),
            ]
        };
        let node = |name: &str, role, url| cluster.node_with(name, role, None, &more(url));
        let others = [node("c", "command", redis.url()), node("p", "projector", redis.url())];
        let behind = || proxy.url_for(&redis.url());
        let queries = [node("q1", "query", behind()), node("q2", "query", behind())];
        for query in &queries {
            query.becomes_ready(true).await;
        }
        let editor = others[0].anyone().with_token(&cluster.token("editor"));
        Self {
            _database: database,
            _cluster: cluster,
            redis,
            proxy,
            editor,
            queries,
            _others: others,
        }
    }

    /// Makes films, and waits until both query nodes know them all.
    pub(crate) async fn films(&self, count: usize) -> Vec<Film> {
        let mut films = Vec::new();
        for number in 0..count {
            let made = self.editor.post("/v1/movies", json!({"title": format!("Film {number}")}));
            let made = made.await.expect(201);
            let (address, position) = (made.header("Location"), made.header("Cinelog-Position"));
            films.push(Film { address: address.to_owned(), position: position.to_owned() });
        }
        for query in &self.queries {
            let last = films.last().expect("there are some");
            read(query, last, &last.position).await;
        }
        films
    }

    /// Gives a film another title; gives the position from which on it has it.
    pub(crate) async fn retitle(&self, film: &Film, title: &str) -> String {
        let changed = self.editor.patch(&film.address, "*", json!({"title": title})).await;
        changed.expect(200).header("Cinelog-Position").to_owned()
    }
}

/// What a node says of a film at a position: its title, and what the answer reflects.
pub(crate) async fn read(node: &Server, film: &Film, position: &str) -> (String, u64) {
    let asked = node.anyone();
    let answer = asked.get_at(&film.address, position).await.expect(200);
    let shows = answer.header("Cinelog-Position").parse().expect("a position");
    (title(&answer.json()), shows)
}

/// The title of a film.
pub(crate) fn title(film: &Value) -> String {
    film["title"].as_str().expect("a film has a title").to_owned()
}

/// A metric of a node; 0 where it is not there.
pub(crate) async fn metric(node: &Server, name: &str) -> f64 {
    let metrics = node.anyone().at(&node.admin_url).get("/metrics").await.expect(200).text;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

/// Waits until a metric of a node is at least so much, or at most.
pub(crate) async fn metric_is(node: &Server, name: &str, holds: impl Fn(f64) -> bool) {
    let waited = async {
        while !holds(metric(node, name).await) {
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    assert!(tokio::time::timeout(e2e::PATIENCE, waited).await.is_ok(), "{name} in time");
}
