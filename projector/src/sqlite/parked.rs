//! Parked streams: which there are, which somebody wants to be tried again, and trying it.
//!
//! A retry ends where a fresh fold would: films and facets count up in any order, ratings know their
//! film, and an event that stands before the film it is about is no more folded in later than it is
//! by a fold from the beginning.

use std::collections::BTreeSet;

use event_log::{Direction, EventLog};
use events::{Position, RecordedEvent, Revision, StreamName};
use read_model::{Changes, Checkpoint, Fact, PoisonReason, ReadModelChanged};
use sqlx::{Connection, SqliteConnection};

use super::{PoisonPolicy, SqliteReadModel, batch, checkpoint, failure::store_error};
use crate::{ProjectorError, StoreError};

/// How many events of a stream are folded in at once.
const PAGE_EVENTS: usize = 256;

/// A stream that a poison event has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedStream {
    /// Its name.
    pub stream: String,
    /// Where the poison event is.
    pub position: Position,
    /// What is wrong with it: the end of a sentence about it.
    pub reason: String,
    /// Whether it is going to be tried again.
    pub retry: bool,
    /// How many events were set aside, the poison event included.
    pub events: u64,
}

type ParkedRow = (String, u64, String, bool, u64);

impl From<ParkedRow> for ParkedStream {
    fn from((stream, position, reason, retry, events): ParkedRow) -> Self {
        Self { stream, position: Position(position), reason, retry, events }
    }
}

/// What became of a stream that was tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried {
    /// Which.
    pub stream: StreamName,
    /// What to tell the change feed.
    pub changed: ReadModelChanged,
    /// How many of its events were folded in.
    pub events_applied: u64,
    /// Why it is parked still, and where. `None`: it is not.
    pub parked: Option<(Position, String)>,
}

impl SqliteReadModel {
    /// How many streams a poison event has stopped.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be counted.
    pub async fn parked_streams(&self) -> Result<u64, StoreError> {
        let query = sqlx::query_scalar("SELECT count(*) FROM parked_stream");
        query.fetch_one(&self.writer).await.map_err(store_error)
    }

    /// The parked streams after position `after`, in the order of their poison events, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub async fn parked(
        &self,
        after: Position,
        limit: u32,
    ) -> Result<Vec<ParkedStream>, StoreError> {
        const LIST: &str = "SELECT stream, position, reason, retry, \
            (SELECT count(*) FROM parked_event AS e WHERE e.stream = s.stream) AS events \
            FROM parked_stream AS s WHERE position > ? ORDER BY position LIMIT ?";
        let after = i64::try_from(after.0).unwrap_or(i64::MAX);
        let query = sqlx::query_as(LIST).bind(after).bind(limit);
        let rows: Vec<ParkedRow> = query.fetch_all(&self.writer).await.map_err(store_error)?;
        Ok(rows.into_iter().map(ParkedStream::from).collect())
    }

    /// One parked stream. `None` where it is not parked.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub async fn parked_stream(&self, name: &str) -> Result<Option<ParkedStream>, StoreError> {
        const FIND: &str = "SELECT stream, position, reason, retry, \
            (SELECT count(*) FROM parked_event AS e WHERE e.stream = s.stream) AS events \
            FROM parked_stream AS s WHERE stream = ?";
        let query = sqlx::query_as(FIND).bind(name);
        let row: Option<ParkedRow> =
            query.fetch_optional(&self.writer).await.map_err(store_error)?;
        Ok(row.map(ParkedStream::from))
    }

    /// Asks for a stream to be tried again; for all of them, where none is named. Whichever projector
    /// is at work on the file does it. Gives how many streams that are.
    ///
    /// # Errors
    /// [`StoreError`] where that cannot be written.
    pub async fn ask_retry(&self, stream: Option<&str>) -> Result<u64, StoreError> {
        const ASK: &str = "UPDATE parked_stream SET retry = 1 WHERE ?1 IS NULL OR stream = ?1";
        let asked = sqlx::query(ASK).bind(stream).execute(&self.writer).await;
        Ok(asked.map_err(store_error)?.rows_affected())
    }

    /// The streams that shall be tried again, in the order of their poison events: what a later one
    /// may depend on comes first.
    pub(crate) async fn asked(&self, limit: u32) -> Result<Vec<StreamName>, StoreError> {
        const ASKED: &str =
            "SELECT stream FROM parked_stream WHERE retry = 1 ORDER BY position LIMIT ?";
        let query = sqlx::query_scalar::<_, String>(ASKED).bind(limit);
        let names = query.fetch_all(&self.writer).await.map_err(store_error)?;
        let name = |name| StreamName::new(name).map_err(|error| damaged(error.to_string()));
        names.into_iter().map(name).collect()
    }

    /// Takes the mark from a stream that cannot be tried again.
    pub(crate) async fn refuse_retry(&self, stream: &StreamName) -> Result<(), StoreError> {
        let query = sqlx::query("UPDATE parked_stream SET retry = 0 WHERE stream = ?");
        let done = query.bind(stream.as_str()).execute(&self.writer).await;
        done.map(drop).map_err(store_error)
    }

    /// Folds in what was set aside of a stream, in one transaction; what is poison still is parked
    /// again, with what is wrong now. `None` where the stream is not parked.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where the checkpoint is not `at`; that, and every other error, changes
    /// nothing.
    pub(crate) async fn retry(
        &self,
        log: &dyn EventLog,
        at: Checkpoint,
        stream: &StreamName,
    ) -> Result<Option<Retried>, ProjectorError> {
        let mut writer = self.writer.acquire().await.map_err(store_error)?;
        let retried = retry_stream(&mut writer, log, at, stream).await;
        if retried.is_err() {
            // As in `apply`.
            drop(writer.close().await);
        }
        retried
    }
}

async fn retry_stream(
    writer: &mut SqliteConnection,
    log: &dyn EventLog,
    at: Checkpoint,
    stream: &StreamName,
) -> Result<Option<Retried>, ProjectorError> {
    let mut db = writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let digest = checkpoint::expect(&mut db, at).await?;
    let Some(position) = poison_position(&mut db, stream).await? else { return Ok(None) };
    let first = event_at(log, position, stream).await?;
    let mut told =
        Told { stream, at, events_applied: 0, movies: <_>::default(), facets: <_>::default() };
    if stands_before_its_film(log, &first).await? {
        let reason = PoisonReason::NoSuchMovie.to_string();
        refuse(&mut db, stream, &reason).await?;
        db.commit().await.map_err(store_error)?;
        return Ok(Some(told.retried(Some((position, reason)))));
    }
    forget(&mut db, stream).await?;
    let (mut from, mut parked) = (first.revision, None);
    loop {
        let mut page = log.read_stream(stream, from, PAGE_EVENTS).await?;
        // What the checkpoint has not reached comes in its turn.
        page.retain(|event| event.position <= at.position);
        let Some(last) = page.last() else { break };
        from = last.revision.next();
        let (folded, changes) = batch::fold(&mut db, at, digest, &page, PoisonPolicy::Park).await?;
        told.events_applied += folded.events_applied;
        told.add(&changes);
        let poison = changes.poison.into_iter().next();
        parked = parked.or(poison.map(|poison| (poison.position, poison.reason.to_string())));
    }
    db.commit().await.map_err(store_error)?;
    Ok(Some(told.retried(parked)))
}

async fn poison_position(
    db: &mut SqliteConnection,
    stream: &StreamName,
) -> Result<Option<Position>, StoreError> {
    let query = sqlx::query_scalar("SELECT position FROM parked_stream WHERE stream = ?");
    let position: Option<u64> =
        query.bind(stream.as_str()).fetch_optional(db).await.map_err(store_error)?;
    Ok(position.map(Position))
}

async fn event_at(
    log: &dyn EventLog,
    position: Position,
    stream: &StreamName,
) -> Result<RecordedEvent, ProjectorError> {
    let before = Position(position.0.saturating_sub(1));
    let event = log.read_all(before, Direction::Forwards, 1).await?.pop();
    let event = event.filter(|event| event.position == position && event.stream == *stream);
    Ok(event.ok_or_else(|| damaged(format!("{stream} has no event at {position}")))?)
}

/// Whether an event is about a film that was created later, or never.
async fn stands_before_its_film(
    log: &dyn EventLog,
    event: &RecordedEvent,
) -> Result<bool, ProjectorError> {
    let Some(film) = Fact::read(event).depends_on() else { return Ok(false) };
    let first = log.read_stream(&film, Revision::NONE.next(), 1).await?.pop();
    Ok(first.is_none_or(|first| first.position > event.position))
}

async fn refuse(
    db: &mut SqliteConnection,
    stream: &StreamName,
    reason: &str,
) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE parked_stream SET retry = 0, reason = ? WHERE stream = ?");
    let done = query.bind(reason).bind(stream.as_str()).execute(db).await;
    done.map(drop).map_err(store_error)
}

async fn forget(db: &mut SqliteConnection, stream: &StreamName) -> Result<(), StoreError> {
    for statement in
        ["DELETE FROM parked_event WHERE stream = ?", "DELETE FROM parked_stream WHERE stream = ?"]
    {
        let done = sqlx::query(statement).bind(stream.as_str()).execute(&mut *db).await;
        done.map_err(store_error)?;
    }
    Ok(())
}

fn damaged(what: String) -> StoreError {
    StoreError::Damaged(format!("what is parked does not fit the log: {what}"))
}

/// What a retry has changed so far.
struct Told<'a> {
    stream: &'a StreamName,
    at: Checkpoint,
    events_applied: u64,
    movies: BTreeSet<events::MovieId>,
    facets: BTreeSet<read_model::FacetKey>,
}

impl Told<'_> {
    fn add(&mut self, changes: &Changes) {
        let changed = changes.announcement(self.at, self.at);
        self.movies.extend(changed.movies);
        self.facets.extend(changed.facets);
    }

    fn retried(self, parked: Option<(Position, String)>) -> Retried {
        let changed = ReadModelChanged {
            previous: self.at,
            checkpoint: self.at,
            movies: self.movies.into_iter().collect(),
            facets: self.facets.into_iter().collect(),
        };
        let (stream, events_applied) = (self.stream.clone(), self.events_applied);
        Retried { stream, changed, events_applied, parked }
    }
}
