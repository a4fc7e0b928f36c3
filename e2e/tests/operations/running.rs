//! A catalogue of several processes, each with a role, on all servers that there can be, after some work: what
//! there is to be measured has been measured.

use std::time::Duration;

use axum::{Router, http::StatusCode};
use e2e::{Answer, Cluster, PATIENCE, Server, TraceSink};
use proving_ground::{Database, PrivateKafka, RedisServer};
use reqwest::Method;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

/// How soon is looked again whether something was measured.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What only a relay, a projector and a query node measure once something has come through to them.
const COMES_LAST: [(&str, &str); 3] = [
    ("relay", "cinelog_relay_transaction_events_count"),
    ("projector", "cinelog_projector_fed_by_kafka"),
    ("query", "cinelog_gateway_purge_delay_seconds_count"),
];

/// The processes, and what they stand on.
pub(crate) struct Running {
    pub(crate) nodes: Vec<(&'static str, Server)>,
    gateway: JoinHandle<()>,
    _sink: TraceSink,
    cluster: Cluster,
    _kafka: PrivateKafka,
    _database: Database,
}

impl Running {
    pub(crate) async fn start() -> Self {
        let sink = TraceSink::start().await;
        let (address, gateway) = forgetful().await;
        let database = Database::new().await;
        let kafka = PrivateKafka::start().await;
        let cluster = Cluster::on(database.url());
        let settings = [
            ("CINELOG__TELEMETRY__OTLP_ENDPOINT", sink.url.clone()),
            ("CINELOG__GATEWAY__PURGE", format!("[\"{address}/\"]")),
            ("CINELOG__REDIS__URL", RedisServer::running().url().to_owned()),
            ("CINELOG__REDIS__PREFIX", RedisServer::new_prefix()),
            ("CINELOG__KAFKA__BROKERS", kafka.server().address().to_owned()),
            ("CINELOG__PROJECTOR__SOURCE", "kafka".to_owned()),
        ];
        // In this order: the first makes the tables of the log, the second the topic, the third the tables of
        // the read model.
        let nodes = ["command", "relay", "projector", "query"]
            .map(|role| (role, cluster.node_with(role, role, None, &settings)));
        let nodes = nodes.into_iter().collect();
        let running =
            Self { nodes, gateway, _sink: sink, cluster, _kafka: kafka, _database: database };
        running.work().await;
        for (role, metric) in COMES_LAST {
            running.measures(role, metric).await;
        }
        running
    }

    /// Where the metrics of each process are, as `HOST:PORT`.
    pub(crate) fn targets(&self) -> Vec<String> {
        let target = |(_, node): &(_, Server)| node.admin_url.replace("http://", "");
        self.nodes.iter().map(target).collect()
    }

    fn node(&self, role: &str) -> &Server {
        let found = self.nodes.iter().find(|(of, _)| *of == role);
        &found.expect("there is one for each role").1
    }

    /// Waits until a process has measured something.
    async fn measures(&self, role: &str, metric: &str) {
        let node = self.node(role);
        let admin = node.anyone().at(&node.admin_url);
        let measured = async {
            while !admin.get("/metrics").await.expect(200).text.contains(metric) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let measured = tokio::time::timeout(PATIENCE, measured).await;
        assert!(measured.is_ok(), "the {role} does not measure {metric}");
    }

    /// Writes and reads, well and badly.
    pub(crate) async fn work(&self) {
        let commands = self.node("command").anyone();
        let editor = commands.with_token(&self.cluster.token("editor"));
        let reader = self.node("query").anyone();
        // From the first read on answers are kept, and what is out of date is heard of.
        reader.get("/v1/movies").await.expect(200);
        let create = || {
            let request = editor.request(Method::POST, "/v1/movies");
            request.json(&json!({"title": "Ran"})).header("Idempotency-Key", "once")
        };
        let created = Answer::to(create()).await;
        let again = Answer::to(create()).await;
        assert_eq!((created.status, again.status), (201, 201));
        let line = json!({"op": "create", "movie": {"title": "Ikiru"}});
        let bulk = editor.request(Method::POST, "/v1/movies/bulk").body(format!("{line}\n{{}}\n"));
        Answer::to(bulk.header("Content-Type", "application/x-ndjson")).await.expect(200);
        editor.patch(created.header("Location"), "\"r9\"", json!({"year": 1985})).await.expect(412);
        reader.get_at("/v1/movies", created.header("Cinelog-Position")).await.expect(200);
        for _ in 0..5 {
            reader.get("/v1/movies").await.expect(200);
        }
        reader.get("/v1/movies?no_such=1").await.expect(400);
        reader.get("/v1/nowhere").await.expect(404);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.gateway.abort();
    }
}

/// A gateway that keeps nothing, and so has forgotten whatever it should.
async fn forgetful() -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let routes = Router::new().fallback(async || StatusCode::OK);
    let task = tokio::spawn(async move {
        axum::serve(listener, routes).await.expect("it serves");
    });
    (url, task)
}
