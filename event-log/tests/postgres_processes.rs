//! Several processes at one log in Postgres, one of which is killed, and a reader that tails it.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod facts;

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use event_log::{
    Append, Direction, EventLog, Expected,
    postgres::{PostgresLog, PostgresLogOptions},
};
use events::{Digest, Position, RecordedEvent, StreamName};
use facts::event;
use futures::{StreamExt, future::join_all};
use proving_ground::Database;

/// What tells a process that it is one of the writers: the log's URL and its number.
const URL: &str = "CINELOG_TEST_WRITER_URL";
const NUMBER: &str = "CINELOG_TEST_WRITER_NUMBER";

const PROCESSES: u128 = 4;
const TASKS: u128 = 8;
const APPENDS: u128 = 60;

/// A writer: prints each append that was acknowledged, its first id and where it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a part of the test below, which starts it"]
async fn one_process_that_writes() {
    let url = std::env::var(URL).unwrap();
    let process: u128 = std::env::var(NUMBER).unwrap().parse().unwrap();
    let log = Arc::new(PostgresLog::open(PostgresLogOptions::at(url)).await.unwrap());
    let tasks = (0..TASKS).map(|task| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for n in 0..APPENDS {
                let first = ((process * TASKS + task) * APPENDS + n) * 10;
                // Every other one goes to a stream that all processes share.
                let name =
                    if n % 2 == 0 { "shared".to_owned() } else { format!("own-{process}-{task}") };
                let stream = StreamName::new(name).unwrap();
                let events = (0..n % 3 + 1).map(|more| event(first + more, 30)).collect();
                let at = log.append(Append::new(stream, Expected::Any, events)).await.unwrap();
                println!("acknowledged {first} {} {}", n % 3 + 1, at.position);
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    log.close().await;
}

/// An append that another process saw acknowledged.
struct Acknowledged {
    first_id: u128,
    events: u64,
    position: u64,
}

/// Starts a writer; what it has acknowledged goes to `told`.
fn start(url: &str, number: u128, told: mpsc::Sender<Acknowledged>) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "one_process_that_writes", "--nocapture"])
        .env(URL, url)
        .env(NUMBER, number.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    thread::spawn(move || {
        for line in lines {
            let line = line.unwrap();
            // The harness prints beside it, on the same line perhaps.
            let Some((_, numbers)) = line.split_once("acknowledged ") else { continue };
            let numbers: Vec<u128> =
                numbers.split(' ').filter_map(|number| number.parse().ok()).collect();
            // A line that the killed one did not finish tells nothing.
            let [first_id, events, position] = numbers[..] else { continue };
            let (events, position) = (events as u64, position as u64);
            told.send(Acknowledged { first_id, events, position }).unwrap();
        }
    });
    child
}

/// What a tailing reader has seen, in an order that is checked.
#[derive(Default)]
struct Seen {
    events: Vec<RecordedEvent>,
    revisions: HashMap<StreamName, u64>,
    digest: Digest,
}

impl Seen {
    fn last(&self) -> Position {
        Position(self.events.len() as u64)
    }

    fn take(&mut self, batch: Vec<RecordedEvent>) {
        for event in batch {
            assert_eq!(event.position, self.last().next(), "skipped or repeated");
            let revision = self.revisions.entry(event.stream.clone()).or_default();
            *revision += 1;
            assert_eq!(event.revision.0, *revision, "revisions are out of order");
            self.digest = self.digest.extend(&event);
            self.events.push(event);
        }
    }
}

async fn tail_by_subscribing(
    log: Arc<PostgresLog>,
    until: tokio::sync::watch::Receiver<u64>,
) -> Seen {
    let mut seen = Seen::default();
    let mut batches = log.subscribe_all(Position::START);
    while seen.last().0 < *until.borrow() {
        seen.take(batches.next().await.unwrap().unwrap());
    }
    seen
}

async fn tail_by_reading(log: Arc<PostgresLog>, until: tokio::sync::watch::Receiver<u64>) -> Seen {
    let mut seen = Seen::default();
    while seen.last().0 < *until.borrow() {
        seen.take(log.read_all(seen.last(), Direction::Forwards, 50).await.unwrap());
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_write_at_once_keep_one_order_though_one_is_killed() {
    let database = Database::new().await;
    let options = PostgresLogOptions::at(database.url());
    PostgresLog::open(options.clone()).await.unwrap().close().await;
    let options = PostgresLogOptions { poll_interval: Duration::from_millis(50), ..options };
    let reader = Arc::new(PostgresLog::open_reader(options).await.unwrap());
    // Not known yet how many there will be.
    let (end, until) = tokio::sync::watch::channel(u64::MAX);
    let subscribed = tokio::spawn(tail_by_subscribing(reader.clone(), until.clone()));
    let polled = tokio::spawn(tail_by_reading(reader.clone(), until));

    let (told, acknowledged) = mpsc::channel();
    let mut children: Vec<Child> =
        (0..PROCESSES).map(|n| start(database.url(), n, told.clone())).collect();
    let mut killed = start(database.url(), PROCESSES, told);
    let (all, of_the_killed) = tokio::task::spawn_blocking(move || {
        let (mut all, mut of_the_killed) = (Vec::new(), 0);
        for one in acknowledged {
            of_the_killed += usize::from(one.first_id >= PROCESSES * TASKS * APPENDS * 10);
            all.push(one);
            if of_the_killed == 40 {
                killed.kill().unwrap();
            }
        }
        assert!(!killed.wait().unwrap().success());
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
        (all, of_the_killed)
    })
    .await
    .unwrap();
    assert!((40..(TASKS * APPENDS) as usize).contains(&of_the_killed), "{of_the_killed}");
    assert_eq!(all.len() - of_the_killed, (PROCESSES * TASKS * APPENDS) as usize);

    // One more, which ends the waiting of both readers.
    let log = PostgresLog::open(PostgresLogOptions::at(database.url())).await.unwrap();
    end.send_replace(log.head().await.unwrap().0 + 1);
    facts::append(&log, u128::MAX).await.unwrap();
    let (subscribed, polled) = (subscribed.await.unwrap(), polled.await.unwrap());
    assert_eq!(facts::ids(&subscribed.events), facts::ids(&polled.events));
    assert_eq!(log.digest(Position(u64::MAX)).await.unwrap(), subscribed.digest);
    for Acknowledged { first_id, events, position } in all {
        let range = (position - events) as usize..position as usize;
        let expected: Vec<u128> = (first_id..first_id + u128::from(events)).collect();
        assert_eq!(facts::ids(&subscribed.events[range]), expected);
    }
}
