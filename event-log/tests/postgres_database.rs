//! The log in a Postgres database: what it makes there, what it refuses, and what it does not depend
//! upon.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod facts;

use std::time::Duration;

use event_log::{
    Append, AppendError, CopyableLog, EventLog, Expected, LogError,
    postgres::{PostgresLog, PostgresLogOptions},
};
use events::{Digest, NewEvent, Position, Revision, StreamName};
use facts::{append, append_of, assert_damaged, assert_unavailable, event, everything, ids};
use futures::{
    StreamExt,
    future::{join_all, try_join_all},
};
use proving_ground::Database;
use sqlx::{AssertSqlSafe, Executor, PgConnection};

const SOON: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

fn options(database: &Database) -> PostgresLogOptions {
    PostgresLogOptions::at(database.url())
}

async fn open(database: &Database) -> PostgresLog {
    PostgresLog::open(options(database)).await.unwrap()
}

/// Sets something for all sessions of the database that begin from now on.
async fn set(database: &Database, setting: &str) {
    let sql = format!(r#"ALTER DATABASE "{}" SET {setting}"#, database.name());
    database.connect().await.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// Ends the sessions whose last statement contains `text`; gives how many.
async fn terminate(connection: &mut PgConnection, text: &str) -> usize {
    let ended: Vec<bool> = sqlx::query_scalar(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE $1",
    )
    .bind(format!("%{text}%"))
    .fetch_all(connection)
    .await
    .unwrap();
    ended.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_that_start_at_once_make_the_tables_once() {
    let database = Database::new().await;
    let opened = join_all((0..8).map(|_| PostgresLog::open(options(&database)))).await;
    for (log, id) in opened.into_iter().zip(1..) {
        append(&log.unwrap(), id).await.unwrap();
    }
    assert_eq!(ids(&everything(&open(&database).await).await), (1..=8).collect::<Vec<_>>());
}

#[tokio::test]
async fn everything_it_makes_is_in_a_schema_of_its_own() {
    let database = Database::new().await;
    append(&open(&database).await, 1).await.unwrap();
    let schemas: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT schemaname::text FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut database.connect().await)
    .await
    .unwrap();
    assert_eq!(schemas, ["cinelog_log"]);
}

#[tokio::test]
async fn one_that_reads_makes_nothing() {
    let database = Database::new().await;
    let refused = PostgresLog::open_reader(options(&database)).await;
    assert!(matches!(refused, Err(LogError::Unavailable(_))), "{refused:?}");
    let schema: Option<String> = sqlx::query_scalar("SELECT to_regnamespace('cinelog_log')::text")
        .fetch_one(&mut database.connect().await)
        .await
        .unwrap();
    assert_eq!(schema, None);
}

#[tokio::test]
async fn one_that_reads_refuses_to_append_and_to_forget() {
    let database = Database::new().await;
    append(&open(&database).await, 1).await.unwrap();
    let reader = PostgresLog::open_reader(options(&database)).await.unwrap();
    assert_unavailable(append(&reader, 2).await);
    reader.forget_keys(jiff::Timestamp::MAX).await.unwrap_err();
    assert_eq!(ids(&everything(&reader).await), [1]);
    reader.health().unwrap();
}

#[tokio::test]
async fn a_log_of_a_newer_version_is_left_alone() {
    let database = Database::new().await;
    open(&database).await.close().await;
    let newer = "INSERT INTO cinelog_log._sqlx_migrations
                 SELECT 9999, description, installed_on, success, checksum, execution_time
                 FROM cinelog_log._sqlx_migrations LIMIT 1";
    database.connect().await.execute(newer).await.unwrap();
    assert_damaged(PostgresLog::open(options(&database)).await);
    assert_damaged(PostgresLog::open_reader(options(&database)).await);
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_remove_an_event() {
    let database = Database::new().await;
    let log = open(&database).await;
    append(&log, 1).await.unwrap();
    let mut other = database.connect().await;
    for change in [
        "UPDATE cinelog_log.event SET data = '{}'",
        "DELETE FROM cinelog_log.event",
        "TRUNCATE cinelog_log.event",
        "UPDATE cinelog_log.digest SET hash = sha256('')",
        "DELETE FROM cinelog_log.digest",
        "TRUNCATE cinelog_log.digest",
    ] {
        let refused = other.execute(change).await.unwrap_err().to_string();
        assert!(refused.contains("never changed or removed"), "{refused}");
    }
    assert_eq!(ids(&everything(&log).await), [1]);
}

#[tokio::test]
async fn what_the_database_sets_for_its_sessions_changes_nothing() {
    let database = Database::new().await;
    open(&database).await.close().await;
    let mut other = database.connect().await;
    // Notes how events are committed.
    other
        .execute(
            "CREATE TABLE noted (isolation text, synchronous text);
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 INSERT INTO public.noted VALUES (current_setting('transaction_isolation'),
                                           current_setting('synchronous_commit'));
                 RETURN NULL;
             END $$;
             CREATE TRIGGER note AFTER INSERT ON cinelog_log.event
                 FOR EACH ROW EXECUTE FUNCTION note()",
        )
        .await
        .unwrap();
    for setting in [
        "default_transaction_isolation = 'serializable'",
        "synchronous_commit = off",
        "statement_timeout = '1s'",
        "bytea_output = escape",
        "search_path = nowhere, public",
        "timezone = 'Asia/Kathmandu'",
    ] {
        set(&database, setting).await;
    }
    let log = open(&database).await;
    append(&log, 1).await.unwrap();
    let expected = everything(&log).await.iter().fold(Digest::EMPTY, Digest::extend);
    assert_eq!(log.digest(Position(1)).await.unwrap(), expected);
    let noted: Vec<(String, String)> = sqlx::query_as("SELECT isolation, synchronous FROM noted")
        .fetch_all(&mut other)
        .await
        .unwrap();
    assert_eq!(noted, [("read committed".to_owned(), "on".to_owned())]);
}

#[tokio::test]
async fn functions_that_others_have_made_are_not_taken_for_the_servers() {
    let database = Database::new().await;
    open(&database).await.close().await;
    let mut other = database.connect().await;
    // More to the point than the server's own, which is for arrays of anything.
    other
        .execute("CREATE FUNCTION public.cardinality(text[]) RETURNS integer LANGUAGE sql RETURN 0")
        .await
        .unwrap();
    set(&database, "search_path = public, pg_catalog").await;
    let log = open(&database).await;
    append(&log, 1).await.unwrap();
    let wrong = Expected::Exact(Revision(5));
    let stream = StreamName::new("movie-1").unwrap();
    let result = log.append(Append::new(stream, wrong, vec![event(2, 10)])).await;
    let conflict = AppendError::Conflict { actual: Revision(1) };
    assert_eq!(result.unwrap_err().to_string(), conflict.to_string());
    // Whatever the session is that calls them.
    let unpinned: Vec<String> = sqlx::query_scalar(
        "SELECT proname::text FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
         WHERE pronamespace = 'cinelog_log'::regnamespace AND lanname = 'plpgsql'
           AND 'search_path=pg_catalog, pg_temp' <> ALL (coalesce(proconfig, '{}'))",
    )
    .fetch_all(&mut other)
    .await
    .unwrap();
    assert_eq!(unpinned, Vec::<String>::new());
}

#[tokio::test]
async fn a_stricter_commit_than_ours_stands() {
    let database = Database::new().await;
    open(&database).await.close().await;
    set(&database, "synchronous_commit = remote_apply").await;
    let log = open(&database).await;
    append(&log, 1).await.unwrap();
    let mut other = database.connect().await;
    assert_eq!(terminate(&mut other, "cinelog_log.append").await, 1);
    append(&log, 2).await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_not_utf8_is_refused() {
    let database = Database::new().await;
    let mut other = database.connect().await;
    let name = format!("{}_latin", database.name());
    let create = format!(
        r#"CREATE DATABASE "{name}" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'
           LOCALE_PROVIDER libc"#
    );
    other.execute(AssertSqlSafe(create)).await.unwrap();
    let url = database.url().replace(database.name(), &name);
    let opened = PostgresLog::open(PostgresLogOptions::at(url)).await;
    other.execute(AssertSqlSafe(format!(r#"DROP DATABASE "{name}" WITH (FORCE)"#))).await.unwrap();
    let told = opened.unwrap_err().to_string();
    assert!(told.contains("must be UTF8, and is LATIN1"), "{told}");
}

#[tokio::test]
async fn no_error_and_no_debug_output_shows_the_password() {
    let secret = "hunter2-and-more";
    for url in [
        format!("postgres://somebody:{secret}@127.0.0.1:1/nothing"),
        format!("postgres://somebody:{secret}@nowhere.invalid/nothing"),
        format!("postgres://somebody:{secret}@127.0.0.1:99999/nothing"),
        format!("postgres://somebody:{secret}@[::1/nothing?sslmode=odd"),
        format!("postgres://somebody:{secret}@127.0.0.1:1/nothing?sslmode=odd"),
    ] {
        let connect_timeout = Duration::from_secs(1);
        let options = PostgresLogOptions { connect_timeout, ..PostgresLogOptions::at(url) };
        let shown = format!("{options:?}");
        let error = PostgresLog::open(options).await.unwrap_err();
        let shown = format!("{shown} {error} {error:?}");
        assert!(!shown.contains(secret), "{shown}");
        assert!(matches!(error, LogError::Unavailable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn what_postgres_cannot_keep_is_refused_for_that_append_alone() {
    let database = Database::new().await;
    let log = open(&database).await;
    let bad = |id| id % 40 == 1;
    let events = (0..100).map(|id| {
        let event_type = if bad(id) { "A\0B" } else { "Happened" }.to_owned();
        NewEvent { event_type, ..event(id, 10) }
    });
    let results = join_all(events.map(|event| log.append(append_of(event)))).await;
    for (result, id) in results.iter().zip(0..) {
        assert_eq!(result.is_err(), bad(id), "{id}: {result:?}");
    }
    let kept: Vec<u128> = (0..100).filter(|id| !bad(*id)).collect();
    assert_eq!(ids(&everything(&log).await), kept, "in their order");
    log.health().unwrap();
}

#[tokio::test]
async fn a_constraint_that_does_not_hold_is_damage() {
    let database = Database::new().await;
    let log = open(&database).await;
    append(&log, 1).await.unwrap();
    // Somebody has put in an event without taking part in the order.
    database
        .connect()
        .await
        .execute(
            "INSERT INTO cinelog_log.event (position, revision, schema_version, recorded_at, id,
                                            stream, type, data)
             VALUES (2, 1, 1, 0, gen_random_uuid(), 'movie-2', 'Forged', '{}')",
        )
        .await
        .unwrap();
    let result = append(&log, 2).await;
    let told = result.unwrap_err().to_string();
    assert!(told.contains("damaged") && told.contains("event_pkey"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_appends_wakes_a_subscription() {
    let database = Database::new().await;
    let log = open(&database).await;
    // Whoever has to look for it finds nothing before tomorrow.
    let reader = PostgresLogOptions { poll_interval: NEVER, ..options(&database) };
    let reader = PostgresLog::open_reader(reader).await.unwrap();
    let mut batches = reader.subscribe_all(Position::START);
    for id in 1..20 {
        append(&log, id).await.unwrap();
        assert_eq!(ids(&batches.next().await.unwrap().unwrap()), [id]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_announced_and_is_not_so_changes_nothing() {
    let database = Database::new().await;
    let log = open(&database).await;
    let reader = PostgresLogOptions { poll_interval: NEVER, ..options(&database) };
    let reader = PostgresLog::open_reader(reader).await.unwrap();
    let mut batches = reader.subscribe_all(Position::START);
    let mut other = database.connect().await;
    for (id, payload) in [(1, "9223372036854775807"), (2, "no number"), (3, "0"), (4, "")] {
        sqlx::query("SELECT pg_notify('cinelog_log', $1)")
            .bind(payload)
            .execute(&mut other)
            .await
            .unwrap();
        append(&log, id).await.unwrap();
        assert_eq!(ids(&batches.next().await.unwrap().unwrap()), [id]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_whose_listening_connection_is_cut_listens_again() {
    let database = Database::new().await;
    let log = open(&database).await;
    let reader = PostgresLogOptions { poll_interval: NEVER, ..options(&database) };
    let reader = PostgresLog::open_reader(reader).await.unwrap();
    let mut batches = reader.subscribe_all(Position::START);
    let mut other = database.connect().await;
    for id in 1..5 {
        // All there are: that which listens is among them.
        assert!(terminate(&mut other, "").await >= 2);
        append(&log, id).await.unwrap();
        assert_eq!(ids(&batches.next().await.unwrap().unwrap()), [id]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_announces_is_found_by_looking() {
    let database = Database::new().await;
    let log = open(&database).await;
    let reader = PostgresLogOptions { poll_interval: SOON, ..options(&database) };
    let reader = PostgresLog::open_reader(reader).await.unwrap();
    let mut batches = reader.subscribe_all(Position::START);
    append(&log, 1).await.unwrap();
    assert_eq!(ids(&batches.next().await.unwrap().unwrap()), [1]);
    // What is restored is not announced.
    let other = Database::new().await;
    let others = open(&other).await;
    for id in 1..=3 {
        append(&others, id).await.unwrap();
    }
    let mut recorded = everything(&others).await;
    let digest = others.digest(Position(1)).await.unwrap();
    log.restore(digest, recorded.split_off(1)).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(ids(&batches.next().await.unwrap().unwrap()));
    }
    assert_eq!(seen, [2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_append_at_once_keep_one_order_and_one_digest() {
    let database = Database::new().await;
    let logs = try_join_all([(); 2].map(|()| PostgresLog::open(options(&database)))).await.unwrap();
    let appends = (0..400_u128).map(|id| {
        let log = &logs[(id % 2) as usize];
        let stream = StreamName::new(format!("movie-{}", id % 5)).unwrap();
        let events = (0..id % 3 + 1).map(|n| event(id * 10 + n, 20)).collect();
        log.append(Append::new(stream, Expected::Any, events))
    });
    for result in join_all(appends).await {
        result.unwrap();
    }
    let events = everything(&logs[0]).await;
    let mut expected = Digest::EMPTY;
    for (event, position) in events.iter().zip(1..) {
        assert_eq!(event.position, Position(position));
        expected = expected.extend(event);
        if position % 41 == 0 {
            assert_eq!(logs[1].digest(event.position).await.unwrap(), expected);
        }
    }
    assert_eq!(ids(&everything(&logs[1]).await), ids(&events));
}

#[tokio::test]
async fn a_subscription_takes_large_events_a_few_at_a_time() {
    let database = Database::new().await;
    let log = open(&database).await;
    for result in join_all((0..32).map(|id| log.append(append_of(event(id, 1_000_000))))).await {
        result.unwrap();
    }
    let mut batches = log.subscribe_all(Position::START);
    let mut seen = Vec::new();
    while seen.len() < 32 {
        let batch = batches.next().await.unwrap().unwrap();
        assert!(batch.len() <= 8, "{} MB in one batch", batch.len());
        seen.extend(ids(&batch));
    }
    assert_eq!(seen, (0..32).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_subscription_does_not_pass_over_an_event_that_is_missing() {
    let database = Database::new().await;
    let log = open(&database).await;
    for id in 1..=3 {
        append(&log, id).await.unwrap();
    }
    let damage = "ALTER TABLE cinelog_log.event DISABLE TRIGGER USER;
                  DELETE FROM cinelog_log.event WHERE position = 2";
    database.connect().await.execute(damage).await.unwrap();
    match log.subscribe_all(Position::START).next().await {
        Some(Err(LogError::Damaged { position, .. })) => assert_eq!(position, Some(Position(2))),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn closing_answers_what_waits_and_leaves_no_connection() {
    let database = Database::new().await;
    let log = open(&database).await;
    let mut batches = log.subscribe_all(Position(50));
    let (answers, ()) =
        futures::future::join(join_all((0..50).map(|id| append(&log, id))), log.close()).await;
    for answer in answers {
        answer.unwrap();
    }
    assert_unavailable(append(&log, 50).await);
    assert!(matches!(log.head().await, Err(LogError::Unavailable(_))));
    assert!(matches!(batches.next().await, Some(Err(LogError::Unavailable(_)))));
    let mut other = database.connect().await;
    // The server may need a moment to see them go.
    while sessions(&mut other).await > 0 {}
}

/// How many sessions of the log there are.
async fn sessions(connection: &mut PgConnection) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'cinelog log'";
    sqlx::query_scalar(count).fetch_one(connection).await.unwrap()
}
