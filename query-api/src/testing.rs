//! What tests share: a read model in a file of its own, films to put into it, and requests.

use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

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
    search::SearchText,
};
use serde_json::Value;
use sqlx::{
    SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{LiveStore, QueryState, SqliteStore, Store, state::Shared};

/// A read model and a log, each in a file, with all that is needed to ask and to write.
pub(crate) struct ReadModel {
    writer: SqlitePool,
    sqlite: SqliteStore,
    path: PathBuf,
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
    /// An empty one.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("read-model.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let writer = SqlitePool::connect_with(options).await.unwrap();
        let tables = include_str!("../../migrations/sqlite/read-model/0001_read_model.sql");
        sqlx::raw_sql(tables).execute(&writer).await.unwrap();
        let log = SqliteLog::open(SqliteLogOptions::at(folder.path().join("log.db")));
        let log = Arc::new(log.await.unwrap());
        let feed = Arc::new(InProcessChangeFeed::new(16));
        let sqlite = SqliteStore::open(&path, 2).await.unwrap();
        let live = LiveStore::new(Arc::new(sqlite.clone()));
        let shared = Shared::new(state(&live, &log, &feed));
        let router = crate::routes::all().with_state(shared.clone()).into();
        Self { writer, sqlite, path, live, log, feed, shared, router, _folder: folder }
    }

    /// With these films.
    pub(crate) async fn with(films: &[MovieDocument]) -> Self {
        let model = Self::new().await;
        for film in films {
            model.put_film(film).await;
        }
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

    /// The store, as what it is.
    pub(crate) fn sqlite(&self) -> &SqliteStore {
        &self.sqlite
    }

    /// Writes a film as the projector does.
    pub(crate) async fn put_film(&self, film: &MovieDocument) {
        let mut transaction = self.writer.begin().await.unwrap();
        write_film(&mut transaction, film).await;
        transaction.commit().await.unwrap();
    }

    /// Writes films and the next position in one transaction, as the projector does; gives what the feed
    /// is to be told of it.
    pub(crate) async fn commit(&self, films: &[MovieDocument]) -> ReadModelChanged {
        let previous = self.store().checkpoint().await.unwrap();
        let mut transaction = self.writer.begin().await.unwrap();
        for film in films {
            write_film(&mut transaction, film).await;
        }
        let sql = "UPDATE checkpoint SET position = position + 1";
        sqlx::query(sql).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
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

/// Writes a film within a transaction.
async fn write_film(transaction: &mut SqliteConnection, film: &MovieDocument) {
    let details = &film.details;
    let key: i64 = sqlx::query_scalar(
        "INSERT INTO movie (id, document, deleted, title, year, release_date, runtime_minutes,
                rating, rating_count, language, country, imdb, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET document = excluded.document,
                deleted = excluded.deleted, title = excluded.title, year = excluded.year,
                rating = excluded.rating, rating_count = excluded.rating_count
             RETURNING key",
    )
    .bind(film.id.0)
    .bind(serde_json::to_string(film).unwrap())
    .bind(film.deleted)
    .bind(events::text::plain(&details.title))
    .bind(details.year.unwrap_or(0))
    .bind(details.release_date.map(|date| date.to_string()).unwrap_or_default())
    .bind(details.runtime_minutes.unwrap_or(0))
    .bind(film.rating.average().unwrap_or(0.0))
    .bind(i64::try_from(film.rating.count).unwrap())
    .bind(details.language.clone().unwrap_or_default())
    .bind(details.country.clone().unwrap_or_default())
    .bind(details.external_ids.imdb.clone().unwrap_or_default())
    .bind(film.created_at.as_microsecond())
    .bind(film.updated_at.as_microsecond())
    .fetch_one(&mut *transaction)
    .await
    .unwrap();
    for sql in
        ["DELETE FROM movie_facet WHERE movie_key = ?", "DELETE FROM movie_search WHERE rowid = ?"]
    {
        sqlx::query(sql).bind(key).execute(&mut *transaction).await.unwrap();
    }
    if let Some(text) = SearchText::of(film) {
        let sql = "INSERT INTO movie_search (rowid, title, people, other) VALUES (?, ?, ?, ?)";
        let insert = sqlx::query(sql).bind(key).bind(text.title).bind(text.people);
        insert.bind(text.other).execute(&mut *transaction).await.unwrap();
    }
    for ((kind, slug), name) in film.facets() {
        sqlx::query("INSERT INTO movie_facet (kind, slug, movie_key) VALUES (?, ?, ?)")
            .bind(kind.as_str())
            .bind(slug.as_str())
            .bind(key)
            .execute(&mut *transaction)
            .await
            .unwrap();
        let document = serde_json::json!({
            "kind": kind, "slug": slug, "name": name, "description": null,
            "movie_count": 1, "revision": 0,
        });
        sqlx::query(
            "INSERT INTO facet (kind, slug, name, movie_count, document)
                 VALUES (?1, ?2, ?3, 1, ?4)
                 ON CONFLICT DO UPDATE SET movie_count = movie_count + 1,
                    document = json_set(document, '$.movie_count', movie_count + 1)",
        )
        .bind(kind.as_str())
        .bind(slug.as_str())
        .bind(name)
        .bind(document.to_string())
        .execute(&mut *transaction)
        .await
        .unwrap();
    }
}

impl ReadModel {
    /// Runs a statement that writes.
    pub(crate) async fn run(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.writer).await.unwrap();
    }

    /// Writes a rating. `minute` says when it was given.
    pub(crate) async fn put_rating(&self, film: MovieId, account: u128, value: u8, minute: i64) {
        sqlx::query("INSERT INTO rating VALUES (?, ?, ?, ?, 1)")
            .bind(film.0)
            .bind(AccountId(Uuid::from_u128(account)).0)
            .bind(value)
            .bind(minute * 60_000_000)
            .execute(&self.writer)
            .await
            .unwrap();
    }

    /// Lets the read model reach a position, and tells the feed.
    pub(crate) async fn reach(&self, position: u64) {
        let at = |position| Checkpoint { generation: 1, position: Position(position) };
        let previous = self.store().checkpoint().await.unwrap();
        sqlx::query("UPDATE checkpoint SET position = ?")
            .bind(i64::try_from(position).unwrap())
            .execute(&self.writer)
            .await
            .unwrap();
        let change = ReadModelChanged {
            previous,
            checkpoint: at(position),
            movies: Vec::new(),
            facets: Vec::new(),
        };
        self.feed.publish(change).await;
    }

    /// Lets a rebuild take over.
    pub(crate) async fn rebuild(&self) {
        let sql = "UPDATE checkpoint SET generation = generation + 1";
        sqlx::query(sql).execute(&self.writer).await.unwrap();
        let rebuilt = SqliteStore::open(&self.path, 2).await.unwrap();
        self.live.switch_to(Arc::new(rebuilt));
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
