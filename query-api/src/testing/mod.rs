//! What tests share: a read model of its own in either store, films to put into it, and requests.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use event_log::{
    EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{AccountId, MovieDetails, MovieId, Position, Revision};
use http::{HeaderMap, Request, StatusCode};
use http_kit::{Clock, Edge, EdgeOptions, Problem, ResponseCache, edge};
use identity::{Realm, Verifier};
use jiff::Timestamp;
use read_model::{
    ChangeFeed, Checkpoint, InProcessChangeFeed, MovieDocument, RatingSummary, ReadModelChanged,
};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{LiveStore, QueryState, SqliteStore, Store, state::Shared};

mod postgres;
mod sqlite;

pub(crate) use postgres::PostgresTables;
use sqlite::SqliteTables;

/// Where a read model is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// Makes a test of each of these functions on each kind of store.
macro_rules! on_every_store {
    ($($name:ident,)+) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::testing::Kind::Sqlite).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::testing::Kind::Postgres).await;
            })+
        }
    };
}
pub(crate) use on_every_store;

/// The tables of a read model, as tests write them: as the projector does, but one thing at a time.
pub(crate) enum Tables {
    Sqlite(SqliteTables),
    Postgres(PostgresTables),
}

impl Tables {
    async fn new(kind: Kind, folder: &Path) -> Self {
        match kind {
            Kind::Sqlite => Self::Sqlite(SqliteTables::new(folder).await),
            Kind::Postgres => Self::Postgres(PostgresTables::new().await),
        }
    }

    async fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(tables) => Arc::new(tables.store().await),
            Self::Postgres(tables) => Arc::new(tables.store().await),
        }
    }

    /// Writes films, and the next position where one is given, in one transaction.
    async fn write(&self, films: &[MovieDocument], position: Option<u64>) {
        match self {
            Self::Sqlite(tables) => tables.write(films, position).await,
            Self::Postgres(tables) => tables.write(films, position).await,
        }
    }

    async fn put_rating(&self, film: MovieId, account: AccountId, value: u8, minute: i64) {
        match self {
            Self::Sqlite(tables) => tables.put_rating(film, account, value, minute).await,
            Self::Postgres(tables) => tables.put_rating(film, account, value, minute).await,
        }
    }

    /// Makes the next generation of it.
    async fn rebuild(&self) {
        match self {
            Self::Sqlite(tables) => tables.rebuild().await,
            Self::Postgres(tables) => tables.rebuild().await,
        }
    }
}

/// A read model and a log, with all that is needed to ask and to write.
pub(crate) struct ReadModel {
    tables: Tables,
    live: LiveStore,
    pub(crate) log: Arc<SqliteLog>,
    feed: Arc<InProcessChangeFeed>,
    shared: Shared,
    router: Router,
    _folder: TempDir,
}

/// The routes as they are served.
#[derive(Clone)]
pub(crate) struct Node {
    edge: Edge,
    pub(crate) cache: Option<ResponseCache>,
}

/// An answer as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: axum::body::Bytes,
}

impl Node {
    /// Asks with a method and headers.
    pub(crate) async fn ask(&self, method: &str, address: &str, headers: &[(&str, &str)]) -> Sent {
        let response = self.edge.clone().oneshot(request(method, address, headers)).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Sent { status: parts.status, headers: parts.headers, body }
    }

    /// Asks with GET.
    pub(crate) async fn get(&self, address: &str) -> Sent {
        self.ask("GET", address, &[]).await
    }
}

impl Sent {
    /// The position that it says it shows.
    pub(crate) fn position(&self) -> Option<u64> {
        self.headers.get("cinelog-position")?.to_str().unwrap().parse().ok()
    }

    /// All that has to be the same however the answer came about.
    pub(crate) fn essence(mut self) -> Self {
        // A body of known length is not chunked.
        let framing = ["content-length"];
        let of_the_request = ["x-request-id", "traceparent", "cinelog-position"];
        for name in framing.iter().chain(&of_the_request) {
            self.headers.remove(*name);
        }
        self
    }
}

fn request(method: &str, address: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// An answer, with its body read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `Null` where there is no body.
    pub(crate) json: Value,
    pub(crate) problem: Option<Problem>,
}

impl Answer {
    /// A header as text, empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The values of one field of all items.
    pub(crate) fn each(&self, field: &str) -> Vec<Value> {
        self.json["items"].as_array().unwrap().iter().map(|item| item[field].clone()).collect()
    }

    /// The titles of all items.
    pub(crate) fn titles(&self) -> Vec<String> {
        self.each("title").iter().map(|title| title.as_str().unwrap().to_owned()).collect()
    }

    /// One of the list's links.
    pub(crate) fn link(&self, rel: &str) -> Option<String> {
        self.json["links"][rel].as_str().map(str::to_owned)
    }
}

fn state(live: &LiveStore, log: &Arc<SqliteLog>, feed: &Arc<InProcessChangeFeed>) -> QueryState {
    QueryState {
        store: live.clone(),
        log: Arc::clone(log) as Arc<dyn EventLog>,
        feed: Arc::clone(feed) as Arc<dyn ChangeFeed>,
        cache: None,
        cursor_key: [7; 32],
        max_age: Duration::from_secs(5),
        stale_while_revalidate: Duration::from_secs(30),
    }
}

/// A film of which only the title is known.
pub(crate) fn film(title: &str) -> MovieDocument {
    let at = Timestamp::from_str("2024-05-01T12:00:00Z").unwrap();
    MovieDocument {
        id: MovieId::from_source(title),
        revision: Revision(1),
        rating_revision: 0,
        details: MovieDetails { title: title.to_owned(), ..MovieDetails::default() },
        tags: Vec::new(),
        platforms: Vec::new(),
        rating: RatingSummary::default(),
        created_at: at,
        updated_at: at,
        deleted: false,
    }
}

/// Texts of their own.
pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl ReadModel {
    /// An empty one, in a file.
    pub(crate) async fn new() -> Self {
        Self::on(Kind::Sqlite).await
    }

    /// An empty one.
    pub(crate) async fn on(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tables = Tables::new(kind, folder.path()).await;
        let log = SqliteLog::open(SqliteLogOptions::at(folder.path().join("log.db")));
        let log = Arc::new(log.await.unwrap());
        let feed = Arc::new(InProcessChangeFeed::new(16));
        let live = LiveStore::new(tables.store().await);
        let shared = Shared::new(state(&live, &log, &feed));
        let router = crate::routes::all().with_state(shared.clone()).into();
        Self { tables, live, log, feed, shared, router, _folder: folder }
    }

    /// With these films, in a file.
    pub(crate) async fn with(films: &[MovieDocument]) -> Self {
        Self::of(Kind::Sqlite, films).await
    }

    /// With these films.
    pub(crate) async fn of(kind: Kind, films: &[MovieDocument]) -> Self {
        let model = Self::on(kind).await;
        model.tables.write(films, None).await;
        model
    }

    /// What the routes work with.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The store that answers.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.live.current()
    }

    /// Lets another store of the same generation answer.
    pub(crate) fn answer_from(&self, store: Arc<dyn Store>) {
        self.live.switch_to(store);
    }

    /// The store of a read model in a file, as what it is.
    pub(crate) fn sqlite(&self) -> &SqliteStore {
        match &self.tables {
            Tables::Sqlite(tables) => tables.opened(),
            Tables::Postgres(_) => panic!("this read model is in Postgres"),
        }
    }

    /// The tables of a read model in Postgres.
    pub(crate) fn postgres(&self) -> &PostgresTables {
        match &self.tables {
            Tables::Postgres(tables) => tables,
            Tables::Sqlite(_) => panic!("this read model is in a file"),
        }
    }

    /// Writes a film as the projector does.
    pub(crate) async fn put_film(&self, film: &MovieDocument) {
        self.tables.write(std::slice::from_ref(film), None).await;
    }

    /// Writes films and the next position in one transaction, as the projector does; gives what the feed
    /// is to be told of it.
    pub(crate) async fn commit(&self, films: &[MovieDocument]) -> ReadModelChanged {
        let previous = self.store().checkpoint().await.unwrap();
        self.tables.write(films, Some(previous.position.0 + 1)).await;
        let mut facets: Vec<_> = films.iter().flat_map(|film| film.facets().into_keys()).collect();
        facets.sort();
        facets.dedup();
        ReadModelChanged {
            previous,
            checkpoint: self.store().checkpoint().await.unwrap(),
            movies: films.iter().map(|film| film.id).collect(),
            facets,
        }
    }

    /// Tells the feed.
    pub(crate) async fn publish(&self, change: ReadModelChanged) {
        self.feed.publish(change).await;
    }

    /// The routes with the edge around them, and a cache of so many bytes.
    pub(crate) fn node(&self, cache_bytes: u64) -> Node {
        let cache = crate::response_cache(Arc::clone(&self.log) as Arc<dyn EventLog>, cache_bytes);
        let shared = Shared::new(self.state(cache.clone()));
        let router: Router = crate::routes::all().with_state(shared).into();
        let realm = Realm { issuer: "test".to_owned(), audience: "test".to_owned() };
        let verifier = Arc::new(Verifier::new(realm, []));
        let options =
            EdgeOptions { cache: cache.clone(), ..EdgeOptions::new(Clock::system(), verifier) };
        Node { edge: edge(router, options), cache }
    }

    fn state(&self, cache: Option<ResponseCache>) -> QueryState {
        QueryState { cache, ..state(&self.live, &self.log, &self.feed) }
    }
}

impl ReadModel {
    /// Runs a statement that writes, on a file.
    pub(crate) async fn run(&self, sql: &'static str) {
        match &self.tables {
            Tables::Sqlite(tables) => tables.run(sql).await,
            Tables::Postgres(tables) => tables.run(sql).await,
        }
    }

    /// Writes a rating. `minute` says when it was given.
    pub(crate) async fn put_rating(&self, film: MovieId, account: u128, value: u8, minute: i64) {
        let account = AccountId(Uuid::from_u128(account));
        self.tables.put_rating(film, account, value, minute).await;
    }

    /// Lets the read model reach a position, and tells the feed.
    pub(crate) async fn reach(&self, position: u64) {
        let previous = self.store().checkpoint().await.unwrap();
        self.tables.write(&[], Some(position)).await;
        let change = ReadModelChanged {
            previous,
            checkpoint: Checkpoint { generation: 1, position: Position(position) },
            movies: Vec::new(),
            facets: Vec::new(),
        };
        self.feed.publish(change).await;
    }

    /// Lets a rebuild take over.
    pub(crate) async fn rebuild(&self) {
        self.tables.rebuild().await;
        self.live.switch_to(self.tables.store().await);
    }

    /// Asks with GET.
    pub(crate) async fn get(&self, address: &str) -> Answer {
        self.ask("GET", address, &[]).await
    }

    /// Asks with a method and headers.
    pub(crate) async fn ask(
        &self,
        method: &str,
        address: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = request(method, address, headers);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let problem = response.extensions().get::<Problem>().cloned();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_slice(&body).unwrap_or_default(),
            problem,
        }
    }
}
