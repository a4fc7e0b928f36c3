//! The log in Postgres when its server is stopped, killed, a standby, or full.

#![expect(clippy::panic, clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod facts;

use std::{
    os::unix::fs::{MetadataExt, chown},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use event_log::{
    Append, AppendError, Appended, EventLog, Expected, LogError,
    postgres::{PostgresLog, PostgresLogOptions},
};
use events::{Position, StreamName};
use facts::{append, append_of, assert_unavailable, event, everything, ids};
use futures::future::join_all;
use proving_ground::PrivatePostgres;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

const SOON: Duration = Duration::from_millis(20);

fn options(url: &str) -> PostgresLogOptions {
    PostgresLogOptions {
        poll_interval: SOON,
        probe_interval: SOON,
        retry_for: Duration::from_millis(200),
        // Who waits for a server that hangs waits for as long; and a busy one must not miss it.
        connect_timeout: Duration::from_secs(10),
        statement_timeout: Duration::from_secs(10),
        ..PostgresLogOptions::at(url)
    }
}

async fn open(url: &str) -> PostgresLog {
    PostgresLog::open(options(url)).await.unwrap()
}

async fn recovers(log: &PostgresLog) {
    let recovered = async {
        while log.health().is_err() {
            tokio::time::sleep(SOON).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), recovered).await.unwrap();
}

/// Appends one event after the other until told to stop, each until it is acknowledged, as a client does
/// that tries again with the same ids. Gives what was acknowledged.
async fn write(
    log: Arc<PostgresLog>,
    writer: u128,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) -> Vec<(u128, Appended)> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let id = writer * 1_000_000 + acknowledged.len() as u128;
        let stream = StreamName::new(format!("movie-{}", id % 3)).unwrap();
        let append = Append::new(stream, Expected::Any, vec![event(id, 50)]);
        loop {
            match log.append(append.clone()).await {
                Ok(at) => break acknowledged.push((id, at)),
                Err(AppendError::Log(LogError::Unavailable(_))) => {
                    tokio::time::sleep(SOON).await;
                }
                Err(other) => panic!("{other}"),
            }
        }
        count.fetch_add(1, Ordering::SeqCst);
    }
    acknowledged
}

/// Lets writers write while something is done to the server, again and again; then what was acknowledged
/// must be there once, where it was said to be.
async fn nothing_is_lost_or_doubled(mut server: PrivatePostgres, how: How) {
    let log = Arc::new(open(server.url()).await);
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writers: Vec<_> =
        (1..=8).map(|n| tokio::spawn(write(log.clone(), n, stop.clone(), count.clone()))).collect();
    for round in 1..=3 {
        while count.load(Ordering::SeqCst) < round * 100 {
            tokio::time::sleep(SOON).await;
        }
        match how {
            How::Stopped => server.stop().await,
            How::Killed => server.kill().await,
        }
        server.start_again().await;
    }
    stop.store(true, Ordering::SeqCst);
    let events = everything(&open(server.url()).await).await;
    for (event, position) in events.iter().zip(1..) {
        assert_eq!(event.position, Position(position));
    }
    let mut found = 0;
    for writer in join_all(writers).await {
        for (id, at) in writer.unwrap() {
            let event = &everything(&*log).await[at.position.0 as usize - 1];
            assert_eq!((event.id.0.as_u128(), event.revision), (id, at.revision));
            found += 1;
        }
    }
    assert_eq!(log.head().await.unwrap(), Position(found), "each once, and no other");
}

enum How {
    Stopped,
    Killed,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_and_started_under_load_loses_and_doubles_nothing() {
    nothing_is_lost_or_doubled(PrivatePostgres::start().await, How::Stopped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_load_loses_and_doubles_nothing() {
    nothing_is_lost_or_doubled(PrivatePostgres::start().await, How::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_is_told_of_until_it_is_up_again() {
    let mut server = PrivatePostgres::start().await;
    let log = open(server.url()).await;
    append(&log, 1).await.unwrap();
    server.stop().await;
    assert_unavailable(append(&log, 2).await);
    log.health().unwrap_err();
    server.start_again().await;
    // Nobody appends meanwhile.
    recovers(&log).await;
    assert_eq!(append(&log, 2).await.unwrap().position, Position(2));
    assert_eq!(ids(&everything(&log).await), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_told_of_until_it_goes_on() {
    let server = PrivatePostgres::start().await;
    let log = open(server.url()).await;
    append(&log, 1).await.unwrap();
    server.halt();
    assert_unavailable(append(&log, 2).await);
    log.health().unwrap_err();
    server.go_on();
    recovers(&log).await;
    append(&log, 2).await.unwrap();
    assert_eq!(ids(&everything(&log).await), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_read_and_cannot_be_written_until_it_is_promoted() {
    let server = PrivatePostgres::start().await;
    let log = open(server.url()).await;
    append(&log, 1).await.unwrap();
    let standby = server.start_standby().await;
    let log = open(standby.url()).await;
    assert_eq!(ids(&everything(&log).await), [1]);
    // Before anybody has tried to write.
    let told = log.health().unwrap_err().to_string();
    assert!(told.contains("read-only"), "{told}");
    assert_unavailable(append(&log, 2).await);
    log.health().unwrap_err();
    let mut admin = PgConnection::connect(standby.url()).await.unwrap();
    admin.execute("SELECT pg_promote()").await.unwrap();
    recovers(&log).await;
    assert_eq!(append(&log, 2).await.unwrap().position, Position(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rights_that_the_documentation_names_are_enough() {
    let documented = include_str!("../../docs/postgres.md");
    let grants = documented.split("```sql\n").find(|block| block.starts_with("GRANT")).unwrap();
    let grants = grants.split("```").next().unwrap();
    let server = PrivatePostgres::start().await;
    open(server.url()).await.close().await;
    let mut admin = PgConnection::connect(server.url()).await.unwrap();
    admin.execute("CREATE ROLE app LOGIN").await.unwrap();
    let url = server.url().replace("cinelog@", "app@");
    PostgresLog::open(options(&url)).await.unwrap_err();
    admin.execute(AssertSqlSafe(grants)).await.unwrap();
    let log = open(&url).await;
    let at = append(&log, 1).await.unwrap();
    // Answered after a probe.
    assert_eq!(append(&log, 1).await.unwrap(), at);
    assert_eq!(log.forget_keys(jiff::Timestamp::MAX).await.unwrap(), 0);
    assert_eq!(ids(&everything(&log).await), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_is_told_of_before_anything_is_written_until_it_is_granted() {
    let server = PrivatePostgres::start().await;
    open(server.url()).await.close().await;
    let mut admin = PgConnection::connect(server.url()).await.unwrap();
    for sql in [
        "CREATE ROLE app LOGIN",
        "GRANT USAGE ON SCHEMA cinelog_log TO app",
        "GRANT SELECT, INSERT, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA cinelog_log TO app",
        "REVOKE INSERT ON cinelog_log.event FROM app",
    ] {
        admin.execute(sql).await.unwrap();
    }
    let log = open(&server.url().replace("cinelog@", "app@")).await;
    let told = log.health().unwrap_err().to_string();
    assert!(told.ends_with("not granted: INSERT on cinelog_log.event"), "{told}");
    assert_unavailable(append(&log, 1).await);
    assert_eq!(ids(&everything(&log).await), []);
    admin.execute("GRANT INSERT ON cinelog_log.event TO app").await.unwrap();
    recovers(&log).await;
    append(&log, 1).await.unwrap();
    assert_eq!(ids(&everything(&log).await), [1]);
}

/// A file system of its own, of a few megabytes.
struct TinyDisk(TempDir);

impl TinyDisk {
    /// `None` where this process may not mount one.
    fn mount(owner: &Path) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"])
            .arg(folder.path())
            .output()
            .unwrap();
        if !mount.status.success() {
            return None;
        }
        let owner = std::fs::metadata(owner).unwrap();
        chown(folder.path(), Some(owner.uid()), Some(owner.gid())).unwrap();
        Some(Self(folder))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).status().ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_of_until_there_is_room() {
    let server = PrivatePostgres::start().await;
    let mut admin = PgConnection::connect(server.url()).await.unwrap();
    let data: String =
        sqlx::query_scalar("SHOW data_directory").fetch_one(&mut admin).await.unwrap();
    let Some(disk) = TinyDisk::mount(Path::new(&data)) else {
        eprintln!("SKIPPED: no file system can be mounted here, so none was filled");
        return;
    };
    let place = disk.0.path().display();
    for sql in [
        format!("CREATE TABLESPACE tiny LOCATION '{place}'"),
        "CREATE DATABASE tiny TABLESPACE tiny".to_owned(),
    ] {
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let log = open(&server.url().replace("/postgres", "/tiny")).await;
    append(&log, 0).await.unwrap();
    let ballast = disk.0.path().join("ballast");
    // Until nothing more goes onto it.
    std::fs::write(&ballast, vec![1; 32 << 20]).unwrap_err();
    let told = log.append(append_of(event(1, 500_000))).await;
    assert!(told.as_ref().is_err_and(|e| e.to_string().contains("No space left")), "{told:?}");
    assert_unavailable(told);
    for _ in 0..20 {
        log.health().unwrap_err();
        tokio::time::sleep(SOON).await;
    }
    assert_eq!(ids(&everything(&log).await), [0], "it can still be read");
    std::fs::remove_file(ballast).unwrap();
    recovers(&log).await;
    assert_eq!(log.append(append_of(event(1, 500_000))).await.unwrap().position, Position(2));
    log.close().await;
    drop(server);
}
