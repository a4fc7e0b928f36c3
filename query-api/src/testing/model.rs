//! A read model of its own for each test, in either store, and the routes that read it.

use std::{sync::Arc, time::Duration};

use axum::Router;
use event_log::{
    EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{AccountId, MovieId, Position};
use http_kit::{
    Clock, EdgeOptions, Problem, ResponseCache, SharedAnswers, access::AccessTable, edge,
};
use identity::{KeyRing, Realm, Verifier};
use read_model::{ChangeFeed, Checkpoint, InProcessChangeFeed, MovieDocument, ReadModelChanged};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use super::{Answer, Kind, Node, PostgresTables, Tables, answer::request};
use crate::{LiveStore, QueryState, SqliteStore, Store, state::Shared};

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

/// How many requests the server works on at once.
pub(crate) const REQUESTS_MAX: usize = 256;

fn state(live: &LiveStore, log: &Arc<SqliteLog>, feed: &Arc<InProcessChangeFeed>) -> QueryState {
    QueryState {
        store: live.clone(),
        log: Arc::clone(log) as Arc<dyn EventLog>,
        feed: Arc::clone(feed) as Arc<dyn ChangeFeed>,
        cache: None,
        cursor_key: [7; 32],
        requests_max: REQUESTS_MAX,
        max_age: Duration::from_secs(5),
        stale_while_revalidate: Duration::from_secs(30),
    }
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
            traceparent: None,
        }
    }

    /// Tells the feed.
    pub(crate) async fn publish(&self, change: ReadModelChanged) {
        self.feed.publish(change).await;
    }

    /// The routes with the edge around them, and a cache of so many bytes.
    pub(crate) fn node(&self, cache_bytes: u64) -> Node {
        self.node_that_shares(cache_bytes, None)
    }

    /// The same, that shares answers with other nodes.
    pub(crate) fn node_that_shares(
        &self,
        cache_bytes: u64,
        shared: Option<Arc<dyn SharedAnswers>>,
    ) -> Node {
        let log = Arc::clone(&self.log) as Arc<dyn EventLog>;
        let cache = crate::response_cache(log, cache_bytes, shared);
        let shared = Shared::new(self.state(cache.clone()));
        let router: Router = crate::routes::all().with_state(shared).into();
        let realm = Realm { issuer: "test".to_owned(), audience: "test".to_owned() };
        let authenticator = Arc::new(Verifier::new(realm, KeyRing::default()).into());
        let access = Arc::new(AccessTable::new(crate::access()).unwrap());
        let options = EdgeOptions {
            cache: cache.clone(),
            ..EdgeOptions::new(Clock::system(), authenticator, access)
        };
        Node { edge: edge(router, options), cache }
    }

    fn state(&self, cache: Option<ResponseCache>) -> QueryState {
        QueryState { cache, ..state(&self.live, &self.log, &self.feed) }
    }

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
        let checkpoint = Checkpoint { generation: 1, position: Position(position) };
        let change = ReadModelChanged { previous, ..ReadModelChanged::anew(checkpoint) };
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
