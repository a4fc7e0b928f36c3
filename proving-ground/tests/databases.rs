//! A test has a database of its own, and leaves nothing behind.

use proving_ground::{Database, PostgresServer};
use sqlx::{Connection, Executor, PgConnection};

async fn exists(server: &PostgresServer, name: &str) -> bool {
    let mut admin = PgConnection::connect(server.url()).await.expect("the server runs");
    let found = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)");
    found.bind(name).fetch_one(&mut admin).await.expect("databases can be listed")
}

#[tokio::test]
async fn a_database_is_empty_and_ones_own_and_gone_with_its_value() {
    let (one, other) = (Database::new().await, Database::new().await);
    let mut connection = one.connect().await;
    connection.execute("CREATE TABLE films (title text)").await.expect("it is empty");
    let mut elsewhere = other.connect().await;
    elsewhere.execute("CREATE TABLE films (title text)").await.expect("this one too");

    let (server, name) = (one.server().clone(), one.name().to_owned());
    assert!(exists(&server, &name).await);
    // Although somebody is still connected to it.
    drop(one);
    assert!(!exists(&server, &name).await);
    assert!(connection.execute("SELECT 1").await.is_err());
    assert!(elsewhere.execute("SELECT 1").await.is_ok());
}

#[tokio::test]
async fn nothing_of_one_test_is_left_in_the_database_of_another() {
    // More than the spares that others could take meanwhile.
    for _ in 0..3 {
        let database = Database::new().await;
        let mut connection = database.connect().await;
        let schemas = "SELECT string_agg(nspname, ',') FROM pg_namespace
                       WHERE NOT starts_with(nspname, 'pg_') AND nspname <> 'information_schema'";
        let schemas = sqlx::query_scalar::<_, String>(schemas);
        assert_eq!(schemas.fetch_one(&mut connection).await.expect("it counts"), "public");
        for statement in [
            "CREATE TABLE films (title text)",
            "CREATE SCHEMA elsewhere CREATE TABLE films (title text)",
            "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA elsewhere",
        ] {
            connection.execute(statement).await.expect("it is empty");
        }
    }
}

#[tokio::test]
async fn a_database_sorts_as_a_language_does_unless_told_otherwise() {
    let database = Database::new().await;
    let mut connection = database.connect().await;
    let sorted = |order: &'static str| sqlx::query_scalar::<_, String>(order);
    let order = sorted("SELECT string_agg(t, ',' ORDER BY t) FROM (VALUES ('B'), ('a')) v (t)");
    assert_eq!(order.fetch_one(&mut connection).await.expect("it sorts"), "a,B");
    let order = sorted(
        r#"SELECT string_agg(t, ',' ORDER BY t COLLATE "C") FROM (VALUES ('B'), ('a')) v (t)"#,
    );
    assert_eq!(order.fetch_one(&mut connection).await.expect("it sorts"), "B,a");
}
