//! A test may stop, kill and halt a server of its own.

use std::time::Duration;

use proving_ground::PrivatePostgres;
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::timeout;

async fn connect(server: &PrivatePostgres) -> PgConnection {
    PgConnection::connect(server.url()).await.expect("it runs")
}

async fn films(server: &PrivatePostgres) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM films");
    count.fetch_one(&mut connect(server).await).await.expect("it counts")
}

async fn with_one_film() -> PrivatePostgres {
    let server = PrivatePostgres::start().await;
    let mut connection = connect(&server).await;
    connection.execute("CREATE TABLE films (title text)").await.expect("it is created");
    connection.execute("INSERT INTO films VALUES ('Metropolis')").await.expect("it is inserted");
    server
}

#[tokio::test]
async fn what_was_committed_is_there_after_each_kind_of_end() {
    let mut server = with_one_film().await;
    let url = server.url().to_owned();
    server.stop().await;
    assert!(PgConnection::connect(&url).await.is_err());
    server.start_again().await;
    assert_eq!(films(&server).await, 1);

    server.stop_immediately().await;
    server.start_again().await;
    assert_eq!(films(&server).await, 1);

    let mut connected = connect(&server).await;
    server.kill().await;
    assert!(connected.execute("SELECT 1").await.is_err());
    server.start_again().await;
    assert_eq!(films(&server).await, 1);
    assert_eq!(server.url(), url);
}

#[tokio::test]
async fn a_halted_server_answers_nothing_until_it_goes_on() {
    let server = with_one_film().await;
    let mut connection = connect(&server).await;
    server.halt();
    let mut asking = Box::pin(connection.execute("SELECT 1"));
    let halted = timeout(Duration::from_millis(100), &mut asking).await;
    assert!(halted.is_err(), "nothing comes back");
    server.go_on();
    asking.await.expect("it comes back late");
}

#[tokio::test]
async fn a_standby_follows_and_refuses_to_write_until_it_is_promoted() {
    let mut server = with_one_film().await;
    let standby = server.start_standby().await;
    assert_eq!(films(&standby).await, 1);
    let mut connection = connect(&standby).await;
    let refused = connection.execute("INSERT INTO films VALUES ('Sunrise')").await;
    let refused = refused.expect_err("it only reads");
    assert_eq!(
        refused.as_database_error().and_then(|error| error.code()).as_deref(),
        Some("25006")
    );

    server.kill().await;
    connection.execute("SELECT pg_promote()").await.expect("it is promoted");
    connection.execute("INSERT INTO films VALUES ('Sunrise')").await.expect("it writes now");
    assert_eq!(films(&standby).await, 2);
}

#[tokio::test]
async fn settings_are_those_asked_for_and_fsync_is_on() {
    let server = PrivatePostgres::start_with(&[("max_connections", "12")]).await;
    let mut connection = connect(&server).await;
    for (setting, expected) in [("SHOW max_connections", "12"), ("SHOW fsync", "on")] {
        let value = sqlx::query_scalar::<_, String>(setting);
        assert_eq!(value.fetch_one(&mut connection).await.expect("it is shown"), expected);
    }
}
