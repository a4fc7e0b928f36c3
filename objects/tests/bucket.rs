//! Objects on a real server that speaks S3: the suite, and what only a server can do to its clients.
#![cfg(feature = "s3")]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "what cannot be set up fails its test"
)]

mod suite;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use objects::{Limits, Objects, ObjectsError, S3Options};
use proving_ground::{CuttingProxy, ObjectServer};
use suite::{LIMITS, name, suite};

fn options(server: &ObjectServer) -> S3Options {
    S3Options {
        bucket: server.bucket().to_owned(),
        prefix: server.prefix().to_owned(),
        endpoint: Some(server.endpoint()),
        region: "us-east-1".to_owned(),
        access_key_id: server.access_key_id().to_owned(),
        secret_access_key: server.secret_access_key().to_owned(),
        is_virtual_hosted: false,
    }
}

fn open(limits: Limits) -> (Objects, ()) {
    (Objects::in_bucket(&options(&ObjectServer::running()), limits).unwrap(), ())
}

suite!(open);

/// Bounds that a test can wait for.
const IMPATIENT: Limits = Limits { timeout: Duration::from_secs(1), ..LIMITS };

/// What a few operations may take with them on a busy machine. Whoever has no
/// limit waits for a silent server for ever.
const SOON: Duration = Duration::from_secs(60);

async fn through_a_proxy() -> (Objects, CuttingProxy) {
    let server = ObjectServer::running();
    let proxy = CuttingProxy::to(server.address()).await;
    let endpoint = Some(format!("http://{}", proxy.address()));
    let options = S3Options { endpoint, ..options(&server) };
    (Objects::in_bucket(&options, IMPATIENT).unwrap(), proxy)
}

/// Asks again until it succeeds, which an impatient one need not at once on a busy machine.
async fn succeeds<T>(ask: impl AsyncFn() -> Result<T, ObjectsError>) {
    let asked = async {
        while let Err(error) = ask().await {
            println!("once more: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(SOON, asked).await.expect("it succeeds");
}

#[tokio::test]
async fn wrong_keys_and_a_bucket_that_is_not_there_are_told_apart_and_no_secret_is_shown() {
    let right = options(&ObjectServer::running());
    let wrong_key = S3Options { secret_access_key: "hunter2".to_owned(), ..right.clone() };
    let refused = Objects::in_bucket(&wrong_key, LIMITS).unwrap();
    let error = refused.health().await.unwrap_err();
    assert!(matches!(error, ObjectsError::Refused(_)), "{error:?}");
    let elsewhere = S3Options { bucket: "no-such-bucket".to_owned(), ..right };
    let absent = Objects::in_bucket(&elsewhere, LIMITS).unwrap();
    let gone = absent.health().await.unwrap_err();
    assert!(matches!(gone, ObjectsError::NoPlace(_)), "{gone:?}");
    for shown in [format!("{error}"), format!("{refused:?} {refused}"), format!("{wrong_key:?}")] {
        assert!(!shown.contains("hunter2") && !shown.contains("<?xml"), "{shown}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    let (objects, proxy) = through_a_proxy().await;
    let poster = name("posters/a.png");
    succeeds(async || objects.put(&poster, Bytes::from_static(b"x")).await).await;
    proxy.pause(true);
    let started = Instant::now();
    let limit = IMPATIENT.timeout;
    let timed_out = |error: &ObjectsError| match error {
        ObjectsError::TimedOut { limit: waited } => *waited == limit,
        ObjectsError::Unavailable(_) => true,
        _ => false,
    };
    assert!(timed_out(&objects.head(&poster).await.unwrap_err()));
    assert!(timed_out(&objects.read(&poster).await.unwrap_err()));
    assert!(timed_out(&objects.put(&poster, Bytes::from_static(b"y")).await.unwrap_err()));
    assert!(timed_out(&objects.delete(&poster).await.unwrap_err()));
    assert!(timed_out(&objects.health().await.unwrap_err()));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    proxy.pause(false);
    succeeds(async || objects.health().await).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_of_in_time_and_used_again_when_it_is_back() {
    let (objects, proxy) = through_a_proxy().await;
    proxy.refuse(true);
    proxy.cut();
    let started = Instant::now();
    let error = objects.put(&name("a.png"), Bytes::from_static(b"x")).await.unwrap_err();
    let told = matches!(error, ObjectsError::Unavailable(_) | ObjectsError::TimedOut { .. });
    assert!(told, "{error:?}");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    proxy.refuse(false);
    succeeds(async || objects.put(&name("a.png"), Bytes::from_static(b"x")).await).await;
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing_in_the_bucket() {
    let server = ObjectServer::running();
    let objects = Objects::in_bucket(&options(&server), LIMITS).unwrap();
    let large = name("exports/large.bin");
    // Two parts, then nothing more, ever.
    let stalled = suite::pieces(17 << 20).chain(stream::pending());
    let writer = objects.clone();
    let upload = tokio::spawn(async move { writer.put_stream(&large, stalled).await });
    becomes(|| uploads_under_way(&server) == 1).await;
    upload.abort();
    becomes(|| uploads_under_way(&server) == 0).await;
    assert!(objects.list(None, None, 10).await.unwrap().is_empty());
}

/// What the server says of uploads that were begun and not completed.
fn uploads_under_way(server: &ObjectServer) -> usize {
    // Signed in the order of names, as curl does not do by itself.
    let url =
        format!("{}/{}?prefix={}&uploads=", server.endpoint(), server.bucket(), server.prefix());
    let user = format!("{}:{}", server.access_key_id(), server.secret_access_key());
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--silent", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", &user]);
    curl.args(["--header", "x-amz-content-sha256:UNSIGNED-PAYLOAD", &url]);
    let answer = curl.output().expect("curl is installed");
    assert!(answer.status.success(), "{answer:?}");
    String::from_utf8_lossy(&answer.stdout).matches("<UploadId>").count()
}

async fn becomes(holds: impl Fn() -> bool) {
    let asked = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked).await.expect("it comes to pass");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_and_not_a_shorter_object() {
    let server = ObjectServer::running();
    let proxy = CuttingProxy::to(server.address()).await;
    let endpoint = Some(format!("http://{}", proxy.address()));
    let options = S3Options { endpoint, ..options(&server) };
    let objects = Objects::in_bucket(&options, Limits { retries_max: 0, ..LIMITS }).unwrap();
    let large = name("exports/large.bin");
    objects.put_stream(&large, suite::pieces(16 << 20)).await.unwrap();
    let mut body = objects.get(&large).await.unwrap().unwrap().body;
    let first = body.next().await.unwrap().unwrap();
    proxy.refuse(true);
    proxy.cut();
    let (mut size, mut broken) = (first.len(), false);
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => size += piece.len(),
            Err(_) => {
                broken = true;
                break;
            }
        }
    }
    assert!(broken && size < 16 << 20, "{size} bytes came");
}
