//! A log that fails: what was acknowledged happened once, and what fails says so.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use event_log::{
    Append, AppendError, Appended, Direction, EventBatches, EventLog, LogError, Remembered,
};
use events::{Position, RecordedEvent, Revision, StreamName};
use http::StatusCode;
use jiff::Timestamp;

use crate::testing::{Api, FILM, ID};

/// A log whose first answers to appends get lost on the way, after or before the append.
struct Unsure {
    log: Arc<dyn EventLog>,
    lost: AtomicU32,
    appends: bool,
}

impl Unsure {
    fn around(log: Arc<dyn EventLog>, lost: u32, appends: bool) -> Arc<dyn EventLog> {
        Arc::new(Self { log, lost: AtomicU32::new(lost), appends })
    }
}

#[async_trait]
impl EventLog for Unsure {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let lose = |left: u32| left.checked_sub(1);
        if self.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose).is_err() {
            return self.log.append(append).await;
        }
        if self.appends {
            self.log.append(append).await?;
        }
        Err(LogError::Unavailable("the connection broke: s3cret".to_owned()).into())
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_stream(stream, from, limit).await
    }

    async fn read_all(
        &self,
        from: Position,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_all(from, direction, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.log.head().await
    }

    fn subscribe_all(&self, from: Position) -> EventBatches {
        self.log.subscribe_all(from)
    }

    async fn recall(&self, key: &str) -> Result<Option<Remembered>, LogError> {
        self.log.recall(key).await
    }

    async fn forget_keys(&self, before: Timestamp) -> Result<u64, LogError> {
        self.log.forget_keys(before).await
    }

    fn last_acknowledged(&self) -> Position {
        self.log.last_acknowledged()
    }

    async fn close(&self) {
        self.log.close().await;
    }
}

#[tokio::test]
async fn an_append_whose_answer_got_lost_happens_once() {
    for appended in [true, false] {
        let api = Api::over(|log| Unsure::around(log, 2, appended)).await;
        let path = format!("/v1/movies/{ID}");
        let answer = api.ask("PUT", &path).json(FILM).send().await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let history = api.history().await;
        assert_eq!(history.len(), 1);
        assert_eq!(answer.body["events"][0]["id"], history[0].id.to_string());
    }
}

#[tokio::test]
async fn an_append_with_a_key_whose_answer_got_lost_happens_once() {
    let api = Api::over(|log| Unsure::around(log, 1, true)).await;
    let path = format!("/v1/movies/{ID}");
    let put = || api.ask("PUT", &path).header("idempotency-key", "k").json(FILM).send();
    let first = put().await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    assert_eq!(put().await.body, first.body);
    assert_eq!(api.history().await.len(), 1);
}

#[tokio::test]
async fn a_log_that_stays_away_is_said_to_be_away_and_not_why() {
    let api = Api::over(|log| Unsure::around(log, 1000, false)).await;
    let answer = api.ask("POST", "/v1/movies").json(FILM).send().await;
    answer.is_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert!(!answer.body.to_string().contains("s3cret"));
}
