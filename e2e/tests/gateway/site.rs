//! A gateway before a node with all roles, on a data folder of its own.

use std::ffi::{OsStr, OsString};

use e2e::{Answer, Client, PATIENCE, Server};
use proving_ground::{Gateway, GatewayKind, Nodes};
use serde_json::json;
use tempfile::TempDir;

use crate::ASK_AGAIN;

/// A node and what is before it.
pub(crate) struct Site {
    pub(crate) gateway: Gateway,
    pub(crate) node: Server,
    folder: TempDir,
    environment: Vec<(&'static str, OsString)>,
}

/// What the node has in its environment so that nothing goes by itself while a test lasts.
pub(crate) const KEPT_LONG: [(&str, &str); 2] =
    [("CINELOG__QUERY__MAX_AGE", "1h"), ("CINELOG__QUERY__STALE_WHILE_REVALIDATE", "0s")];

/// A node as all four.
pub(crate) fn all_of(node: &Server) -> Nodes {
    let address = address(node);
    Nodes { query: [address.clone(), address.clone()], command: [address.clone(), address] }
}

/// Where a node is, as `127.0.0.1:PORT`.
pub(crate) fn address(node: &Server) -> String {
    node.url.trim_start_matches("http://").to_owned()
}

/// What a node has in its environment to purge a gateway.
pub(crate) fn purging(gateway: &Gateway) -> Vec<(&'static str, OsString)> {
    vec![
        ("CINELOG__GATEWAY__PURGE", format!("[\"{}/\"]", gateway.url()).into()),
        ("CINELOG__GATEWAY__PURGE_TOKEN", gateway.token().into()),
        // The whole of Cinelog may be busy with the tests.
        ("CINELOG__GATEWAY__PURGE_TIMEOUT", "5s".into()),
    ]
}

impl Site {
    /// A node that purges the gateway.
    pub(crate) async fn new(kind: GatewayKind, more: &[(&'static str, &str)]) -> Self {
        let gateway = Gateway::new(kind);
        let environment = purging(&gateway);
        Self::with(gateway, environment, more).await
    }

    /// A node that knows of no gateway.
    pub(crate) async fn that_does_not_purge(
        kind: GatewayKind,
        more: &[(&'static str, &str)],
    ) -> Self {
        Self::with(Gateway::new(kind), Vec::new(), more).await
    }

    async fn with(
        mut gateway: Gateway,
        mut environment: Vec<(&'static str, OsString)>,
        more: &[(&'static str, &str)],
    ) -> Self {
        environment.extend(more.iter().map(|(name, value)| (*name, OsString::from(value))));
        let folder = tempfile::tempdir().unwrap();
        let node = start(&folder, &environment);
        gateway.start(&all_of(&node)).await;
        Self { gateway, node, folder, environment }
    }

    /// With its node killed and started again, at another port.
    pub(crate) async fn with_node_started_again(self) -> Self {
        let Self { mut gateway, node, folder, environment } = self;
        gateway.stop().await;
        drop(node.kill());
        let node = start(&folder, &environment);
        gateway.start(&all_of(&node)).await;
        Self { gateway, node, folder, environment }
    }

    /// Who asks the gateway, without a token.
    pub(crate) fn reader(&self) -> Client {
        self.node.anyone().at(&self.gateway.url())
    }

    /// Who writes through the gateway.
    pub(crate) fn writer(&self, role: &str) -> Client {
        self.node.caller(role).at(&self.gateway.url())
    }

    /// Adds a film through the gateway, and waits until it can be read; gives its address.
    pub(crate) async fn add(&self, title: &str) -> String {
        let film = json!({"title": title, "genres": ["Drama"], "tags": ["slow"], "platforms": ["Mubi"],
            "directors": ["Akira Kurosawa"], "synopsis": "All work and no play. ".repeat(100)});
        let answer = self.writer("editor").post("/v1/movies", film).await.expect(201);
        let address = answer.header("Location").to_owned();
        let position = answer.header("Cinelog-Position").to_owned();
        let node = self.node.anyone();
        node.get_at(&address, &position).await.expect(200);
        address
    }
}

fn start(folder: &TempDir, environment: &[(&'static str, OsString)]) -> Server {
    let environment = environment.iter().map(|(name, value)| (*name, value.as_os_str()));
    let environment: Vec<(&str, &OsStr)> = environment.collect();
    Server::start_in(&environment, &folder.path().join("data"), &[])
}

/// Where an answer comes from.
pub(crate) fn cache(answer: &Answer) -> &str {
    answer.header("x-cache")
}

/// Asks until an answer comes from the cache.
pub(crate) async fn warm(reader: &Client, target: &str) -> Answer {
    until(reader, target, |answer| cache(answer) == "HIT").await
}

/// Asks until an answer is as wanted.
#[track_caller]
pub(crate) fn until<'a>(
    reader: &'a Client,
    target: &'a str,
    is_as_wanted: impl Fn(&Answer) -> bool + 'a,
) -> impl Future<Output = Answer> + 'a {
    let from = std::panic::Location::caller();
    async move {
        let mut last = None;
        let asked = async {
            loop {
                let answer = reader.get(target).await;
                if is_as_wanted(&answer) {
                    return answer;
                }
                last = Some(answer);
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer,
            Err(_) => panic!("{from}: {target} is never as wanted; last: {last:#?}"),
        }
    }
}
