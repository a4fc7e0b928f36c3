//! Bare commits of rows into a log's table: one by one, and grouped as well as can be.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::{mpsc, oneshot};

use super::rows::{Kind, Row};
use crate::{arguments::Runs, load::rate_of, measure::Times, random::Random};

const COLUMNS: &str = "position, stream, revision, id, type, schema_version, recorded_at, actor, \
     correlation_id, causation_id, traceparent, idempotency_key, data";

/// What is written between two bare syncs, in bytes.
const WRITE_BYTES: usize = 4 << 10;

/// The size of the file that it is written to.
const FILE_BYTES: usize = 4 << 20;

/// The most rows in one transaction.
const GROUP_MAX: usize = 64;

/// A copy of a log, into which rows go straight.
pub(crate) struct BareLog {
    connection: SqliteConnection,
    head: i64,
    /// For 1, 2, 3, … rows.
    statements: Vec<Arc<str>>,
}

impl BareLog {
    /// Opens a log's file as Cinelog does: WAL, synchronous=FULL, 32 MiB of cache.
    pub(crate) async fn open(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("cache_size", "-32768")
            .pragma("journal_size_limit", "67108864")
            .statement_cache_capacity(2 * GROUP_MAX)
            .disable_statement_logging();
        let mut connection = options.connect().await.expect("the copy can be opened");
        let head = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM event");
        let head = head.fetch_one(&mut connection).await.expect("it has a table of events");
        let statement = |rows| {
            let values = vec!["(?,?,1,?,?,?,?,?,?,NULL,?,NULL,?)"; rows].join(",");
            Arc::from(format!("INSERT INTO event ({COLUMNS}) VALUES {values}"))
        };
        Self { connection, head, statements: (1..=GROUP_MAX).map(statement).collect() }
    }

    /// Writes up to [`GROUP_MAX`] rows in one transaction: a statement is one by itself.
    async fn insert(&mut self, rows: &[Row]) {
        let statement = Arc::clone(&self.statements[rows.len() - 1]);
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for row in rows {
            self.head += 1;
            query = query
                .bind(self.head)
                .bind(&row.stream)
                .bind(row.id)
                .bind(row.event_type)
                .bind(row.schema_version)
                .bind(row.recorded_at)
                .bind(row.actor)
                .bind(&row.correlation_id)
                .bind(&row.traceparent)
                .bind(&row.data);
        }
        query.execute(&mut self.connection).await.expect("the rows are new");
    }

    async fn close(self) {
        self.connection.close().await.expect("the file closes");
    }
}

/// Commits a second, each of one row and with an fsync of its own.
pub(crate) async fn one_by_one(path: &Path, kind: Kind, seed: u64, runs: Runs) -> f64 {
    let mut log = BareLog::open(path).await;
    let mut random = Random::of(seed);
    let begin = Instant::now() + runs.warm_up;
    let mut committed = 0_u32;
    while begin.elapsed() < runs.duration {
        log.insert(&[Row::of(kind, &mut random)]).await;
        committed += u32::from(Instant::now() > begin);
    }
    log.close().await;
    f64::from(committed) / runs.duration.as_secs_f64()
}

/// Rows a second, of `submitters` who each wait for the commit of one row before the next. What waits
/// shares a commit.
pub(crate) async fn grouped(
    path: &Path,
    kind: Kind,
    seed: u64,
    submitters: usize,
    runs: Runs,
) -> f64 {
    let (sender, receiver) = mpsc::channel(submitters);
    let progress = Arc::new(Progress::default());
    for number in 0..submitters {
        let sender = sender.clone();
        tokio::spawn(submit(sender, kind, Random::of(seed ^ (number as u64) << 32)));
    }
    drop(sender);
    let log = BareLog::open(path).await;
    let committer = tokio::spawn(commit(log, receiver, Arc::clone(&progress)));
    let rate = rate_of(runs, || progress.committed.load(Ordering::Relaxed)).await;
    progress.stop.store(true, Ordering::Relaxed);
    committer.await.expect("the rows were committed");
    rate
}

/// How far the committer has come, and whether it shall go on.
#[derive(Default)]
struct Progress {
    committed: AtomicU64,
    stop: AtomicBool,
}

type Waiting = (Row, oneshot::Sender<()>);

async fn submit(sender: mpsc::Sender<Waiting>, kind: Kind, mut random: Random) {
    loop {
        let (answer, answered) = oneshot::channel();
        let sent = sender.send((Row::of(kind, &mut random), answer)).await;
        if sent.is_err() || answered.await.is_err() {
            return;
        }
    }
}

async fn commit(mut log: BareLog, mut queue: mpsc::Receiver<Waiting>, progress: Arc<Progress>) {
    let mut waiting = Vec::with_capacity(GROUP_MAX);
    while queue.recv_many(&mut waiting, GROUP_MAX).await > 0 {
        // Those who have just been answered have their next row at once: worth a moment.
        for _ in 0..4 {
            tokio::task::yield_now().await;
            while waiting.len() < GROUP_MAX
                && let Ok(next) = queue.try_recv()
            {
                waiting.push(next);
            }
        }
        let (rows, answers): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        log.insert(&rows).await;
        progress.committed.fetch_add(rows.len() as u64, Ordering::Relaxed);
        for answer in answers {
            let _ = answer.send(());
        }
        if progress.stop.load(Ordering::Relaxed) {
            break;
        }
    }
    log.close().await;
}

/// How long the disk takes to make a small write durable: write and fdatasync, again and again, over
/// what a file has already. That is what SQLite does with its write-ahead log once that has its size.
pub(crate) fn fsyncs(folder: &Path, duration: Duration) -> Times {
    use std::os::unix::fs::FileExt;

    let file = std::fs::File::create(folder.join("fsync")).expect("the folder can be written");
    file.write_all_at(&vec![0; FILE_BYTES], 0).expect("there is space");
    file.sync_all().expect("it is written");
    let mut places = (0..FILE_BYTES as u64).step_by(WRITE_BYTES).cycle();
    let begun = Instant::now();
    let mut times = Times::default();
    while begun.elapsed() < duration {
        let before = Instant::now();
        let place = places.next().unwrap_or_default();
        let written = file.write_all_at(&[0x2A; WRITE_BYTES], place);
        written.and_then(|()| file.sync_data()).expect("it is written");
        times.push(before.elapsed());
    }
    times
}
