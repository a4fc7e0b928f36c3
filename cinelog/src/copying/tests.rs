use std::{path::Path, sync::Arc};

use event_log::{
    Append, CopyableLog, Direction, EventLog, Expected, IdempotencyEntry,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Digest, EventId, Metadata, NewEvent, Position, Revision, StreamName};
use jiff::Timestamp;
use serde_json::{json, value::RawValue};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Copied, CopyError, Step, copy};

/// Two logs in a folder.
struct Two {
    _folder: TempDir,
    from: Arc<SqliteLog>,
    to: Arc<SqliteLog>,
}

async fn open(path: &Path) -> Arc<SqliteLog> {
    Arc::new(SqliteLog::open(SqliteLogOptions::at(path)).await.unwrap())
}

impl Two {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from = open(&folder.path().join("from.db")).await;
        let to = open(&folder.path().join("to.db")).await;
        Self { _folder: folder, from, to }
    }

    async fn copy(&self) -> Result<Copied, CopyError> {
        copy(self.from.as_ref(), self.to.as_ref(), &|_| ()).await
    }
}

fn event(id: u128) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(id)),
        event_type: "SomethingHappened".to_owned(),
        schema_version: 1,
        metadata: Metadata::at(Timestamp::UNIX_EPOCH),
        data: RawValue::from_string(format!("{{ \"id\" : {id} }}")).unwrap(),
    }
}

/// Appends events with these ids to a stream, and remembers a key.
async fn add(log: &SqliteLog, ids: std::ops::Range<u128>, key: &str) {
    let idempotency = Some(IdempotencyEntry {
        key: key.to_owned(),
        fingerprint: "hash".to_owned(),
        answer: json!({ "of": key }),
        recorded_at: Timestamp::UNIX_EPOCH,
    });
    let stream = StreamName::new(format!("movie-{}", ids.start)).unwrap();
    let append = Append::new(stream, Expected::NoStream, ids.map(event).collect());
    log.append(Append { idempotency, ..append }).await.unwrap();
}

async fn digest(log: &SqliteLog) -> Digest {
    log.digest(Position(u64::MAX)).await.unwrap()
}

async fn all(log: &SqliteLog) -> Vec<String> {
    let events = log.read_all(Position::START, Direction::Forwards, usize::MAX).await.unwrap();
    events.iter().map(|event| format!("{event:?}")).collect()
}

#[tokio::test]
async fn a_copy_has_the_events_the_positions_and_the_keys() {
    let two = Two::new().await;
    add(&two.from, 0..5, "a").await;
    add(&two.from, 5..2_500, "b").await;
    let copied = two.copy().await.unwrap();
    let expected = Copied {
        digest: digest(&two.from).await,
        held: 0,
        keys: 2,
        at: Position(2_500),
        has_more: false,
        is_renumbered: false,
    };
    assert_eq!(copied, expected);
    assert_eq!(digest(&two.to).await, copied.digest);
    assert_eq!(all(&two.to).await, all(&two.from).await);
    for key in ["a", "b", "c"] {
        assert_eq!(two.to.recall(key).await.unwrap(), two.from.recall(key).await.unwrap());
    }
}

#[tokio::test]
async fn an_empty_log_can_be_copied() {
    let copied = Two::new().await.copy().await.unwrap();
    assert_eq!((copied.digest, copied.keys, copied.has_more), (Digest::EMPTY, 0, false));
}

#[tokio::test]
async fn a_copy_that_is_made_again_takes_over_what_has_come_since() {
    let two = Two::new().await;
    add(&two.from, 0..100, "a").await;
    two.copy().await.unwrap();
    assert_eq!(two.copy().await.unwrap().keys, 0);
    add(&two.from, 100..120, "b").await;
    let copied = two.copy().await.unwrap();
    assert_eq!((copied.held, copied.digest.count, copied.keys), (100, 120, 1));
    assert_eq!(all(&two.to).await, all(&two.from).await);
}

#[tokio::test]
async fn a_target_that_is_no_beginning_is_refused_and_stays_as_it_is() {
    for (source, target) in [(0..50, 100..130), (0..50, 100..150), (0..50, 0..60), (0..0, 0..1)] {
        let two = Two::new().await;
        if !source.is_empty() {
            add(&two.from, source.clone(), "source").await;
        }
        add(&two.to, target.clone(), "target").await;
        let before = all(&two.to).await;
        let refused = two.copy().await;
        let is_refused = matches!(refused, Err(CopyError::NoBeginning { .. }));
        assert!(is_refused, "{source:?} to {target:?}: {refused:?}");
        assert_eq!(all(&two.to).await, before);
        assert_eq!(two.to.recall("source").await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_writes_to_the_target_meanwhile_stops_the_copy() {
    let two = Two::new().await;
    add(&two.from, 0..9_000, "a").await;
    add(&two.from, 9_000..18_000, "b").await;
    let meddles = |step| {
        if let Step::Events(..) = step {
            let to = Arc::clone(&two.to);
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(add(&to, 90_000..90_001, "meddler"));
            });
        }
    };
    let stopped = copy(two.from.as_ref(), two.to.as_ref(), &meddles).await;
    assert!(matches!(stopped, Err(CopyError::TargetWritten(_))), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_writers_a_copy_ends_and_is_a_beginning_with_the_keys_of_its_events_only() {
    let two = Two::new().await;
    add(&two.from, 0..5_000, "first").await;
    let stop = tokio_util::sync::CancellationToken::new();
    let writer = tokio::spawn({
        let (from, stop) = (Arc::clone(&two.from), stop.clone());
        async move {
            let mut next = 5_000;
            while !stop.is_cancelled() {
                add(&from, next..next + 2, &format!("key {next}")).await;
                next += 2;
            }
            next
        }
    });
    let copied = two.copy().await.unwrap();
    stop.cancel();
    let written = writer.await.unwrap();
    assert!(copied.digest.count >= 5_000);
    assert_eq!(copied.digest, two.from.digest(copied.at).await.unwrap());
    let keys = two.to.remembered_keys(None, usize::MAX).await.unwrap();
    assert!(keys.iter().all(|key| key.remembered.appended.position <= copied.at));
    let expected = 1 + (copied.digest.count - 5_000) / 2;
    assert_eq!(keys.len() as u64, expected);
    two.copy().await.unwrap();
    assert_eq!(digest(&two.to).await.count, written as u64);
}

#[tokio::test]
async fn a_copy_can_be_written_to_when_it_is_made() {
    let two = Two::new().await;
    add(&two.from, 0..3, "a").await;
    two.copy().await.unwrap();
    let stream = StreamName::new("movie-0").unwrap();
    let expected = Expected::Exact(Revision(3));
    let appended = two.to.append(Append::new(stream, expected, vec![event(3)])).await.unwrap();
    assert_eq!(appended.position, Position(4));
}
