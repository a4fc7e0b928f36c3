//! The API as its clients meet it: real routes, a real log in a temporary folder, the real edge. Only
//! time is not real.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use event_log::{
    EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{RecordedEvent, Revision, StreamName};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use http_kit::{
    Clock, EdgeOptions,
    access::{AccessTable, Recall},
    edge,
};
use identity::{Authenticator, Identity, KeyPair, Realm, Role, Signer, Verifier};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{CommandOptions, CommandState, Jobs, access, routes};

/// A film that most tests begin with.
pub(crate) const FILM: &str =
    r#"{"title": "In the Mood for Love", "year": 2000, "tags": ["slow"]}"#;

/// An id that a client has chosen.
pub(crate) const ID: &str = "0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";

/// The API under test. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Api {
    router: Router,
    pub(crate) state: CommandState,
    log: Arc<SqliteLog>,
    signer: Arc<Signer>,
    authenticator: Arc<Authenticator>,
    clock: Clock,
    folder: Arc<TempDir>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `null` where there is none.
    pub(crate) body: Value,
}

/// A request that is being written.
pub(crate) struct Ask<'a> {
    api: &'a Api,
    request: http::request::Builder,
    body: Body,
}

/// The jobs as they are on disk.
fn jobs(folder: &Path, authenticator: &Arc<Authenticator>, clock: &Clock) -> Jobs {
    let recall = Recall::new(authenticator.clone(), clock.clone());
    Jobs::open(folder.join("jobs"), clock.clone(), &recall).unwrap()
}

fn serve(
    log: Arc<dyn EventLog>,
    clock: &Clock,
    authenticator: &Arc<Authenticator>,
    jobs: &Jobs,
    options: CommandOptions,
) -> (Router, CommandState) {
    let state = CommandState::new(log, clock.clone(), jobs.clone(), options);
    let (router, _) = routes(state.clone()).split_for_parts();
    let access = Arc::new(AccessTable::new(access()).unwrap());
    let options = EdgeOptions::new(clock.clone(), authenticator.clone(), access);
    (edge(router, options).into(), state)
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(CommandOptions::default(), |log| log).await
    }

    /// An API with these options.
    pub(crate) async fn with_options(options: CommandOptions) -> Self {
        Self::with(options, |log| log).await
    }

    /// An API that wants to know which version is to be changed.
    pub(crate) async fn strict() -> Self {
        let options = CommandOptions { require_if_match: true, ..CommandOptions::default() };
        Self::with(options, |log| log).await
    }

    /// An API over the log that `around` puts around the real one.
    pub(crate) async fn over(around: impl FnOnce(Arc<dyn EventLog>) -> Arc<dyn EventLog>) -> Self {
        Self::with(CommandOptions::default(), around).await
    }

    async fn with(
        options: CommandOptions,
        around: impl FnOnce(Arc<dyn EventLog>) -> Arc<dyn EventLog>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLogOptions::at(folder.path().join("log.db"));
        let log = Arc::new(SqliteLog::open(log).await.unwrap());
        let clock = Clock::fixed("2026-01-02T03:04:05Z".parse().unwrap());
        let realm = Realm { issuer: "test".to_owned(), audience: "cinelog".to_owned() };
        let key = KeyPair::from_seed(&[7; 32]).unwrap();
        let authenticator: Arc<Authenticator> =
            Arc::new(Verifier::new(realm.clone(), key.clone()).into());
        let signer = Arc::new(Signer::new(realm, key));
        let jobs = jobs(folder.path(), &authenticator, &clock);
        let (router, state) = serve(around(log.clone()), &clock, &authenticator, &jobs, options);
        Self { router, state, log, signer, authenticator, clock, folder: Arc::new(folder) }
    }

    /// The same after its process was killed and started again: only what is on disk is known.
    pub(crate) fn restarted(&self) -> Self {
        self.restarted_with(self.authenticator.clone())
    }

    /// The same with something else that says who is calling.
    pub(crate) fn restarted_with(&self, authenticator: Arc<Authenticator>) -> Self {
        let jobs = jobs(self.folder(), &authenticator, &self.clock);
        let options = CommandOptions::default();
        let (router, state) = serve(self.log.clone(), &self.clock, &authenticator, &jobs, options);
        Self { router, state, authenticator, ..self.clone() }
    }

    /// The log.
    pub(crate) fn log(&self) -> &SqliteLog {
        &self.log
    }

    /// The folder of everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Another process on the same log.
    pub(crate) fn beside(&self) -> Self {
        let options = CommandOptions::default();
        let (router, state) =
            serve(self.log.clone(), &self.clock, &self.authenticator, &self.state.jobs, options);
        Self { router, state, ..self.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Somebody with this role; each `number` is another account.
    pub(crate) fn token(&self, role: Role, number: u128) -> String {
        self.token_of(&Identity::by_token(Uuid::from_u128(number), role, Uuid::from_u128(1)))
    }

    /// A token for an hour.
    pub(crate) fn token_of(&self, identity: &Identity) -> String {
        self.signer.issue(identity, self.now(), Duration::from_secs(3600)).unwrap()
    }

    /// A request of an editor.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        self.anonymous(method, path).by(Role::Editor, 100)
    }

    /// A request of nobody.
    pub(crate) fn anonymous(&self, method: &str, path: &str) -> Ask<'_> {
        Ask { api: self, request: Request::builder().method(method).uri(path), body: Body::empty() }
    }

    /// Puts [`FILM`] at [`ID`] and gives its path.
    pub(crate) async fn film(&self) -> String {
        let path = format!("/v1/movies/{ID}");
        let answer = self.ask("PUT", &path).json(FILM).send().await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        path
    }

    /// All that has happened to [`ID`].
    pub(crate) async fn history(&self) -> Vec<RecordedEvent> {
        self.stream(&StreamName::movie(ID.parse().unwrap())).await
    }

    pub(crate) async fn stream(&self, stream: &StreamName) -> Vec<RecordedEvent> {
        self.log.read_stream(stream, Revision(1), 10_000).await.unwrap()
    }

    /// The types of all that has happened to [`ID`].
    pub(crate) async fn happened(&self) -> Vec<String> {
        self.history().await.into_iter().map(|event| event.event_type).collect()
    }
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn by(mut self, role: Role, number: u128) -> Self {
        let token = format!("Bearer {}", self.api.token(role, number));
        if let Some(headers) = self.request.headers_mut() {
            headers.insert(header::AUTHORIZATION, token.parse().unwrap());
        }
        self
    }

    pub(crate) fn json(self, body: &str) -> Self {
        self.body("application/json", body)
    }

    pub(crate) fn body(mut self, media_type: &str, body: &str) -> Self {
        self.body = Body::from(body.to_owned());
        self.header("content-type", media_type)
    }

    /// Lines of JSON, or what is sent as such.
    pub(crate) fn lines(mut self, lines: impl Into<Body>) -> Self {
        self.body = lines.into();
        self.header("content-type", "application/x-ndjson")
    }

    /// Sends it, and reads no more than the head of the answer.
    pub(crate) async fn begin(self) -> Response<Body> {
        let request = self.request.body(self.body).unwrap();
        self.api.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends it, and reads the answer as lines.
    pub(crate) async fn results(self) -> Vec<Value> {
        let response = self.begin().await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::Deserializer::from_slice(&bytes).into_iter().map(Result::unwrap).collect()
    }

    pub(crate) async fn send(self) -> Answered {
        let (parts, body) = self.begin().await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes).unwrap(),
        };
        Answered { status: parts.status, headers: parts.headers, body }
    }
}

impl Answered {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts a failure of this kind.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, slug: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.body["type"], format!("/problems/{slug}"), "{self:?}");
    }

    /// The pointers, parameters and headers that are wrong.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let place = |error: &Value| {
            ["pointer", "parameter", "header"]
                .iter()
                .find_map(|kind| error[kind].as_str().map(str::to_owned))
                .unwrap_or_default()
        };
        errors.iter().map(place).collect()
    }

    /// The types of the events in the body.
    pub(crate) fn event_types(&self) -> Vec<String> {
        let events = self.body["events"].as_array().cloned().unwrap_or_default();
        events.iter().map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
