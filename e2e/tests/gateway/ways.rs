//! Which node answers: writes go to command nodes, reads to query nodes, and a node that is gone is not missed.

use e2e::{Answer, Client, Cluster, PATIENCE, Server};
use futures::future::join_all;
use proving_ground::{Database, Gateway, GatewayKind, Nodes};
use reqwest::Method;
use serde_json::json;

use crate::{
    ASK_AGAIN, on_every_gateway,
    origin::Origin,
    site::{address, purging, until},
};

/// Two command nodes, two query nodes, a projector, and what is before them.
struct Whole {
    gateway: Gateway,
    cluster: Cluster,
    commands: Vec<Server>,
    queries: Vec<Server>,
    _projector: Server,
    _database: Database,
}

impl Whole {
    async fn start(kind: GatewayKind) -> Self {
        let database = Database::new().await;
        let cluster = Cluster::on(database.url());
        let mut gateway = Gateway::new(kind);
        let environment: Vec<(&str, String)> = purging(&gateway)
            .into_iter()
            .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
            .collect();
        let node = |name, role| cluster.node_with(name, role, None, &environment);
        let commands = vec![node("command-1", "command"), node("command-2", "command")];
        let projector = node("projector", "projector");
        let queries = vec![node("query-1", "query"), node("query-2", "query")];
        let [query, command] =
            [&queries, &commands].map(|nodes| [address(&nodes[0]), address(&nodes[1])]);
        gateway.start(&Nodes { query, command }).await;
        Self { gateway, cluster, commands, queries, _projector: projector, _database: database }
    }

    fn caller(&self, role: &str) -> Client {
        Client::anyone_at(&self.gateway.url()).with_token(&self.cluster.token(role))
    }
}

async fn ask(client: &Client, method: &str, target: &str) -> Answer {
    Answer::to(client.request(method.parse().unwrap(), target)).await
}

async fn get_at(client: &Client, node: &str, target: &str) -> Answer {
    client.at(node).get(target).await
}

async fn each_request_goes_to_a_node_with_its_role(kind: GatewayKind) {
    let whole = Whole::start(kind).await;
    let (editor, reader) = (whole.caller("editor"), Client::anyone_at(&whole.gateway.url()));
    // More than once, so that all nodes get their turn. A node without the role would answer 421.
    for number in 0..4 {
        let film = json!({"title": format!("Film {number}"), "year": 1985});
        let added = editor.post("/v1/movies", film).await.expect(201);
        let (film, position) =
            (added.header("location").to_owned(), added.header("cinelog-position"));
        // The very next read, though it may go to a node that has not heard of it.
        let read = reader.get_at(&film, position).await.expect(200);
        assert_eq!(read.header("x-cache"), "BYPASS");
        editor.patch(&film, "\"r1\"", json!({"year": 1986})).await.expect(200);
        ask(&editor, "PUT", &format!("{film}/tags/epic")).await.expect(200);
        editor.put(&format!("{film}/ratings/me"), json!({"value": 8})).await.expect(201);
        editor.delete(&format!("{film}/tags/epic")).await.expect(204);
        for target in [film.as_str(), "/v1/movies"] {
            assert_eq!(ask(&reader, "GET", target).await.status, 200, "{target}");
            assert_eq!(ask(&reader, "HEAD", target).await.status, 200, "{target}");
            let options = ask(&reader, "OPTIONS", target).await.expect(204);
            assert!(options.header("allow").contains("GET, HEAD, POST"), "{options:?}");
        }
        let refused = ask(&editor, "DELETE", "/v1/movies").await.expect(405);
        assert_eq!(refused.header("allow"), "GET, HEAD, POST, OPTIONS");
        ask(&reader, "TRACE", &film).await.expect(405);
        ask(&editor, "BREW", &film).await.expect(405);
        editor.delete(&film).await.expect(204);
        until(&reader, &film, |answer| answer.status == 404).await;
    }
}

async fn a_job_is_found_wherever_it_is(kind: GatewayKind) {
    let whole = Whole::start(kind).await;
    let editor = whole.caller("editor");
    let mut jobs = Vec::new();
    for number in 0..4 {
        let request =
            editor.request(Method::POST, "/v1/movies/bulk").header("prefer", "respond-async");
        let request = request.header("content-type", "application/x-ndjson");
        let lines = format!("{{\"title\": \"Film {number}\"}}\n");
        let job = Answer::to(request.body(lines)).await.expect(202);
        jobs.push(job.header("location").to_owned());
    }
    let holders: Vec<usize> = join_all(jobs.iter().map(async |job| {
        let known =
            join_all(whole.commands.iter().map(|node| get_at(&editor, &node.url, job))).await;
        known.iter().position(|answer| answer.status == 200).expect("one of them has it")
    }))
    .await;
    assert!(holders.contains(&0) && holders.contains(&1), "both have some: {holders:?}");
    for job in &jobs {
        let done =
            until(&editor, job, |answer| answer.status != 200 || answer.json()["state"] == "done")
                .await;
        assert_eq!(done.status, 200, "{done:?}");
        assert_eq!(editor.get(&format!("{job}/results")).await.expect(200).text.lines().count(), 1);
        // What is over cannot be cancelled; the node that has it says so, and no other that it is unknown.
        editor.delete(job).await.expect(200);
    }
    let unknown = "/v1/jobs/0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";
    editor.get(unknown).await.expect(404);
}

async fn of_two_query_nodes_one_may_die_and_nobody_notices(kind: GatewayKind) {
    let mut whole = Whole::start(kind).await;
    let (editor, reader) = (whole.caller("editor"), Client::anyone_at(&whole.gateway.url()));
    editor.post("/v1/movies", json!({"title": "Ran"})).await.expect(201);
    whole.queries.pop().expect("there are two").kill();
    for number in 0..20 {
        // None of them is kept: each address is asked for once.
        let answer = reader.get(&format!("/v1/movies?limit={}", number + 1)).await;
        assert_eq!(answer.status, 200, "{number}: {answer:?}");
        let own = editor.get(&format!("/v1/movies?limit={}", number + 1)).await;
        assert_eq!(own.status, 200, "{number} with a token: {own:?}");
    }
}

async fn of_two_command_nodes_one_may_die_and_soon_nobody_notices(kind: GatewayKind) {
    let mut whole = Whole::start(kind).await;
    let editor = whole.caller("editor");
    whole.commands.pop().expect("there are two").kill();
    let asked = async {
        // As many in a row as would have met the dead one. What could not be sent may be sent again.
        let mut in_a_row = 0;
        while in_a_row < 6 {
            let answer = editor.post("/v1/movies", json!({"title": "Ran"})).await;
            assert!(matches!(answer.status, 201 | 502 | 503), "{answer:?}");
            in_a_row = if answer.status == 201 { in_a_row + 1 } else { 0 };
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("it is left out in time");
}

async fn where_no_node_answers_that_is_said_and_not_kept(kind: GatewayKind) {
    let mut gateway = Gateway::new(kind);
    // Where nobody listens.
    let nowhere = || "127.0.0.1:1".to_owned();
    gateway.start(&Nodes { query: [nowhere(), nowhere()], command: [nowhere(), nowhere()] }).await;
    let reader = Client::anyone_at(&gateway.url());
    for method in ["GET", "POST"] {
        let answer = ask(&reader, method, "/v1/movies").await;
        assert!(matches!(answer.status, 502 | 503), "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

async fn a_command_is_never_sent_twice(kind: GatewayKind) {
    let origin = Origin::start(|said| said.answer(503, "", &[("cache-control", "no-store")]));
    let (_gateway, reader) = origin.before(kind).await;
    for (number, method) in ["POST", "PATCH", "PUT", "DELETE"].into_iter().enumerate() {
        assert_eq!(ask(&reader, method, "/v1/movies/x").await.status, 503);
        assert_eq!(origin.count(|_| true), number + 1, "{method}");
    }
}

async fn an_address_that_has_the_name_of_a_way_in_it_is_an_address(kind: GatewayKind) {
    let origin = Origin::start(|said| said.answer(200, "", &[("cache-control", "no-store")]));
    let (_gateway, reader) = origin.before(kind).await;
    for name in ["bulk-long-now", "bulk-short-now", "bulk-a-later"] {
        let answer = ask(&reader, "GET", &format!("/v1/x:{name}:y")).await.expect(200);
        // What commands are answered with has none.
        assert_ne!(answer.header("x-cache"), "", "{name} went the way of a command");
    }
}

async fn a_request_keeps_its_name_on_the_way(kind: GatewayKind) {
    let origin = Origin::start(|said| {
        said.answer(200, said.header("x-request-id"), &[("cache-control", "no-store")])
    });
    let (_gateway, reader) = origin.before(kind).await;
    for method in ["GET", "POST"] {
        let request = || reader.request(method.parse().unwrap(), "/v1/movies");
        assert_eq!(Answer::to(request().header("x-request-id", "mine-1")).await.text, "mine-1");
        let (one, other) = (Answer::to(request()).await.text, Answer::to(request()).await.text);
        assert!(!one.is_empty() && one != other, "{one} {other}");
        let long = "x".repeat(129);
        let renamed = Answer::to(request().header("x-request-id", &long)).await.text;
        assert!(!renamed.is_empty() && renamed != long, "{renamed}");
    }
}

on_every_gateway! {
    each_request_goes_to_a_node_with_its_role,
    a_job_is_found_wherever_it_is,
    of_two_query_nodes_one_may_die_and_nobody_notices,
    of_two_command_nodes_one_may_die_and_soon_nobody_notices,
    where_no_node_answers_that_is_said_and_not_kept,
    a_command_is_never_sent_twice,
    an_address_that_has_the_name_of_a_way_in_it_is_an_address,
    a_request_keeps_its_name_on_the_way,
}
