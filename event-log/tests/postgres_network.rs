//! The log in Postgres over a network that cuts, swallows and goes silent, and among transactions that
//! are in its way.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod facts;

use std::time::Duration;

use event_log::{
    Append, EventLog, Expected, IdempotencyEntry, LogError,
    postgres::{PostgresLog, PostgresLogOptions},
};
use events::{Position, StreamName};
use facts::{append, append_of, assert_unavailable, event, everything, ids};
use futures::{StreamExt, future::join_all};
use jiff::Timestamp;
use proving_ground::{CuttingProxy, Database};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

const SOON: Duration = Duration::from_millis(20);

/// More than what is given up within seconds takes on a busy machine; a network that nobody gives up is
/// waited for through minutes.
const BUSY_MAX: Duration = Duration::from_secs(60);

/// How long the impatient wait for an answer.
const IMPATIENT: Duration = Duration::from_secs(1);

/// A database, and a log in it that is reached through a proxy. Who is impatient may have to try again on a
/// busy machine, so the tables are made before by one who is not.
async fn through_a_proxy(
    change: impl FnOnce(&mut PostgresLogOptions),
) -> (Database, CuttingProxy, PostgresLog) {
    let database = Database::new().await;
    let proxy = CuttingProxy::to(database.url()).await;
    let mut options = PostgresLogOptions::at(proxy.url_for(database.url()));
    options.poll_interval = SOON;
    options.probe_interval = SOON;
    options.connect_timeout = BUSY_MAX / 2;
    options.retry_for = BUSY_MAX / 2;
    change(&mut options);
    without_a_proxy(&database).await.close().await;
    let opened = succeeds(async || PostgresLog::open(options.clone()).await).await;
    (database, proxy, opened)
}

/// Asks again until it succeeds.
async fn succeeds<T, E: std::fmt::Display>(ask: impl AsyncFn() -> Result<T, E>) -> T {
    let asked = async {
        loop {
            match ask().await {
                Ok(given) => return given,
                Err(error) => println!("once more: {error}"),
            }
            tokio::time::sleep(SOON).await;
        }
    };
    tokio::time::timeout(BUSY_MAX, asked).await.unwrap()
}

async fn without_a_proxy(database: &Database) -> PostgresLog {
    PostgresLog::open(PostgresLogOptions::at(database.url())).await.unwrap()
}

/// Waits until the log says of itself that it can be written, without appending anything.
async fn recovers(log: &PostgresLog) {
    succeeds(async || log.health()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_answer_is_lost_gets_its_first_result() {
    let (database, proxy, log) = through_a_proxy(|_| {}).await;
    append(&log, 1).await.unwrap();
    proxy.swallow_answer_to("cinelog_log.append");
    let appended = append(&log, 2).await.unwrap();
    assert_eq!(proxy.swallowed(), 1);
    assert_eq!(appended.position, Position(2));
    log.health().unwrap();
    assert_eq!(append(&log, 3).await.unwrap().position, Position(3));
    assert_eq!(ids(&everything(&without_a_proxy(&database).await).await), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_whose_answer_is_lost_is_not_doubled() {
    let (database, proxy, log) = through_a_proxy(|_| {}).await;
    for round in 0..10 {
        proxy.swallow_answer_to("cinelog_log.append");
        let appends = (0..20_u128).map(|n| {
            let stream = StreamName::new(format!("movie-{}", n % 3)).unwrap();
            let expected = if n % 5 == 4 { Expected::NoStream } else { Expected::Any };
            let id = round * 100 + n;
            let idempotency = (n % 4 == 0).then(|| IdempotencyEntry {
                key: id.to_string(),
                fingerprint: String::new(),
                answer: serde_json::Value::Null,
                recorded_at: Timestamp::UNIX_EPOCH,
            });
            let events = vec![event(id, 10)];
            log.append(Append { idempotency, ..Append::new(stream, expected, events) })
        });
        let results = join_all(appends).await;
        let events = everything(&log).await;
        for (result, id) in results.iter().zip(round * 100..) {
            let found: Vec<_> = events.iter().filter(|event| event.id.0.as_u128() == id).collect();
            match result {
                Ok(at) => assert_eq!((found.len(), found[0].position), (1, at.position)),
                Err(_) => assert!(found.is_empty(), "{id} was refused: {result:?}"),
            }
        }
    }
    assert_eq!(proxy.swallowed(), 10);
    let events = everything(&without_a_proxy(&database).await).await;
    let positions: Vec<u64> = events.iter().map(|event| event.position.0).collect();
    assert_eq!(positions, (1..=positions.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_is_cut_off_anywhere_happens_once() {
    let (database, proxy, log) = through_a_proxy(|_| {}).await;
    for id in 0..40_u64 {
        proxy.cut_after_client_bytes(1 + id * 37);
        append(&log, id.into()).await.unwrap();
    }
    let events = everything(&without_a_proxy(&database).await).await;
    assert_eq!(ids(&events), (0..40).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_on_over_other_connections_when_all_are_cut() {
    let (_database, proxy, log) = through_a_proxy(|_| {}).await;
    append(&log, 1).await.unwrap();
    for _ in 0..5 {
        // As many as there may be.
        for read in join_all((0..8).map(|_| log.head())).await {
            assert_eq!(read.unwrap(), Position(1));
        }
        proxy.cut();
    }
    assert_eq!(ids(&everything(&log).await), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_goes_on_when_all_connections_are_cut() {
    let (_database, proxy, log) = through_a_proxy(|_| {}).await;
    let mut batches = log.subscribe_all(Position::START);
    for id in 1..10 {
        append(&log, id).await.unwrap();
        proxy.cut();
        assert_eq!(ids(&batches.next().await.unwrap().unwrap()), [id]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_be_reached_is_told_of_until_it_can() {
    let (_database, proxy, log) = through_a_proxy(|options| {
        options.retry_for = Duration::from_millis(300);
        options.connect_timeout = Duration::from_millis(300);
    })
    .await;
    succeeds(async || append(&log, 1).await).await;
    proxy.refuse(true);
    proxy.cut();
    assert_unavailable(append(&log, 2).await);
    let told = log.health().unwrap_err().to_string();
    assert!(told.contains("nothing can be appended for"), "{told}");
    assert_unavailable(append(&log, 3).await);
    log.head().await.unwrap_err();
    proxy.refuse(false);
    recovers(&log).await;
    assert_eq!(succeeds(async || append(&log, 2).await).await.position, Position(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_goes_silent_is_noticed_within_seconds() {
    let (database, proxy, log) = through_a_proxy(|options| {
        options.statement_timeout = IMPATIENT;
        options.connect_timeout = IMPATIENT;
        options.retry_for = Duration::from_millis(100);
    })
    .await;
    succeeds(async || append(&log, 1).await).await;
    proxy.pause(true);
    let silent = std::time::Instant::now();
    assert_unavailable(append(&log, 2).await);
    assert!(silent.elapsed() < BUSY_MAX, "{:?}", silent.elapsed());
    log.health().unwrap_err();
    proxy.pause(false);
    recovers(&log).await;
    // It may have got through, as far as anybody knew.
    succeeds(async || append(&log, 2).await).await;
    assert_eq!(ids(&everything(&without_a_proxy(&database).await).await), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_holds_the_lock_for_too_long_is_told_of() {
    let (database, _proxy, log) = through_a_proxy(|options| {
        options.statement_timeout = IMPATIENT;
    })
    .await;
    succeeds(async || append(&log, 1).await).await;
    let mut other = database.connect().await;
    let mut transaction = other.begin().await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(cinelog_log.lock_key())";
    transaction.execute(lock).await.unwrap();
    assert_unavailable(append(&log, 2).await);
    // It can be written all the same, as soon as the lock is free.
    transaction.rollback().await.unwrap();
    assert_eq!(succeeds(async || append(&log, 2).await).await.position, Position(2));
    recovers(&log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_is_the_victim_of_a_deadlock_is_tried_again() {
    let (database, _proxy, log) = through_a_proxy(|_| {}).await;
    append(&log, 1).await.unwrap();
    let mut other = database.connect().await;
    let mut transaction = other.begin().await.unwrap();
    // Ours is to be the victim.
    transaction.execute("SET LOCAL deadlock_timeout = '1h'").await.unwrap();
    transaction.execute("LOCK TABLE cinelog_log.event IN SHARE MODE").await.unwrap();
    let contended = async {
        waits_for_a_lock(&database).await;
        transaction.execute("SELECT pg_advisory_xact_lock(cinelog_log.lock_key())").await.unwrap();
        transaction.rollback().await.unwrap();
    };
    let (appended, ()) = futures::future::join(append(&log, 2), contended).await;
    assert_eq!(appended.unwrap().position, Position(2));
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    is_more_than_none(&database, deadlocks).await;
}

/// Waits until an append waits for a table.
async fn waits_for_a_lock(database: &Database) {
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
                   WHERE datname = current_database() AND locktype = 'relation' AND NOT granted";
    is_more_than_none(database, waiting).await;
}

/// Waits until what is counted is there.
async fn is_more_than_none(database: &Database, count: &'static str) {
    let mut connection = database.connect().await;
    let asked = async {
        while sqlx::query_scalar::<_, i64>(count).fetch_one(&mut connection).await.unwrap() == 0 {}
    };
    tokio::time::timeout(BUSY_MAX, asked).await.unwrap();
}

/// Makes the next transactions that write events fail as serializable ones do, so many of them.
async fn fail_to_serialize(database: &Database, times: u32) {
    fail(database, times, "serialization_failure").await;
}

/// Makes the next transactions that write events fail, so many of them.
async fn fail(database: &Database, times: u32, code: &str) {
    let sql = format!(
        "CREATE SEQUENCE failed;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('public.failed') <= {times} THEN
                 RAISE EXCEPTION 'it fails' USING ERRCODE = '{code}';
             END IF;
             RETURN NULL;
         END $$;
         CREATE TRIGGER fail AFTER INSERT ON cinelog_log.event
             FOR EACH STATEMENT EXECUTE FUNCTION fail()"
    );
    database.connect().await.execute(AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_cannot_be_serialized_is_tried_again() {
    let (database, _proxy, log) = through_a_proxy(|_| {}).await;
    fail_to_serialize(&database, 3).await;
    assert_eq!(append(&log, 1).await.unwrap().position, Position(1));
    log.health().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_can_never_be_serialized_is_given_up() {
    let (database, _proxy, log) = through_a_proxy(|options| {
        options.retry_for = Duration::from_millis(300);
    })
    .await;
    fail_to_serialize(&database, 1_000_000).await;
    assert_unavailable(append(&log, 1).await);
    log.health().unwrap_err();
    database.connect().await.execute("DROP TRIGGER fail ON cinelog_log.event").await.unwrap();
    recovers(&log).await;
    append(&log, 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_whatever_is_appended_is_not_tried_for_each_append() {
    // A fault of the database's, and one that could be that of each of them.
    for (code, attempts_max) in [("raise_exception", 8), ("data_exception", 80)] {
        let (database, _proxy, log) = through_a_proxy(|_| {}).await;
        fail(&database, 1_000_000, code).await;
        for result in join_all((0..500).map(|id| append(&log, id))).await {
            let told = result.unwrap_err().to_string();
            assert!(told.contains("damaged") && told.contains("it fails"), "{told}");
        }
        let mut other = database.connect().await;
        let attempts: i64 = sqlx::query_scalar("SELECT last_value FROM failed")
            .fetch_one(&mut other)
            .await
            .unwrap();
        assert!(attempts <= attempts_max, "{attempts} attempts with {code}");
        other.execute("DROP TRIGGER fail ON cinelog_log.event").await.unwrap();
        assert_eq!(append(&log, 1).await.unwrap().position, Position(1));
    }
}

/// Holds all tables of the log as `pg_dump` does, in a transaction of that connection.
async fn dump(connection: &mut PgConnection) {
    let tables: String = sqlx::query_scalar(
        "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables
         WHERE schemaname = 'cinelog_log'",
    )
    .fetch_one(&mut *connection)
    .await
    .unwrap();
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let lock = format!("{begin}; LOCK TABLE {tables} IN ACCESS SHARE MODE");
    connection.execute(AssertSqlSafe(lock)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_holds_up_neither_repeats_nor_the_probe() {
    let (database, _proxy, log) = through_a_proxy(|options| {
        options.statement_timeout = IMPATIENT;
    })
    .await;
    let first = succeeds(async || append(&log, 1).await).await;
    let mut dumping = database.connect().await;
    dump(&mut dumping).await;
    for _ in 0..3 {
        assert_eq!(succeeds(async || append(&log, 1).await).await, first);
        recovers(&log).await;
    }
    // Until it cannot be written for another reason.
    let mut other = database.connect().await;
    let mut transaction = other.begin().await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(cinelog_log.lock_key())";
    transaction.execute(lock).await.unwrap();
    assert_unavailable(append(&log, 2).await);
    recovers(&log).await;
    transaction.rollback().await.unwrap();
    assert_eq!(succeeds(async || append(&log, 2).await).await.position, Position(2));
    dumping.execute("COMMIT").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_get_no_answer_leave_their_places_to_others() {
    const READERS: u32 = 2;
    let (_database, proxy, log) = through_a_proxy(|options| {
        options.readers = READERS;
        options.statement_timeout = IMPATIENT;
        options.connect_timeout = IMPATIENT;
    })
    .await;
    succeeds(async || append(&log, 1).await).await;
    let reads = async || join_all((0..READERS).map(|_| log.head())).await;
    let in_the_end = async || join_all((0..READERS).map(|_| succeeds(|| log.head()))).await;
    in_the_end().await;
    proxy.pause(true);
    let silent = std::time::Instant::now();
    for read in reads().await {
        assert!(matches!(read, Err(LogError::Unavailable(_))), "{read:?}");
    }
    assert!(silent.elapsed() < BUSY_MAX, "{:?}", silent.elapsed());
    // One that nobody waits for any more has a place no longer than one that does.
    for _ in 0..READERS {
        let read = tokio::time::timeout(SOON, log.head()).await;
        assert!(!matches!(read, Ok(Ok(_))), "{read:?}");
    }
    // They do not wait for the silent connections, but try new ones.
    let before = proxy.connections();
    for read in reads().await {
        read.unwrap_err();
    }
    let tried = async || {
        (proxy.connections() >= before + u64::from(READERS)).then_some(()).ok_or("too few")
    };
    succeeds(tried).await;
    proxy.pause(false);
    for read in in_the_end().await {
        assert_eq!(read, Position(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_closed_in_time_when_the_network_is_silent() {
    let (_database, proxy, log) = through_a_proxy(|options| {
        options.statement_timeout = IMPATIENT;
        options.connect_timeout = IMPATIENT;
    })
    .await;
    succeeds(async || append(&log, 1).await).await;
    assert_eq!(succeeds(|| log.head()).await, Position(1));
    proxy.pause(true);
    let silent = std::time::Instant::now();
    log.close().await;
    assert!(silent.elapsed() < BUSY_MAX, "{:?}", silent.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_made_read_only_is_told_of_until_it_is_not() {
    let (database, proxy, log) = through_a_proxy(|_| {}).await;
    append(&log, 1).await.unwrap();
    let mut other = database.connect().await;
    let read_only = |on| {
        AssertSqlSafe(format!(
            r#"ALTER DATABASE "{}" SET default_transaction_read_only = {on}"#,
            database.name()
        ))
    };
    other.execute(read_only("on")).await.unwrap();
    proxy.cut();
    assert_unavailable(append(&log, 2).await);
    assert!(log.health().unwrap_err().to_string().contains("read-only"));
    assert_eq!(ids(&everything(&log).await), [1]);
    other.execute(read_only("off")).await.unwrap();
    recovers(&log).await;
    assert_eq!(log.append(append_of(event(2, 10))).await.unwrap().position, Position(2));
}
