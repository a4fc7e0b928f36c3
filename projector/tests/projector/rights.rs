//! What happens when the projector may not do any more what it did, or its database is taken away: it
//! tries again until that is over, says so where people look, and does not fill the log with it.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::EventLog;
use events::{Position, RecordedEvent};
use metrics_exporter_prometheus::PrometheusBuilder;
use projector::{FAILING_MAX, PoisonPolicy, port::Place};
use proving_ground::PrivatePostgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    contents::{folded, stored},
    ground::{Ground, Running, Said, Store, busy_history, eventually, on_postgres, options},
};

const LEASE: Duration = Duration::from_millis(100);

/// How often it is tried in vain before that counts as going on and on.
const TRIES: usize = 20;

/// Ends the sessions of the projector, which would hear of nothing otherwise.
const END: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'projector'";

/// What the loop of the projector has said.
const OF_THE_LOOP: &str = "projector::run";

/// How often it was told that it was tried again.
fn tries(said: &Said) -> usize {
    let lines = said.lines("DEBUG", OF_THE_LOOP);
    let again = "projector fails still, trying again";
    lines.iter().filter(|line| line["fields"]["message"] == again).count()
}

/// A server with a database in which a user without other rights projects.
async fn server() -> (PrivatePostgres, String) {
    let server = PrivatePostgres::start().await;
    for statement in [
        "CREATE ROLE projector LOGIN",
        "CREATE DATABASE films",
        "GRANT CREATE ON DATABASE films TO projector",
    ] {
        execute(server.url(), statement).await;
    }
    let url = server.url().replace("cinelog@", "projector@").replace("/postgres", "/films");
    (server, url)
}

async fn execute(url: &str, statement: &str) {
    let mut db = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

/// Whether it is said to fail for a reason, and not to lead, where people look.
fn fails(running: &Running, reason: &str) -> bool {
    let report = running.status.report();
    let later = Instant::now() + FAILING_MAX + Duration::from_secs(1);
    !report.leads && report.trouble(later).is_some_and(|trouble| trouble.contains(reason))
}

/// Takes something away from a projector at work, and gives it back. In between it fails for `reason`.
async fn goes_through(database: &str, take: &[&str], reason: &str, give: &[&str]) {
    let (said, _logged) = Said::listen();
    let recorder = PrometheusBuilder::new().build_recorder();
    let _measured = metrics::set_default_local_recorder(&recorder);
    let (server, url) = server().await;
    let admin = server.url().replace("/postgres", &format!("/{database}"));
    let history = busy_history();
    let (old, new): (&[RecordedEvent], _) = history.events.split_at(30);
    let ground = Ground::with(Store::Sqlite, old).await;
    let read_models = on_postgres(&url, LEASE);
    let model = read_models.open(Place::Generation(1)).await.unwrap();
    let running = ground.start_with(Arc::clone(&ground.log) as _, model, options(7, PARK));
    eventually(async || running.status.position() == Position(30)).await;

    for statement in take {
        execute(&admin, statement).await;
    }
    ground.append(new).await;
    eventually(async || fails(&running, reason) && tries(&said) > TRIES).await;
    assert!(!running.task.is_finished());
    let head = ground.log.head().await.unwrap();
    // Some may have got through, where that takes nothing which was taken away.
    let behind = head.0 - running.status.position().0;
    assert!(behind > 0);
    let behind = format!("cinelog_projector_lag_events {behind}");
    for line in ["cinelog_projector_failing 1", "cinelog_projector_leading 0", &behind] {
        eventually(async || recorder.handle().render().lines().any(|there| there == line)).await;
    }

    for statement in give {
        execute(&admin, statement).await;
    }
    eventually(async || running.status.position() == head).await;
    eventually(async || running.status.report().leads).await;
    assert!(recorder.handle().render().contains("cinelog_projector_failing 0"));
    running.stop().await.unwrap();
    let warnings = said.lines("WARN", OF_THE_LOOP);
    let reasons: BTreeSet<_> =
        warnings.iter().map(|line| line["fields"]["reason"].to_string()).collect();
    assert_eq!(warnings.len(), reasons.len(), "each reason once: {warnings:?}");
    let told = said.lines("INFO", OF_THE_LOOP);
    assert!(told.len() < TRIES / 2, "what it does is not told with each try: {told:?}");
    assert!(told.iter().any(|line| line["fields"]["message"] == "projector goes on"), "{told:?}");
    let mut snapshot = read_models.snapshot(Place::Generation(1)).await.unwrap();
    assert_eq!(stored(snapshot.as_mut()).await, folded(&history.events));
}

const PARK: PoisonPolicy = PoisonPolicy::Park;

#[tokio::test]
async fn a_schema_that_may_not_be_used_any_more_is_waited_for() {
    goes_through(
        "films",
        // What a session has prepared goes on.
        &["REVOKE USAGE ON SCHEMA cinelog_read_model_1 FROM projector", END],
        "USAGE on the schema cinelog_read_model_1 is needed",
        &["GRANT USAGE ON SCHEMA cinelog_read_model_1 TO projector"],
    )
    .await;
}

#[tokio::test]
async fn a_table_that_may_not_be_read_or_written_any_more_is_waited_for() {
    for (right, table) in [("SELECT", "checkpoint"), ("UPDATE", "leader"), ("INSERT", "movie")] {
        goes_through(
            "films",
            &[&format!("REVOKE {right} ON cinelog_read_model_1.{table} FROM projector")],
            &format!("permission denied for table {table}"),
            &[&format!("GRANT {right} ON cinelog_read_model_1.{table} TO projector")],
        )
        .await;
    }
}

#[tokio::test]
async fn a_user_who_may_not_log_in_any_more_is_waited_for() {
    goes_through(
        "postgres",
        &["ALTER ROLE projector NOLOGIN", END],
        "not permitted to log in",
        &["ALTER ROLE projector LOGIN"],
    )
    .await;
}

#[tokio::test]
async fn a_database_that_takes_no_connections_is_waited_for() {
    goes_through(
        "postgres",
        &["ALTER DATABASE films ALLOW_CONNECTIONS false", END],
        "not currently accepting connections",
        &["ALTER DATABASE films ALLOW_CONNECTIONS true"],
    )
    .await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_waited_for() {
    goes_through(
        "postgres",
        &[
            "ALTER DATABASE films ALLOW_CONNECTIONS false",
            END,
            "ALTER DATABASE films RENAME TO elsewhere",
        ],
        "does not exist",
        &[
            "ALTER DATABASE elsewhere RENAME TO films",
            "ALTER DATABASE films ALLOW_CONNECTIONS true",
        ],
    )
    .await;
}
