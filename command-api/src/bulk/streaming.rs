//! Bulk requests while they are under way: what comes when, and what is bounded by what.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, channel::mpsc, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{
    BULK_PATH as BULK, BulkOptions,
    tests::{numbers, statuses},
};
use crate::{
    CommandOptions,
    testing::{Api, FILM, ID},
};

/// A body that is sent as the test goes.
fn slow_body() -> (mpsc::UnboundedSender<&'static str>, Body) {
    let (sender, receiver) = mpsc::unbounded();
    let pieces = receiver.map(|piece: &str| Ok::<_, std::io::Error>(Bytes::from(piece)));
    (sender, Body::from_stream(pieces))
}

#[tokio::test]
async fn a_line_is_answered_before_the_next_is_sent() {
    let api = Api::start().await;
    let (sender, body) = slow_body();
    let ask = api.ask("POST", BULK).header("accept-encoding", "gzip, br, zstd");
    let response = ask.lines(body).begin().await;
    assert!(!response.headers().contains_key("content-encoding"));
    assert_eq!(response.headers()["cache-control"], "no-store");
    let mut results = response.into_body().into_data_stream();
    for number in 1..=3 {
        sender.unbounded_send("{\"title\": \"A\"").unwrap();
        assert!(results.next().now_or_never().is_none());
        sender.unbounded_send("}\n").unwrap();
        let result: Value =
            serde_json::from_slice(&results.next().await.unwrap().unwrap()).unwrap();
        assert_eq!((&result["line"], &result["status"]), (&json!(number), &json!(201)));
    }
    drop(sender);
    assert!(results.next().await.is_none());
}

#[tokio::test]
async fn of_an_input_that_is_cut_off_no_half_line_is_carried_out() {
    let api = Api::start().await;
    let pieces = [
        Ok(Bytes::from_static(b"{\"title\": \"A\"}\n{\"title\": \"B\"}")),
        Err(std::io::Error::other("cut")),
    ];
    let results = api.ask("POST", BULK).lines(Body::from_stream(stream::iter(pieces))).results();
    assert_eq!(statuses(&results.await), [201]);
}

#[tokio::test]
async fn who_does_not_read_results_is_not_read_from() {
    let options = BulkOptions { lines_at_once: 4, ..BulkOptions::default() };
    let options = CommandOptions { bulk: options, ..CommandOptions::default() };
    let api = Api::with_options(options).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let endless = stream::repeat_with(move || {
        counting.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(Bytes::from_static(b"{\"title\": \"A\"}\n"))
    });
    let response = api.ask("POST", BULK).lines(Body::from_stream(endless)).begin().await;
    let mut results = response.into_body().into_data_stream();
    results.next().await.unwrap().unwrap();
    let read = asked.load(Ordering::Relaxed);
    tokio::task::yield_now().await;
    assert_eq!(asked.load(Ordering::Relaxed), read);
    drop(results);
}

#[tokio::test]
async fn too_many_lines_end_with_a_line_that_says_so() {
    let options = BulkOptions { lines_max: 2, ..BulkOptions::default() };
    let options = CommandOptions { bulk: options, ..CommandOptions::default() };
    let api = Api::with_options(options).await;
    let results = api.ask("POST", BULK).lines([FILM; 5].join("\n")).results().await;
    assert_eq!(statuses(&results), [201, 201, 413]);
    assert_eq!(numbers(&results), [1, 2, 3]);
    assert_eq!(results[2]["problem"]["type"], "/problems/payload-too-large");
}

#[tokio::test]
async fn too_many_bytes_end_with_a_line_that_says_so() {
    let options = BulkOptions { bytes_max: FILM.len() as u64 + 10, ..BulkOptions::default() };
    let options = CommandOptions { bulk: options, ..CommandOptions::default() };
    let api = Api::with_options(options).await;
    let results = api.ask("POST", BULK).lines([FILM; 5].join("\n")).results().await;
    assert_eq!((statuses(&results), numbers(&results)), (vec![201, 413], vec![1, 2]));
}

#[tokio::test]
async fn a_client_that_falls_silent_is_told() {
    let options = BulkOptions { idle_timeout: Duration::from_millis(20), ..BulkOptions::default() };
    let options = CommandOptions { bulk: options, ..CommandOptions::default() };
    let api = Api::with_options(options).await;
    let (sender, body) = slow_body();
    sender.unbounded_send("{\"title\": \"A\"}\n{\"title\"").unwrap();
    let results = api.ask("POST", BULK).lines(body).results().await;
    assert_eq!((statuses(&results), numbers(&results)), (vec![201, 408], vec![1, 2]));
}

#[tokio::test]
async fn a_server_that_stops_ends_the_stream_between_two_lines() {
    let options = CommandOptions::default();
    let stopping = options.stopping.clone();
    let api = Api::with_options(options).await;
    let (sender, body) = slow_body();
    sender.unbounded_send("{\"title\": \"A\"}\n").unwrap();
    let response = api.ask("POST", BULK).lines(body).begin().await;
    let mut results = response.into_body().into_data_stream();
    results.next().await.unwrap().unwrap();
    stopping.cancel();
    let last: Value = serde_json::from_slice(&results.next().await.unwrap().unwrap()).unwrap();
    assert_eq!((&last["line"], &last["status"]), (&json!(2), &json!(503)));
    drop(sender);
    assert!(results.next().await.is_none());
}

#[tokio::test]
async fn a_stream_outlives_its_token_and_ends_with_a_line_that_says_why_it_may_not_go_on() {
    const HOUR: Duration = Duration::from_secs(60 * 60);
    let api = Api::start().await;
    let (sender, body) = slow_body();
    let line = || sender.unbounded_send("{\"title\": \"A\"}\n").unwrap();
    let response = api.ask("POST", BULK).lines(body).begin().await;
    let mut results = response.into_body().into_data_stream();
    for (later, status) in [(0, 201), (2, 201), (21, 201), (1, 401)] {
        api.pass(later * HOUR);
        line();
        let result: Value =
            serde_json::from_slice(&results.next().await.unwrap().unwrap()).unwrap();
        assert_eq!(result["status"], status, "{result}");
        if status == 401 {
            assert_eq!(result["line"], 4);
            assert_eq!(result["problem"]["type"], "/problems/unauthorized");
        }
    }
    drop(sender);
    assert!(results.next().await.is_none());
}

#[tokio::test]
async fn lines_that_were_begun_are_finished_though_nobody_waits() {
    let api = Api::start().await;
    let line = format!("{{\"op\":\"put\",\"id\":\"{ID}\",\"movie\":{FILM}}}\n");
    let endless = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(line)) })
        .chain(stream::pending());
    let response = api.ask("POST", BULK).lines(Body::from_stream(endless)).begin().await;
    let mut body = response.into_body();
    assert!(body.frame().now_or_never().is_none(), "the line has been begun");
    drop(body);
    while api.history().await.is_empty() {
        tokio::task::yield_now().await;
    }
}
