//! Switching generations while somebody reads, on real files.

use event_log::{
    Append, Expected,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Event, EventId, GenreDescribed, Metadata, NewEvent, Position, Slug, StreamName};
use jiff::Timestamp;
use projector::{
    GenerationError, PoisonPolicy, RebuildOptions, rebuild,
    sqlite::{Generations, SqliteReadModels},
};
use read_model::{Checkpoint, FeedItem, InProcessChangeFeed};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::*;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

struct Ground {
    folder: TempDir,
    log: Arc<dyn EventLog>,
    store: LiveStore,
    feed: Arc<dyn ChangeFeed>,
    status: LiveStatus,
    stop: CancellationToken,
    task: JoinHandle<Result<(), Failure>>,
}

/// A projection that is not at work yet, and its live generation.
async fn idle(folder: &TempDir) -> (Projection, OpenGeneration) {
    let options = SqliteLogOptions::at(folder.path().join("log.db"));
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(options).await.unwrap());
    let path = folder.path().join("read-model.db");
    let read_models: Arc<dyn ReadModels> = Arc::new(SqliteReadModels::at(&path));
    let stores = Stores::at(&path, 4);
    let live = OpenGeneration::live(read_models.as_ref()).await.unwrap();
    let store = LiveStore::new(stores.open(live.number).await.unwrap());
    let projection = Projection {
        log,
        read_models,
        readers: Some(Readers { stores, store }),
        feed: Arc::new(InProcessChangeFeed::new(64)),
        status: LiveStatus::default(),
        options: ProjectorOptions::default(),
        hand_over_max: HAND_OVER_MAX,
    };
    (projection, live)
}

fn readers(projection: &Projection) -> &Readers {
    projection.readers.as_ref().unwrap()
}

impl Ground {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (projection, live) = idle(&folder).await;
        let (log, store) = (Arc::clone(&projection.log), readers(&projection).store.clone());
        let (feed, status) = (Arc::clone(&projection.feed), projection.status.clone());
        let stop = CancellationToken::new();
        let task = tokio::spawn(projection.run(live, stop.clone()));
        Self { folder, log, store, feed, status, stop, task }
    }

    fn generations(&self) -> Generations {
        Generations::new(self.folder.path().join("read-model.db"))
    }

    async fn append(&self, number: u32) {
        append(&self.log, number).await;
    }

    async fn rebuild(&self) {
        rebuild_at(&self.log, &self.folder, true).await;
    }

    /// Waits until a generation could not take over.
    async fn refused(&self, times: u64) {
        eventually(|| async { self.status.lock().refused >= times }).await;
    }

    async fn at(&self) -> Checkpoint {
        self.store.current().checkpoint().await.unwrap()
    }

    async fn answers_from(&self, generation: u64) {
        eventually(|| async { self.at().await.generation == generation }).await;
    }

    async fn stop(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }
}

async fn append(log: &Arc<dyn EventLog>, number: u32) {
    let name = format!("Genre {number}");
    let slug = Slug::of(&name);
    let stream = StreamName::genre(&slug);
    let event = Event::from(GenreDescribed { slug, name, description: None });
    let id = EventId(Uuid::from_u128(u128::from(number) + 1));
    let event = NewEvent::encode(id, &event, Metadata::at(Timestamp::UNIX_EPOCH)).unwrap();
    log.append(Append::new(stream, Expected::Any, vec![event])).await.unwrap();
}

async fn rebuild_at(log: &Arc<dyn EventLog>, folder: &TempDir, switch: bool) {
    let read_models = SqliteReadModels::at(folder.path().join("read-model.db"));
    let options = RebuildOptions { poison: PoisonPolicy::Park, switch, shown_max: 20 };
    let rebuilt = rebuild(log.as_ref(), &read_models, options, &|_| {}).await;
    assert_eq!(rebuilt.unwrap().compared.unwrap().1.differences(), 0);
}

/// Waits until it is so.
async fn eventually<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it is so in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_no_error_and_no_position_that_goes_back_through_two_switches_and_one_back() {
    let ground = Arc::new(Ground::new().await);
    for number in 0..50 {
        ground.append(number).await;
    }
    let done = CancellationToken::new();
    let reader = tokio::spawn({
        let (ground, done) = (Arc::clone(&ground), done.clone());
        async move {
            let (mut seen, mut generations) = (Position::START, Vec::new());
            loop {
                // Once more at the end: what all have seen by then, this one sees too.
                let is_last = done.is_cancelled();
                let at = ground.store.current().checkpoint().await.expect("no error is seen");
                assert!(at.position >= seen, "{} after {seen}", at.position);
                seen = at.position;
                if generations.last() != Some(&at.generation) {
                    generations.push(at.generation);
                }
                if is_last {
                    return (seen, generations);
                }
                tokio::task::yield_now().await;
            }
        }
    });
    let writer = tokio::spawn({
        let (ground, done) = (Arc::clone(&ground), done.clone());
        async move {
            let mut number = 50;
            while !done.is_cancelled() {
                ground.append(number).await;
                number += 1;
            }
        }
    });
    for generation in [2, 3] {
        ground.rebuild().await;
        ground.answers_from(generation).await;
    }
    ground.generations().switch(1).unwrap();
    ground.answers_from(1).await;
    done.cancel();
    writer.await.unwrap();
    let head = ground.log.head().await.unwrap();
    let caught_up = async {
        while ground.at().await.position < head {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, caught_up).await.expect("it goes on after the switch");
    let (seen, generations) = reader.await.unwrap();
    assert_eq!(generations, [1, 2, 3, 1]);
    assert!(seen > Position(50));
    Arc::into_inner(ground).unwrap().stop().await;
}

#[tokio::test]
async fn the_feed_tells_of_the_new_generation_once_it_answers() {
    let ground = Ground::new().await;
    ground.append(1).await;
    let mut items = ground.feed.subscribe();
    ground.rebuild().await;
    let told = async {
        loop {
            let item = futures::StreamExt::next(&mut items).await.unwrap();
            if let FeedItem::Changed(change) = item
                && change.checkpoint.generation == 2
            {
                return change;
            }
        }
    };
    let change = timeout(PATIENCE, told).await.unwrap();
    assert_eq!(change.checkpoint, ground.at().await);
    ground.append(2).await;
    let next = timeout(PATIENCE, futures::StreamExt::next(&mut items)).await.unwrap();
    let Some(FeedItem::Changed(next)) = next else { panic!("nothing was missed: {next:?}") };
    assert_eq!((next.previous, next.checkpoint.position), (change.checkpoint, Position(2)));
    // It is told before it is reported.
    eventually(|| async { ground.status.report().checkpoint == Some(next.checkpoint) }).await;
    ground.stop().await;
}

#[tokio::test]
async fn a_generation_that_cannot_be_opened_leaves_the_old_one_at_work() {
    let ground = Ground::new().await;
    std::fs::write(ground.generations().path(2), b"no database, only some words").unwrap();
    ground.generations().switch(2).unwrap();
    ground.refused(1).await;
    // An append after that is read all the same.
    ground.append(1).await;
    eventually(|| async { ground.at().await.position == Position(1) }).await;
    assert_eq!(ground.at().await.generation, 1);
    assert!(!ground.task.is_finished());
    // And what can be opened takes over at once.
    ground.generations().switch(1).unwrap();
    ground.rebuild().await;
    ground.answers_from(3).await;
    ground.stop().await;
}

#[tokio::test]
async fn what_a_server_answers_from_is_not_removed_before_it_has_left() {
    let ground = Ground::new().await;
    ground.append(1).await;
    ground.rebuild().await;
    ground.answers_from(2).await;
    let generations = ground.generations();
    generations.switch(1).unwrap();
    // Nothing was waited for in between: the server has not had its turn.
    assert!(matches!(generations.remove(2), Err(GenerationError::InUse(2))));
    ground.answers_from(1).await;
    eventually(|| async { generations.remove(2).is_ok() }).await;
    // Its number is gone for good.
    ground.rebuild().await;
    ground.answers_from(3).await;
    ground.stop().await;
}

#[tokio::test]
async fn a_live_generation_that_is_gone_at_the_start_is_made_again_under_another_number() {
    let folder = tempfile::tempdir().unwrap();
    let (projection, live) = idle(&folder).await;
    assert_eq!(live.number, 1);
    live.read_model.close().await;
    drop((projection, live));
    let generations = Generations::new(folder.path().join("read-model.db"));
    std::fs::remove_file(generations.path(1)).unwrap();
    for _ in 0..2 {
        let (_projection, live) = idle(&folder).await;
        assert_eq!((live.number, generations.live().unwrap()), (2, 2));
    }
}

/// A projection at work on generation 1, at position 2, and generation 2, at position 1.
async fn before_the_hand_over(folder: &TempDir) -> (Projection, Running) {
    let (mut projection, live) = idle(folder).await;
    projection.hand_over_max = Duration::from_millis(50);
    let current = projection.start(live, Gate::open(&projection.feed));
    append(&projection.log, 1).await;
    eventually(|| async { current.has_reached(Position(1)) }).await;
    rebuild_at(&projection.log, folder, false).await;
    append(&projection.log, 2).await;
    eventually(|| async { current.has_reached(Position(2)) }).await;
    (projection, current)
}

/// The old generation answers, and goes on.
async fn the_old_one_is_at_work(projection: &Projection, mut current: Running) {
    append(&projection.log, 3).await;
    let at = Checkpoint { generation: 1, position: Position(3) };
    let store = &readers(projection).store;
    eventually(|| async { store.current().checkpoint().await.unwrap() == at }).await;
    eventually(|| async { projection.status.report().checkpoint == Some(at) }).await;
    assert!(!current.has_ended());
    current.halt().await.unwrap();
    // Once more is no panic.
    current.halt().await.unwrap();
}

#[tokio::test]
async fn a_generation_that_does_not_come_as_far_in_time_hands_back_to_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (projection, mut current) = before_the_hand_over(&folder).await;
    let generation = OpenGeneration::existing(projection.read_models.as_ref(), 2).await.unwrap();
    let store = readers(&projection).stores.open(2).await.unwrap();
    // Somebody writes to its file, and does not come to an end.
    let path = folder.path().join("read-model.2.db");
    let file = SqliteConnectOptions::new().filename(path);
    let mut db = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await.unwrap();
    let next = projection.start(generation, Gate::closed(&projection.feed));
    let stop = CancellationToken::new();
    let refused = projection.hand_over(&mut current, next, Some(store), &stop).await.unwrap_err();
    assert!(refused.to_string().contains("did not come as far"), "{refused}");
    the_old_one_is_at_work(&projection, current).await;
}

#[tokio::test]
async fn a_generation_whose_projector_ends_during_the_hand_over_hands_back_to_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (projection, mut current) = before_the_hand_over(&folder).await;
    let generation = OpenGeneration::existing(projection.read_models.as_ref(), 2).await.unwrap();
    let store = readers(&projection).stores.open(2).await.unwrap();
    let mut next = projection.start(generation, Gate::closed(&projection.feed));
    next.task = Some(tokio::spawn(async { Ok(()) }));
    next.status = Status::default();
    let stop = CancellationToken::new();
    let refused = projection.hand_over(&mut current, next, Some(store), &stop).await.unwrap_err();
    assert!(refused.to_string().contains("before its time"), "{refused}");
    the_old_one_is_at_work(&projection, current).await;
}

#[tokio::test]
async fn a_stop_during_the_hand_over_is_not_kept_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (mut projection, mut current) = before_the_hand_over(&folder).await;
    projection.hand_over_max = PATIENCE * 10;
    let generation = OpenGeneration::existing(projection.read_models.as_ref(), 2).await.unwrap();
    let store = readers(&projection).stores.open(2).await.unwrap();
    let next = projection.start(generation, Gate::closed(&projection.feed));
    let stop = CancellationToken::new();
    stop.cancel();
    let handed = projection.hand_over(&mut current, next, Some(store), &stop);
    timeout(PATIENCE, handed).await.unwrap().unwrap();
    assert_eq!(current.generation.number, 1);
    current.stop().await.unwrap();
}

#[tokio::test]
async fn a_projector_that_does_not_stop_keeps_no_other_generation_from_taking_over() {
    let folder = tempfile::tempdir().unwrap();
    let (projection, mut current) = before_the_hand_over(&folder).await;
    let generation = OpenGeneration::existing(projection.read_models.as_ref(), 2).await.unwrap();
    let store = readers(&projection).stores.open(2).await.unwrap();
    let mut next = projection.start(generation, Gate::closed(&projection.feed));
    next.reaches(Position(2)).await.unwrap();
    current.halt().await.unwrap();
    current.task = Some(tokio::spawn(std::future::pending()));
    let stop = CancellationToken::new();
    let handed = projection.hand_over(&mut current, next, Some(store), &stop);
    timeout(PATIENCE, handed).await.unwrap().unwrap();
    assert_eq!(current.generation.number, 2);
    assert_eq!(readers(&projection).store.current().generation(), 2);
    current.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_projector_that_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (mut projection, mut current) = before_the_hand_over(&folder).await;
    projection.hand_over_max = PATIENCE * 10;
    let generation = OpenGeneration::existing(projection.read_models.as_ref(), 2).await.unwrap();
    let next = projection.start(generation, Gate::closed(&projection.feed));
    current.halt().await.unwrap();
    current.task = Some(tokio::spawn(std::future::pending()));
    let stop = CancellationToken::new();
    let (handed, ()) = tokio::join!(
        timeout(PATIENCE, projection.hand_over(&mut current, next, None, &stop)),
        async { stop.cancel() },
    );
    handed.unwrap().unwrap();
    assert_eq!(current.generation.number, 1);
    current.abandon();
}

#[tokio::test]
async fn a_generation_that_is_not_as_far_as_what_was_shown_does_not_take_over() {
    let folder = tempfile::tempdir().unwrap();
    let (projection, mut current) = before_the_hand_over(&folder).await;
    let generation = OpenGeneration::existing(projection.read_models.as_ref(), 2).await.unwrap();
    let store = readers(&projection).stores.open(2).await.unwrap();
    let next = projection.start(generation, Gate::closed(&projection.feed));
    // As where another process leads, and was further than this one knows.
    let shown = Checkpoint { generation: 1, position: Position(3) };
    readers(&projection).store.shows(shown);
    let stop = CancellationToken::new();
    let refused = projection.hand_over(&mut current, next, Some(store), &stop).await.unwrap_err();
    assert!(refused.to_string().contains("did not come as far"), "{refused}");
    the_old_one_is_at_work(&projection, current).await;
}
