//! Single films. Those that are asked for while the connections are busy are fetched together, by one
//! statement: a trip to the server costs far more than a row.
//!
//! Nobody waits for company: where a connection is free, a film is fetched at once. A film is only ever
//! given from a statement that was sent after it was asked for, so that what it shows is as new as if it
//! had been asked for alone.

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

/// The most films of one statement. What they cost is mostly their documents from there on.
const TOGETHER_MAX: usize = 64;

/// The most films that may be asked for and not be fetched yet: what is served in about half a second.
const WAITING_MAX: usize = 4_096;

/// Fetches single films. Clones share what waits.
#[derive(Debug, Clone)]
pub(super) struct Films(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rows: Session,
    waiting: Mutex<VecDeque<Asked>>,
    /// One for each statement that may be under way.
    places: Arc<Semaphore>,
    /// How long a film is waited for, from when it was asked for.
    patience: Duration,
}

/// A film that somebody has asked for.
#[derive(Debug)]
struct Asked {
    id: MovieId,
    answer: oneshot::Sender<Result<Found, StoreError>>,
}

/// A film's document, where it is there.
type Found = Seen<Option<Arc<str>>>;

impl Films {
    /// Fetched over all of the connections of `rows`.
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
            Ok(Err(_)) => return Err(unavailable("whoever fetched the film is gone".to_owned())),
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
            return Err(StoreError::Unavailable("too many films are asked for".into()));
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
            // Whoever asked before the place was free has found nobody to fetch.
            if self.waiting().is_empty() {
                return;
            }
            match Arc::clone(&self.places).try_acquire_owned() {
                Ok(again) => place = again,
                Err(_) => return,
            }
        }
    }

    /// Those whose turn it is, and who still wait. Never empty.
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
            // Who has gone meanwhile needs none.
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
            // Where none of them is there, there is a row all the same, for the checkpoint.
            if let Some(false) = row.try_get(2)? {
                films.insert(row.try_get(3)?, Arc::from(row.try_get::<&str, _>(4)?));
            }
        }
        Ok((checkpoint, films))
    }
}

/// The statement that fetches films, behind a verb such as `EXPLAIN`.
///
/// It does not leave deleted ones out: then the indexes of films that are not deleted would do as well for
/// Postgres while there are no films, and it may keep to such a plan for long.
fn statement(verb: &str, ids: &[Uuid]) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(verb);
    query.push(
        "SELECT c.generation, c.position, m.deleted, m.id, m.document FROM checkpoint AS c \
         LEFT JOIN movie AS m ON m.id = ANY(",
    );
    query.push_bind(ids.to_vec()).push(") WHERE c.one = 1");
    query
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use proving_ground::CuttingProxy;

    use super::*;
    use crate::{
        Store,
        store::postgres::PostgresStore,
        testing::{Kind, ReadModel, film},
    };

    /// Keeps a connection busy that others want.
    async fn hold(session: &Session, sql: &'static str) {
        session.rows(&|| QueryBuilder::new(sql)).await.unwrap();
    }

    async fn store(films: &[MovieDocument]) -> (ReadModel, PostgresStore) {
        let model = ReadModel::of(Kind::Postgres, films).await;
        let store = model.postgres().store().await;
        (model, store)
    }

    #[tokio::test]
    async fn of_many_who_ask_at_once_each_is_given_their_own_film() {
        let films: Vec<_> = (0..100).map(|number| film(&format!("Film {number}"))).collect();
        let (_model, store) = store(&films).await;
        // Every film twice, and as many that are not there.
        let wanted = (0..400).map(|number| film(&format!("Film {}", number % 200)).id);
        let asking = wanted.clone().map(|id| store.movie(id));
        let (seen, ()) = tokio::join!(join_all(asking), hold(&store.rows, "SELECT pg_sleep(0.2)"));
        for (number, (id, seen)) in wanted.zip(seen).enumerate() {
            let film = seen.unwrap().1;
            assert_eq!(film.map(|film| film.id), (number % 200 < 100).then_some(id));
        }
        assert!(store.films.0.waiting().is_empty());
    }

    #[tokio::test]
    async fn films_are_looked_for_by_their_ids_even_where_that_was_planned_before_there_were_any() {
        let (_model, store) = store(&[]).await;
        let ids = vec![Uuid::nil(); TOGETHER_MAX];
        let plan = store.rows.rows(&|| statement("EXPLAIN ", &ids)).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|step| step.get(0)).collect();
        assert!(plan.iter().any(|step| step.contains("movie_id")), "{plan:#?}");
        let others = ["Seq Scan", "movie_title", "movie_year", "movie_rating"];
        let is_other = |step: &String| others.iter().any(|other| step.contains(other));
        assert!(!plan.iter().any(is_other), "{plan:#?}");
    }

    #[tokio::test]
    async fn films_are_given_while_every_connection_for_lists_is_busy() {
        let ran = film("Ran");
        let (_model, store) = store(std::slice::from_ref(&ran)).await;
        tokio::select! {
            biased;
            () = hold(&store.lists, "SELECT pg_sleep(9)") => panic!("the list was quicker"),
            seen = store.movie(ran.id) => assert!(seen.unwrap().1.is_some()),
        }
    }

    #[tokio::test]
    async fn a_film_is_as_new_as_when_it_was_asked_for_however_many_others_ask() {
        let ran = film("Ran");
        let (model, store) = store(std::slice::from_ref(&ran)).await;
        let mut others = Vec::new();
        for position in 1..40 {
            model.postgres().run(&format!("UPDATE checkpoint SET position = {position}")).await;
            others.extend((0..8).map(|_| {
                let (store, id) = (store.clone(), ran.id);
                tokio::spawn(async move { (position, store.movie(id).await.unwrap().0) })
            }));
        }
        for other in others {
            let (position, seen) = other.await.unwrap();
            assert!(seen.position.0 >= position, "{seen:?} after {position}");
        }
    }

    #[tokio::test]
    async fn when_too_many_wait_the_next_is_told_to_come_again() {
        let (_model, store) = store(&[]).await;
        let id = film("Ran").id;
        // The first one is on its way, over the one connection that there is.
        let asking = (0..WAITING_MAX + 2).map(|_| store.movie(id));
        let mut seen = join_all(asking).await;
        let last = seen.pop().unwrap();
        assert!(matches!(last, Err(StoreError::Unavailable(_))), "{last:?}");
        let refused = seen.iter().filter(|seen| seen.is_err()).count();
        assert!(refused <= 1, "{refused} more");
    }

    #[tokio::test]
    async fn films_that_nobody_waits_for_any_more_are_not_fetched() {
        let (_model, store) = store(&[]).await;
        let ask = |title: &str| store.films.ask(film(title).id).unwrap();
        // Nothing is fetched before this task waits for something.
        let (gone, stays) = (ask("Gone"), ask("Stays"));
        drop(gone);
        let next = store.films.0.next().unwrap();
        assert_eq!(next.len(), 1);
        assert_eq!(next[0].id, film("Stays").id);
        store.films.0.answer(next).await;
        assert_eq!(stays.await.unwrap().unwrap().1, None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn connections_that_break_and_callers_who_go_leave_nobody_waiting() {
        let ran = film("Ran");
        let model = ReadModel::of(Kind::Postgres, std::slice::from_ref(&ran)).await;
        let options = model.postgres().options().await;
        let proxy = CuttingProxy::to(&options.url).await;
        let url = proxy.url_for(&options.url);
        let options = PostgresStoreOptions { url, connections: 8, ..options };
        let store = PostgresStore::open(options).await.unwrap();
        for _ in 0..20 {
            let ask = |number: u64| {
                let (store, id) = (store.clone(), ran.id);
                // Every third one goes, at all times while the others are served.
                let patience = Duration::from_micros(number * 20);
                let goes = number.is_multiple_of(3);
                tokio::spawn(async move {
                    match goes {
                        true => timeout(patience, store.movie(id)).await.ok(),
                        false => Some(store.movie(id).await),
                    }
                })
            };
            let asking: Vec<_> = (0..200).map(ask).collect();
            proxy.cut();
            for seen in join_all(asking).await {
                match seen.unwrap() {
                    Some(Ok((_, seen))) => assert_eq!(seen.map(|film| film.id), Some(ran.id)),
                    Some(Err(error)) => {
                        assert!(matches!(error, StoreError::Unavailable(_)), "{error}")
                    }
                    None => {}
                }
            }
            // Those that went may wait still, but only until somebody is there to see that.
            store.movie(ran.id).await.unwrap();
            assert!(store.films.0.waiting().iter().all(|asked| asked.answer.is_closed()));
        }
    }
}
