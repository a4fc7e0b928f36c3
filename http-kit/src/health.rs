//! `/livez` and `/readyz`: whether this process runs, and whether it can do its work.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use futures::future::{BoxFuture, join_all};
use http::{StatusCode, header};
use serde::Serialize;

use crate::{
    Json,
    access::{RateGroup, Row, Takes},
};

/// A check that takes longer has failed: whoever asks wants an answer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// What there is to say of what is well, or why it is not.
type Run = Box<dyn Fn() -> BoxFuture<'static, Result<Option<String>, String>> + Send + Sync>;

/// What must be well for this process to do its work: a list of named checks.
#[derive(Default)]
pub struct Readiness {
    checks: Vec<Check>,
}

struct Check {
    name: &'static str,
    run: Run,
    told: Told,
}

/// What was last logged of a check: why it failed, without numbers; nothing where it passed.
#[derive(Default)]
struct Told(Mutex<Option<String>>);

/// The body of `/readyz`.
#[derive(Serialize)]
struct Report {
    status: &'static str,
    checks: Vec<Finding>,
}

#[derive(Serialize)]
struct Finding {
    name: &'static str,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Readiness {
    /// No checks: always ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check, such as `"event log"`. All checks run at once, for at most 2 seconds. The reason of
    /// a failure is never shown; it is logged when it is another than before, other than in its numbers.
    #[must_use]
    pub fn check<F, Fut, E>(self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        self.check_with_detail(name, move || {
            let result = check();
            async move { result.await.map(|()| None) }
        })
    }

    /// Adds a check that may have something to say where it passes. That is shown to whoever asks, and must
    /// be fit for everybody.
    #[must_use]
    pub fn check_with_detail<F, Fut, E>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<String>, E>> + Send + 'static,
        E: fmt::Display,
    {
        let run: Run = Box::new(move || {
            let result = check();
            Box::pin(async move { result.await.map_err(|error| error.to_string()) })
        });
        self.checks.push(Check { name, run, told: Told::default() });
        self
    }

    async fn report(&self) -> Report {
        let findings = self.checks.iter().map(async |Check { name, run, told }| {
            let result = tokio::time::timeout(CHECK_TIMEOUT, run()).await;
            let result = result.unwrap_or_else(|_| Err("no answer in time".to_owned()));
            if told.is_news(&result) {
                match &result {
                    Ok(_) => tracing::info!(check = name, "ready again"),
                    Err(reason) => tracing::warn!(check = name, reason, "not ready"),
                }
            }
            Finding { name, ready: result.is_ok(), detail: result.ok().flatten() }
        });
        let checks = join_all(findings).await;
        let ready = checks.iter().all(|finding| finding.ready);
        Report { status: if ready { "ready" } else { "not ready" }, checks }
    }
}

impl Told {
    /// Whether this is worth a line in the log. It is remembered.
    fn is_news<T>(&self, result: &Result<T, String>) -> bool {
        let reason = result.as_ref().err().map(|reason| without_numbers(reason));
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *told != reason;
        *told = reason;
        is_news
    }
}

/// A reason of which a number may be running up, such as a position.
fn without_numbers(reason: &str) -> String {
    let is_digit = |character: char| character.is_ascii_digit();
    reason.split(is_digit).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
}

/// Serves `/livez`, which is 200 as long as this process answers at all, and `/readyz`, which is 200 if
/// all checks pass and 503 if not; both in JSON.
pub fn health(readiness: Readiness) -> Router {
    let readiness = Arc::new(readiness);
    let ready = async move || {
        let report = readiness.report().await;
        let well = report.checks.iter().all(|finding| finding.ready);
        answer(if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &report)
    };
    let live = async || answer(StatusCode::OK, &Report { status: "live", checks: Vec::new() });
    Router::new().route("/livez", get(live)).route("/readyz", get(ready))
}

/// What [`health`]'s routes take: anyone, as often as they like.
#[must_use]
pub fn health_access() -> Vec<Row> {
    ["/livez", "/readyz"].map(|path| Row::get(path, Takes::Anyone, RateGroup::Exempt)).into()
}

fn answer(status: StatusCode, report: &Report) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(report)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;

    async fn ask(path: &str, readiness: Readiness) -> (StatusCode, Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = health(readiness).oneshot(request).await.unwrap();
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    fn well() -> Readiness {
        Readiness::new().check("event log", || async { Ok::<(), String>(()) })
    }

    #[tokio::test]
    async fn a_process_that_answers_is_live_whatever_its_checks_say() {
        let ill = Readiness::new().check("event log", || async { Err("gone") });
        assert_eq!(ask("/livez", ill).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn ready_means_that_every_check_passes() {
        let (status, body) = ask("/readyz", well()).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            body,
            json!({"status": "ready", "checks": [{"name": "event log", "ready": true}]})
        );
    }

    #[tokio::test]
    async fn a_failed_check_is_named_but_its_reason_is_not_shown() {
        let ill = well().check("read model", || async { Err("SELECT 1: disk I/O error") });
        let (status, body) = ask("/readyz", ill).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body["checks"][1], json!({"name": "read model", "ready": false}));
        assert!(!body.to_string().contains("SELECT"));
    }

    #[tokio::test]
    async fn what_is_well_and_worth_knowing_is_shown() {
        let detail = || async { Ok::<_, String>(Some("reads the log".to_owned())) };
        let (status, body) =
            ask("/readyz", Readiness::new().check_with_detail("projector", detail)).await;
        assert_eq!(status, StatusCode::OK);
        let shown = json!({"name": "projector", "ready": true, "detail": "reads the log"});
        assert_eq!(body["checks"][0], shown);
    }

    #[test]
    fn a_reason_is_told_once_whatever_its_numbers_and_again_after_it_was_over() {
        let told = Told::default();
        let behind = |position: u32| Err(format!("at position {position} of 900, catching up"));
        let seen = [Ok(()), behind(7), behind(8), behind(899), Err("gone".to_owned()), Ok(())];
        let news = seen.map(|result| told.is_news(&result));
        assert_eq!(news, [false, true, false, false, true, true]);
        assert!(told.is_news(&behind(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_has_failed() {
        let hung = Readiness::new().check("event log", std::future::pending::<Result<(), String>>);
        assert_eq!(ask("/readyz", hung).await.0, StatusCode::SERVICE_UNAVAILABLE);
    }
}
