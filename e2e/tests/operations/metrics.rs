//! What `/metrics` says is what Prometheus likes to read.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use e2e::Server;

use crate::running::Running;

/// What promtool has against the metrics of a process; empty where it has nothing.
async fn complaints(node: &Server) -> String {
    let text = node.anyone().at(&node.admin_url).get("/metrics").await.expect(200).text;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is missing: scripts/prometheus installs it");
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(said.is_empty(), output.status.success(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_has_nothing_against_the_metrics_of_any_role_after_work() {
    let running = Running::start().await;
    for (role, node) in &running.nodes {
        assert_eq!(complaints(node).await, "", "{role}");
    }
}

#[tokio::test]
async fn nor_against_those_of_one_process_with_all_roles() {
    let server = Server::start_with(&["--demo"]);
    server.anyone().get("/v1/movies?q=godfather").await.expect(200);
    assert_eq!(complaints(&server).await, "");
}
