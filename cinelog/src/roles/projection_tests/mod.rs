//! Switching generations while somebody reads, on real files.

mod handing_over;
mod switching;

use event_log::{
    Append, Expected,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Event, EventId, GenreDescribed, Metadata, NewEvent, Position, Slug, StreamName};
use jiff::Timestamp;
use projector::{
    PoisonPolicy, RebuildOptions, rebuild,
    sqlite::{Generations, SqliteReadModels},
};
use read_model::{Checkpoint, InProcessChangeFeed};
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
        sources: Sources::log(),
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
