//! Single films. Those that are asked for while all connections are busy are fetched together, by one
//! statement: a trip to the server costs far more than a row.
//!
//! No request waits for others to come: if a connection is free, a film is fetched at once. And a request is
//! only answered by a statement that was sent after it, so that its answer is as new as if it had been
//! alone.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use events::MovieId;
use read_model::MovieDocument;
use sqlx::{Postgres, QueryBuilder, Row};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};
use uuid::Uuid;

use super::{checkpoint_of, options::PostgresStoreOptions, session::Session};
use crate::store::{Seen, StoreError};

/// The most films of one statement. With more, the documents would cost most, and nothing would be saved.
const TOGETHER_MAX: usize = 64;

/// The most requests that may wait to be fetched: as many as are served in about half a second.
const WAITING_MAX: usize = 4_096;

/// Fetches single films. Clones share the queue.
#[derive(Debug, Clone)]
pub(super) struct Films(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rows: Session,
    waiting: Mutex<VecDeque<Asked>>,
    /// A place for each statement that may be under way.
    places: Arc<Semaphore>,
    /// How long a request waits for its film.
    patience: Duration,
}

/// A request for a film.
#[derive(Debug)]
struct Asked {
    id: MovieId,
    answer: oneshot::Sender<Result<Found, StoreError>>,
}

/// A film's document, where it is there.
type Found = Seen<Option<Arc<str>>>;

impl Films {
    /// Fetches over all connections of `rows`.
    pub(super) fn new(options: &PostgresStoreOptions, rows: &Session) -> Self {
        let connections = usize::try_from(rows.connections()).unwrap_or(Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            rows: rows.clone(),
            waiting: Mutex::default(),
            places: Arc::new(Semaphore::new(connections)),
            patience: options.connect_timeout + options.statement_timeout,
        }))
    }

    /// A film that is not deleted.
    pub(super) async fn get(&self, id: MovieId) -> Result<Seen<Option<MovieDocument>>, StoreError> {
        let asked = self.ask(id)?;
        let unavailable = |reason: String| StoreError::Unavailable(reason.into());
        let (checkpoint, json) = match timeout(self.0.patience, asked).await {
            Ok(Ok(found)) => found?,
            Ok(Err(_)) => return Err(unavailable("fetching the film was interrupted".to_owned())),
            Err(_) => {
                let limit = self.0.patience.as_secs_f32();
                return Err(unavailable(format!("no connection fetched the film in {limit} s")));
            }
        };
        let film = json.as_deref().map(serde_json::from_str).transpose();
        Ok((checkpoint, film.map_err(StoreError::damaged)?))
    }

    fn ask(&self, id: MovieId) -> Result<oneshot::Receiver<Result<Found, StoreError>>, StoreError> {
        let (answer, asked) = oneshot::channel();
        let mut waiting = self.0.waiting();
        if waiting.len() >= WAITING_MAX {
            return Err(StoreError::Unavailable(
                "too many films are being asked for at once".into(),
            ));
        }
        waiting.push_back(Asked { id, answer });
        drop(waiting);
        if let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() {
            tokio::spawn(Arc::clone(&self.0).fetch_all(place));
        }
        Ok(asked)
    }
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Asked>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches until nobody waits.
    async fn fetch_all(self: Arc<Self>, mut place: OwnedSemaphorePermit) {
        loop {
            while let Some(asked) = self.next() {
                self.answer(asked).await;
            }
            drop(place);
            // A request that came before the place was free has found no place, and started no statement.
            if self.waiting().is_empty() {
                return;
            }
            match Arc::clone(&self.places).try_acquire_owned() {
                Ok(again) => place = again,
                Err(_) => return,
            }
        }
    }

    /// The requests whose turn it is, and whose callers still wait. `None`: there are none.
    fn next(&self) -> Option<Vec<Asked>> {
        let mut waiting = self.waiting();
        let mut next = Vec::new();
        while next.len() < TOGETHER_MAX
            && let Some(asked) = waiting.pop_front()
        {
            if !asked.answer.is_closed() {
                next.push(asked);
            }
        }
        (!next.is_empty()).then_some(next)
    }

    async fn answer(&self, asked: Vec<Asked>) {
        let found = self.fetch(&asked).await;
        for Asked { id, answer } in asked {
            let answered = match &found {
                Ok((checkpoint, films)) => Ok((*checkpoint, films.get(&id.0).cloned())),
                Err(error) => Err(error.again()),
            };
            // A caller that has gone meanwhile needs no answer.
            let _ = answer.send(answered);
        }
    }

    /// The documents of films, by their ids.
    async fn fetch(&self, asked: &[Asked]) -> Result<Seen<HashMap<Uuid, Arc<str>>>, StoreError> {
        let mut ids: Vec<Uuid> = asked.iter().map(|asked| asked.id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let statement = || statement("", &ids);
        let rows = self.rows.rows(&statement).await?;
        let first = rows.first().ok_or_else(|| StoreError::damaged(sqlx::Error::RowNotFound))?;
        let checkpoint = checkpoint_of(first)?;
        let mut films = HashMap::with_capacity(rows.len());
        for row in &rows {
            // If none of the films exists there is a row all the same, for the checkpoint.
            if let Some(false) = row.try_get(2)? {
                films.insert(row.try_get(3)?, Arc::from(row.try_get::<&str, _>(4)?));
            }
        }
        Ok((checkpoint, films))
    }
}

/// The statement that fetches films, behind a verb such as `EXPLAIN`.
///
/// Deleted films are not excluded in SQL: while there are no films yet, Postgres could then choose one of the
/// indexes of films that are not deleted, and keep to that plan for long.
fn statement(verb: &str, ids: &[Uuid]) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(verb);
    query.push(
        "SELECT c.generation, c.position, m.deleted, m.id, m.document FROM checkpoint AS c \
         LEFT JOIN movie AS m ON m.id = ANY(",
    );
    query.push_bind(ids.to_vec()).push(") WHERE c.one = 1");
    query
}
