//! What a server refuses that is there: reads say that they may be tried again, and the log says why.

use std::sync::Arc;

use http::StatusCode;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::*;
use crate::testing::{Kind, ReadModel, film};

/// What the role logs in with.
const PASSWORD: &str = "geheim";

/// A read model, and a role that may only read it.
struct Refusing {
    model: ReadModel,
    role: String,
    store: PostgresStore,
}

impl Refusing {
    async fn new() -> Self {
        let model = ReadModel::of(Kind::Postgres, &[film("Ran")]).await;
        let tables = model.postgres();
        let role = tables.database().name().to_owned();
        tables
            .run(&format!(
                r#"CREATE ROLE "{role}" LOGIN PASSWORD '{PASSWORD}';
                   GRANT USAGE ON SCHEMA cinelog_read_model_1 TO "{role}";
                   GRANT SELECT ON ALL TABLES IN SCHEMA cinelog_read_model_1 TO "{role}""#
            ))
            .await;
        let options = tables.options().await;
        let place = options.url.rsplit('@').next().unwrap();
        let url = format!("postgres://{role}:{PASSWORD}@{place}");
        let store = PostgresStore::open(PostgresStoreOptions { url, ..options }).await.unwrap();
        model.answer_from(Arc::new(store.clone()));
        let refusing = Self { model, role, store };
        refusing.is_read().await;
        refusing
    }

    /// Runs a statement in which `reader` is the role.
    async fn run(&self, sql: &str) {
        let sql = sql.replace("reader", &format!(r#""{}""#, self.role));
        self.model.postgres().run(&sql).await;
    }

    async fn is_read(&self) {
        let film = self.model.get(&format!("/v1/movies/{}", film("Ran").id)).await;
        let list = self.model.get("/v1/movies").await;
        assert_eq!((film.status, list.status), (StatusCode::OK, StatusCode::OK));
    }

    /// Every read is answered by a problem that may pass, whose reason says this.
    async fn is_refused(&self, reason: &str) {
        let id = film("Ran").id;
        let node = self.model.node(0);
        for address in ["/v1/movies", "/v1/genres/drama", &format!("/v1/movies/{id}")] {
            let sent = node.get(address).await;
            assert_eq!(sent.status, StatusCode::SERVICE_UNAVAILABLE, "{address}");
            assert_eq!(sent.headers["retry-after"], "1");
            assert_eq!(sent.headers["content-type"], "application/problem+json");
        }
        for error in
            [self.store.checkpoint().await.unwrap_err(), self.store.movie(id).await.unwrap_err()]
        {
            assert!(error.to_string().contains(reason), "{error}");
            assert!(!format!("{error:?} {error}").contains(PASSWORD), "{error:?}");
        }
    }

    async fn end(self) {
        self.store.close().await;
        self.run("DROP OWNED BY reader; DROP ROLE reader").await;
    }
}

/// Ends all connections of the stores.
const END_ALL: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE application_name = 'cinelog query' AND datname = current_database()";

#[tokio::test]
async fn rights_that_were_taken_may_be_given_again() {
    let refusing = Refusing::new().await;
    refusing.run("REVOKE SELECT ON ALL TABLES IN SCHEMA cinelog_read_model_1 FROM reader").await;
    refusing.is_refused("permission denied for table checkpoint").await;
    refusing.run("GRANT SELECT ON ALL TABLES IN SCHEMA cinelog_read_model_1 TO reader").await;
    refusing.is_read().await;
    refusing.run("REVOKE USAGE ON SCHEMA cinelog_read_model_1 FROM reader").await;
    refusing.is_refused("at cinelog_read_model_1 in ").await;
    refusing.run("GRANT USAGE ON SCHEMA cinelog_read_model_1 TO reader").await;
    refusing.is_read().await;
    refusing.end().await;
}

#[tokio::test]
async fn a_role_that_may_not_log_in_may_do_so_later() {
    let refusing = Refusing::new().await;
    refusing.run("ALTER ROLE reader NOLOGIN").await;
    // Who is connected stays so.
    refusing.is_read().await;
    refusing.run(END_ALL).await;
    refusing.is_refused("is not permitted to log in").await;
    refusing.run("ALTER ROLE reader LOGIN PASSWORD 'another'").await;
    refusing.is_refused("password authentication failed").await;
    refusing.run("ALTER ROLE reader PASSWORD 'geheim'").await;
    refusing.is_read().await;
    refusing.end().await;
}

#[tokio::test]
async fn a_generation_that_was_dropped_is_missing() {
    let refusing = Refusing::new().await;
    refusing.run("DROP SCHEMA cinelog_read_model_1 CASCADE").await;
    refusing.is_refused("at cinelog_read_model_1 in ").await;
    let seen = refusing.store.checkpoint().await;
    assert!(matches!(seen, Err(StoreError::Missing(_))), "{seen:?}");
    refusing.end().await;
}

#[tokio::test]
async fn a_database_that_was_dropped_may_be_restored() {
    let refusing = Refusing::new().await;
    let database = refusing.model.postgres().database();
    let mut admin = PgConnection::connect(database.server().url()).await.unwrap();
    let name = database.name();
    let drop = format!(r#"DROP DATABASE "{name}" WITH (FORCE)"#);
    sqlx::query(AssertSqlSafe(drop)).execute(&mut admin).await.unwrap();
    refusing.is_refused("does not exist").await;
    let create = format!(r#"CREATE DATABASE "{name}""#);
    sqlx::query(AssertSqlSafe(create)).execute(&mut admin).await.unwrap();
    // Empty as yet.
    refusing.is_refused("at cinelog_read_model_1 in ").await;
    refusing.end().await;
}
