//! What is sent is what the OpenTelemetry Collector takes: it takes it, and passes it on.

use std::{
    env,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use e2e::{PATIENCE, TraceSink};
use proving_ground::free_port;
use tokio::net::TcpStream;

use crate::{
    following::follow,
    ground::{RECORDED, Traced, make_film},
};

/// Names the program; else it is where `scripts/otelcol` puts it.
const PROGRAM: &str = "CINELOG_TEST_OTELCOL";

/// A Collector that passes spans on. Killed when dropped.
struct Collector {
    child: Child,
    url: String,
}

impl Collector {
    async fn start(pass_on_to: &str) -> Self {
        let at = format!("127.0.0.1:{}", free_port());
        let config = format!(
            "receivers: {{otlp: {{protocols: {{http: {{endpoint: '{at}'}}}}}}}}\n\
             exporters: {{otlp_http: {{endpoint: '{pass_on_to}', compression: none}}}}\n\
             service:\n  telemetry: {{metrics: {{level: none}}}}\n  \
             pipelines: {{traces: {{receivers: [otlp], exporters: [otlp_http]}}}}\n"
        );
        let child = Command::new(program())
            .arg("--config=env:CINELOG_TEST_OTELCOL_CONFIG")
            .env("CINELOG_TEST_OTELCOL_CONFIG", config)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the Collector can be run");
        let answers = async {
            while TcpStream::connect(&at).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let started = Self { child, url: format!("http://{at}") };
        tokio::time::timeout(PATIENCE, answers).await.expect("the Collector answers in time");
        started
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    if let Some(program) = env::var_os(PROGRAM) {
        return program.into();
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let program = root.join(".tools/otelcol/otelcol");
    assert!(program.is_file(), "{} is missing: scripts/otelcol makes it", program.display());
    program
}

#[tokio::test]
#[ignore = "needs the OpenTelemetry Collector: scripts/otelcol makes it"]
async fn the_collector_takes_what_is_sent() {
    let sink = TraceSink::start().await;
    let collector = Collector::start(&sink.url).await;
    let traced = Traced::start(&collector.url, &[]);
    let editor = traced.server.caller("editor");
    editor.get("/v1/movies").await.expect(200);
    let created = make_film(&editor, "Passed on", RECORDED).await;
    follow(&sink, &created).await;
}
