//! Answers that are kept: who goes to the handler, and what becomes of those who wait.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without fails it")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Extension, Router, body::Body, extract::Path, response::IntoResponse, routing::get};
use http::{HeaderName, Request, StatusCode};
use http_body_util::BodyExt;
use http_kit::{
    Cacheable, Clock, Edge, EdgeOptions, ResponseCache, ResponseCacheOptions, Topic,
    access::{AccessTable, RateGroup, Row, Takes},
    edge,
};
use identity::{KeyRing, Realm, Verifier};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// Which build of the films the handler reads.
const SERIES: u64 = 1;

/// A service whose handler counts its calls, and waits until it may go on.
struct Service {
    edge: Edge,
    cache: ResponseCache,
    calls: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Service {
    fn new() -> Self {
        let cache = ResponseCache::new(ResponseCacheOptions {
            bytes_max: 1 << 20,
            is_public: |path| path.starts_with("/v1/films/"),
            version: HeaderName::from_static("version"),
            version_min: HeaderName::from_static("version-min"),
            required: Box::new(|| 0),
            shared: None,
        });
        cache.restart(SERIES, 1);
        let (calls, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let handler = {
            let (calls, gate) = (Arc::clone(&calls), Arc::clone(&gate));
            move |Path(id): Path<String>| async move {
                calls.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                let cacheable =
                    Cacheable { series: SERIES, version: 1, topics: vec![Topic::of("films")] };
                match id.as_str() {
                    "none" => StatusCode::NOT_FOUND.into_response(),
                    _ => (Extension(cacheable), "a film").into_response(),
                }
            }
        };
        let realm = Realm { issuer: "test".to_owned(), audience: "test".to_owned() };
        let rows = [Row::get("/v1/films/{id}", Takes::Anyone, RateGroup::Read)];
        let options = EdgeOptions {
            cache: Some(cache.clone()),
            ..EdgeOptions::new(
                Clock::fixed(Timestamp::UNIX_EPOCH),
                Arc::new(Verifier::new(realm, KeyRing::default()).into()),
                Arc::new(AccessTable::new(rows).unwrap()),
            )
        };
        let edge = edge(Router::new().route("/v1/films/{id}", get(handler)), options);
        Self { edge, cache, calls, gate }
    }

    fn asks(&self, path: &str) -> tokio::task::JoinHandle<(StatusCode, String)> {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = self.edge.clone().oneshot(request);
        tokio::spawn(async move {
            let response = answer.await.unwrap();
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8_lossy(&body).into_owned())
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Waits until the handler has been called so often, and everybody else has done what they can.
    async fn called(&self, calls: usize) {
        while self.calls() < calls {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_goes_to_the_handler() {
    let service = Service::new();
    let asking: Vec<_> = (0..50).map(|_| service.asks("/v1/films/1")).collect();
    service.called(1).await;
    service.gate.add_permits(1);
    for asked in asking {
        assert_eq!(asked.await.unwrap(), (StatusCode::OK, "a film".to_owned()));
    }
    assert_eq!(service.calls(), 1);
    assert_eq!(service.asks("/v1/films/1").await.unwrap().0, StatusCode::OK);
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn one_who_hangs_up_leaves_the_others_to_go_by_themselves() {
    let service = Service::new();
    let leader = service.asks("/v1/films/1");
    service.called(1).await;
    let others: Vec<_> = (0..3).map(|_| service.asks("/v1/films/1")).collect();
    service.called(1).await;
    leader.abort();
    service.gate.add_permits(10);
    for other in others {
        assert_eq!(other.await.unwrap().0, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_failure_is_nobody_else_s() {
    let service = Service::new();
    let asking: Vec<_> = (0..3).map(|_| service.asks("/v1/films/none")).collect();
    service.called(1).await;
    service.gate.add_permits(10);
    for asked in asking {
        assert_eq!(asked.await.unwrap().0, StatusCode::NOT_FOUND);
    }
    assert_eq!(service.calls(), 3);
}

#[tokio::test]
async fn an_answer_that_was_out_of_date_before_it_came_is_not_kept() {
    let service = Service::new();
    let asked = service.asks("/v1/films/1");
    service.called(1).await;
    // The handler has read version 1; the film changes before its answer is there.
    service.cache.advance(2, [Topic::of("films")]);
    service.gate.add_permits(10);
    assert_eq!(asked.await.unwrap().0, StatusCode::OK);
    assert_eq!(service.asks("/v1/films/1").await.unwrap().0, StatusCode::OK);
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn what_was_being_made_when_all_was_forgotten_is_not_kept() {
    let service = Service::new();
    let asked = service.asks("/v1/films/1");
    service.called(1).await;
    service.cache.pause();
    service.cache.restart(SERIES, 1);
    service.gate.add_permits(10);
    assert_eq!(asked.await.unwrap().0, StatusCode::OK);
    assert_eq!(service.asks("/v1/films/1").await.unwrap().0, StatusCode::OK);
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn what_is_of_a_series_that_nobody_tells_about_is_not_kept() {
    let service = Service::new();
    service.gate.add_permits(10);
    service.cache.restart(SERIES + 1, 100);
    for calls in 1..=2 {
        assert_eq!(service.asks("/v1/films/1").await.unwrap().0, StatusCode::OK);
        assert_eq!(service.calls(), calls);
    }
    // What was known of the other series says nothing of this one.
    service.cache.restart(SERIES, 1);
    assert_eq!(service.cache.known(), Some(1));
    for _ in 0..2 {
        assert_eq!(service.asks("/v1/films/1").await.unwrap().0, StatusCode::OK);
    }
    assert_eq!(service.calls(), 3);
}

#[tokio::test]
async fn while_nothing_is_known_nothing_is_given_out() {
    let service = Service::new();
    service.gate.add_permits(10);
    assert_eq!(service.asks("/v1/films/1").await.unwrap().0, StatusCode::OK);
    service.cache.pause();
    for _ in 0..2 {
        assert_eq!(service.asks("/v1/films/1").await.unwrap().0, StatusCode::OK);
    }
    assert_eq!((service.calls(), service.cache.known()), (3, None));
}
