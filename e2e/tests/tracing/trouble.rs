//! What happens where spans are not taken: nothing else.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use e2e::{PATIENCE, TraceSink, run};
use futures::{StreamExt, stream};
use proving_ground::free_port;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
};

use crate::ground::{RECORDED, Traced, make_film, named};

const EXPORTED: &str = "cinelog_spans_exported_total";
const QUEUE_FULL: &str = "cinelog_spans_dropped_total{reason=\"queue_full\"}";
const NOT_TAKEN: &str = "cinelog_spans_dropped_total{reason=\"not_taken\"}";
const FAILING: &str = "cinelog_spans_export_failing";

/// More than a process keeps.
const REQUESTS: usize = 12_000;

/// How soon is looked again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Takes connections and reads what comes, and never answers.
async fn silent() -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let swallow = async |mut stream: TcpStream| {
        let mut bytes = vec![0; 65_536];
        while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    };
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(swallow(stream));
        }
    });
    (url, task)
}

async fn becomes(traced: &Traced, metric: &str, is_so: impl Fn(f64) -> bool) {
    let waiting = async {
        while !is_so(traced.measured(metric).await) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "{metric} is {}", traced.measured(metric).await);
}

#[tokio::test]
async fn a_collector_that_never_answers_costs_spans_and_no_request() {
    let (url, task) = silent().await;
    let traced = Traced::start(&url, &[("CINELOG__TELEMETRY__OTLP_TIMEOUT", "60s")]);
    let reader = traced.server.anyone();
    let began = Instant::now();
    let slowest = stream::iter(0..REQUESTS)
        .map(|_| async {
            let began = Instant::now();
            reader.get("/v1/movies").await.expect(200);
            began.elapsed()
        })
        .buffer_unordered(16)
        .fold(Duration::ZERO, |slowest, took| async move { slowest.max(took) })
        .await;
    println!("{REQUESTS} requests in {:?}, the slowest in {slowest:?}", began.elapsed());
    assert!(slowest < Duration::from_secs(30), "nobody waits for the collector: {slowest:?}");
    assert_eq!(traced.measured(EXPORTED).await, 0.0);
    assert!(traced.measured(QUEUE_FULL).await > 0.0, "what does not fit is dropped, and counted");
    assert!(traced.server.is_ready().await);
    // Told to stop, it gives the last spans a moment and no more.
    let began = Instant::now();
    traced.server.terminate();
    let Traced { server, .. } = traced;
    let (is_success, _) = server.wait();
    assert!(is_success && began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    task.abort();
}

#[tokio::test]
async fn spans_are_sent_again_once_the_collector_is_there() {
    let at = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let timeout = ("CINELOG__TELEMETRY__OTLP_TIMEOUT", "5s");
    let traced = Traced::start(&format!("http://{at}"), &[timeout]);
    let editor = traced.server.caller("editor");
    make_film(&editor, "Nobody hears of it", RECORDED).await;
    becomes(&traced, NOT_TAKEN, |dropped| dropped > 0.0).await;
    becomes(&traced, FAILING, |fails| fails == 1.0).await;
    assert!(traced.server.is_ready().await, "it is as ready as ever");

    let sink = TraceSink::start_at(at).await;
    let created = make_film(&editor, "Heard of", RECORDED).await;
    let (_, id) = named(created.header("traceparent"));
    sink.wait_for("the request", |span| span.id == id).await;
    becomes(&traced, FAILING, |fails| fails == 0.0).await;
    becomes(&traced, EXPORTED, |exported| exported > 0.0).await;
}

// Waiting for the server's end must not keep the sink from answering it.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_spans_are_sent_before_the_end() {
    let sink = TraceSink::start().await;
    let traced = Traced::start(&sink.url, &[]);
    let editor = traced.server.caller("editor");
    let created = make_film(&editor, "The last", RECORDED).await;
    traced.server.terminate();
    let Traced { server, .. } = traced;
    assert!(server.wait().0);
    let (_, id) = named(created.header("traceparent"));
    assert!(sink.spans().iter().any(|span| span.id == id), "{:#?}", sink.spans());
}

#[tokio::test]
async fn keys_of_a_service_are_read_from_a_file_and_sent() {
    let sink = TraceSink::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("headers");
    std::fs::write(&file, "Authorization: Bearer of-the-service\n").unwrap();
    let headers = ("CINELOG__TELEMETRY__OTLP_HEADERS_FILE", file.to_str().unwrap());
    let name = ("CINELOG__TELEMETRY__SERVICE_NAME", "films");
    let traced = Traced::start(&sink.url, &[headers, name]);
    traced.server.anyone().get("/v1/movies").await.expect(200);
    let span = sink.wait_for("any", |_| true).await;
    assert_eq!(span.resource["service.name"], "films");
    assert_eq!(sink.headers()[0]["authorization"], "Bearer of-the-service");
}

#[tokio::test]
async fn an_address_that_is_none_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cinelog.toml");
    std::fs::write(&file, "[telemetry]\notlp_endpoint = \"localhost:4317\"\n").unwrap();
    let output = run(["config", "check", "--config", file.to_str().unwrap()]);
    assert!(!output.success && output.stderr.contains("telemetry.otlp_endpoint"), "{output:?}");
}
