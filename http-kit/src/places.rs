//! How many requests are worked on at once. Who finds no place is told to come again: a server that takes on
//! more than it can do does nothing in time.
//!
//! A request takes its place once it is there as a whole: one whose body is still arriving costs no work, and
//! slow clients must not take the places of others. Where its handler does not read the body, it takes it when
//! the handler begins. It gives it up when its answer begins. Bodies that are read as they come (bulk requests)
//! take none: connections bound those.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use metrics::{counter, describe_counter};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::{Problem, ProblemType};

/// Requests that found no place.
const REFUSED: &str = "cinelog_http_requests_over_limit_total";

/// Who asks for these wants to know how this process is doing: they are always answered.
const ALWAYS: [&str; 2] = ["/livez", "/readyz"];

/// The places.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Semaphore>);

impl Places {
    pub(crate) fn new(requests: usize) -> Self {
        describe_counter!(REFUSED, "Requests that were refused since too many were worked on.");
        Self(Arc::new(Semaphore::new(requests.min(Semaphore::MAX_PERMITS))))
    }

    /// One for a request to `path`, which it does not have yet.
    pub(crate) fn for_request(&self, path: &str) -> Arc<Place> {
        Arc::new(Place {
            places: (!ALWAYS.contains(&path)).then(|| self.clone()),
            taken: Mutex::new(None),
            refused: AtomicBool::new(false),
            given_up: Notify::new(),
        })
    }
}

/// The place of one request. Given up when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    /// `None` for who needs none.
    places: Option<Places>,
    taken: Mutex<Option<OwnedSemaphorePermit>>,
    refused: AtomicBool,
    /// Told where its request had begun to be worked on without one.
    given_up: Notify,
}

/// There is no place.
#[derive(Debug, thiserror::Error)]
#[error("too many requests are worked on")]
pub(crate) struct Full;

impl Place {
    /// Takes it.
    ///
    /// # Errors
    /// [`Full`] where there is none; the request must then not be worked on.
    pub(crate) fn take(&self) -> Result<(), Full> {
        let taken = self.try_take();
        if taken.is_err() {
            self.refused.store(true, Ordering::Relaxed);
        }
        taken
    }

    /// Takes it for a request whose handler has begun already. Where there is none, its work is to be given up.
    pub(crate) fn take_late(&self) {
        if !self.is_refused() && self.try_take().is_err() {
            self.given_up.notify_one();
        }
    }

    fn try_take(&self) -> Result<(), Full> {
        let Some(Places(places)) = &self.places else { return Ok(()) };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.is_none() {
            *taken = Some(Arc::clone(places).try_acquire_owned().map_err(|_| Full)?);
        }
        Ok(())
    }

    /// Waits until its request is to be given up; for ever, where it is not.
    pub(crate) async fn to_be_given_up(&self) {
        self.given_up.notified().await;
    }

    /// Whether it was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

/// The answer to who found no place.
pub(crate) fn full() -> Response {
    answer("The server works on as many requests as it can. Nothing was done.")
}

/// The answer to who had begun, and found no place.
pub(crate) fn given_up() -> Response {
    answer("The server works on as many requests as it can, and gave this one up.")
}

fn answer(detail: &str) -> Response {
    // Here, since a request is answered once, however often it looked for a place.
    counter!(REFUSED).increment(1);
    Problem::new(ProblemType::Unavailable)
        .detail(detail)
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
        .into_response()
}
