//! Switching generations while somebody reads, on real files.

use event_log::{
    Append, Expected,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Event, EventId, GenreDescribed, Metadata, NewEvent, Slug, StreamName};
use jiff::Timestamp;
use projector::{Generations, PoisonPolicy, RebuildOptions, rebuild};
use read_model::{Checkpoint, InProcessChangeFeed};
use tempfile::TempDir;
use tokio::time::timeout;
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

impl Ground {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteLogOptions::at(folder.path().join("log.db"));
        let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(options).await.unwrap());
        let read_models = ReadModels::new(&folder.path().join("read-model.db"), 4);
        let read_model = read_models.writer(1).await.unwrap();
        let store = LiveStore::new(read_models.store(1).await.unwrap());
        let feed: Arc<dyn ChangeFeed> = Arc::new(InProcessChangeFeed::new(64));
        let (status, stop) = (LiveStatus::default(), CancellationToken::new());
        let projection = Projection {
            log: Arc::clone(&log),
            read_models,
            store: store.clone(),
            feed: Arc::clone(&feed),
            status: status.clone(),
            options: ProjectorOptions::default(),
        };
        let task = tokio::spawn(projection.run(1, read_model, stop.clone()));
        Self { folder, log, store, feed, status, stop, task }
    }

    fn generations(&self) -> Generations {
        Generations::new(self.folder.path().join("read-model.db"))
    }

    async fn append(&self, number: u32) {
        let name = format!("Genre {number}");
        let slug = Slug::of(&name);
        let stream = StreamName::genre(&slug);
        let event = Event::from(GenreDescribed { slug, name, description: None });
        let id = EventId(Uuid::from_u128(u128::from(number) + 1));
        let event = NewEvent::encode(id, &event, Metadata::at(Timestamp::UNIX_EPOCH)).unwrap();
        self.log.append(Append::new(stream, Expected::Any, vec![event])).await.unwrap();
    }

    async fn rebuild(&self) {
        let options = RebuildOptions { poison: PoisonPolicy::Park, switch: true, shown_max: 20 };
        let generations = self.generations();
        let rebuilt = rebuild(self.log.as_ref(), &generations, options, &|_| {}).await;
        assert_eq!(rebuilt.unwrap().compared.unwrap().1.differences(), 0);
    }

    async fn at(&self) -> Checkpoint {
        self.store.current().checkpoint().await.unwrap()
    }

    async fn answers_from(&self, generation: u64) {
        let switched = async {
            while self.at().await.generation != generation {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, switched).await.expect("it is switched in time");
    }

    async fn stop(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }
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
            while !done.is_cancelled() {
                let at = ground.store.current().checkpoint().await.expect("no error is seen");
                assert!(at.position >= seen, "{} after {seen}", at.position);
                seen = at.position;
                if generations.last() != Some(&at.generation) {
                    generations.push(at.generation);
                }
                tokio::task::yield_now().await;
            }
            (seen, generations)
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
    assert_eq!(ground.status.report().checkpoint, Some(next.checkpoint));
    ground.stop().await;
}

#[tokio::test]
async fn a_generation_that_cannot_be_opened_leaves_the_old_one_at_work() {
    let ground = Ground::new().await;
    std::fs::write(ground.generations().path(2), b"no database, only some words").unwrap();
    ground.generations().switch(2).unwrap();
    // Long enough for a look or two: an append is answered and read all the same.
    ground.append(1).await;
    let read = async {
        while ground.at().await.position < Position(1) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, read).await.unwrap();
    sleep(LOOK_EVERY * 2).await;
    assert_eq!(ground.at().await.generation, 1);
    assert!(!ground.task.is_finished());
    ground.generations().switch(1).unwrap();
    ground.stop().await;
}
