//! The inbox of a read model on Postgres: what is put in, and how a projector is fed by it.

mod beyond;
mod feeding;
#[cfg(feature = "kafka")]
mod kafka;
mod keeping;
mod putting_in;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use event_log::{Arrival, Delivery, EventLog};
use events::{Position, RecordedEvent};
use projector::{
    ProjectorOptions, Status,
    postgres::{
        PostgresReadModelsOptions,
        inbox::{InboxFeed, InboxFeedOptions, PostgresInbox, Taken},
    },
};
use read_model::ChangeFeed;
use tokio_util::sync::CancellationToken;

use crate::ground::{Ground, Running};

const TOPIC: &str = "events";

/// Short, since tests wait for what never comes.
fn impatient() -> InboxFeedOptions {
    InboxFeedOptions {
        late_max: Duration::from_millis(200),
        look_every: Duration::from_millis(2),
        log_first: Duration::from_millis(50),
        log_longest: Duration::from_millis(200),
        beyond_max: Duration::from_secs(600),
    }
}

/// The same, and what is wrong is told for so long that whoever looks sees it, on a busy machine too.
fn noticeable() -> InboxFeedOptions {
    let told_for = Duration::from_secs(10);
    InboxFeedOptions { log_first: told_for, log_longest: told_for, ..impatient() }
}

/// So long that nothing is late.
fn patient() -> InboxFeedOptions {
    InboxFeedOptions { late_max: Duration::from_secs(600), ..impatient() }
}

/// The inbox of the first generation, on connections of its own.
fn inbox_of(ground: &Ground) -> PostgresInbox {
    let url = ground.database.as_ref().unwrap().url();
    PostgresInbox::at(&PostgresReadModelsOptions::at(url), 1)
}

/// Each event with the one before it.
fn arrivals(events: &[RecordedEvent]) -> Vec<Arrival> {
    let mut previous = Position::START;
    let arrival = |event: &RecordedEvent| {
        let arrival = Arrival { event: event.clone(), previous, offset: 0 };
        previous = event.position;
        arrival
    };
    events.iter().map(arrival).collect()
}

/// What came of a partition after `from` records, one of each event.
fn delivery(partition: i32, from: i64, arrivals: Vec<Arrival>) -> Delivery {
    let next = from + i64::try_from(arrivals.len()).unwrap();
    Delivery { partition, from, next, arrivals, refused: Vec::new() }
}

/// Which of so many partitions a stream is in.
fn partition_of(event: &RecordedEvent, partitions: i32) -> i32 {
    let sum: u32 = event.stream.as_str().bytes().map(u32::from).sum();
    i32::try_from(sum).unwrap() % partitions
}

/// What comes of each partition.
fn spread(arrivals: Vec<Arrival>, partitions: i32) -> BTreeMap<i32, Vec<Arrival>> {
    let mut spread: BTreeMap<i32, Vec<Arrival>> = (0..partitions).map(|at| (at, vec![])).collect();
    for arrival in arrivals {
        let partition = partition_of(&arrival.event, partitions);
        spread.get_mut(&partition).unwrap().push(arrival);
    }
    spread
}

/// Puts arrivals in, as they would come of one partition that was never read before.
async fn put_in_first(inbox: &PostgresInbox, partition: i32, arrivals: Vec<Arrival>) {
    assert!(inbox.place(TOPIC, partition, None, 0).await.unwrap());
    put_in(inbox, partition, 0, arrivals).await;
}

async fn put_in(inbox: &PostgresInbox, partition: i32, from: i64, arrivals: Vec<Arrival>) {
    let taken = inbox.put_in(TOPIC, vec![delivery(partition, from, arrivals)]).await.unwrap();
    assert!(matches!(taken, Taken::In { .. }));
}

/// Starts a projector that is fed by the inbox.
async fn start_fed(ground: &Ground, fed: InboxFeedOptions, options: ProjectorOptions) -> Running {
    let log: Arc<dyn EventLog> = Arc::clone(&ground.log) as _;
    let (status, shutdown) = (Status::default(), CancellationToken::new());
    let feed = InboxFeed::new(inbox_of(ground), Arc::clone(&log), fed, status.clone());
    let changes: Arc<dyn ChangeFeed> = Arc::clone(&ground.feed) as _;
    let model = ground.read_model().await;
    let running = projector::run(
        log,
        Arc::new(feed),
        model,
        changes,
        options,
        status.clone(),
        shutdown.clone(),
    );
    Running { status, task: tokio::spawn(running), shutdown }
}
