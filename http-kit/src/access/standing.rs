//! Whether a caller who was let in may still do it. A credential is looked at when the head of a request
//! arrives; the work may begin much later: when the body is there, line by line, or as a job. Much may have
//! been revoked by then.
//!
//! Revocations are in memory, and a key for machines is kept in mind: asking again costs no more than the
//! first look did.

use std::{
    convert::Infallible,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    BoxError,
    body::Body,
    extract::{OptionalFromRequestParts, Request},
};
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use http_body_util::{BodyStream, StreamBody};
use identity::{Recollection, Role, Scope, TokenError};
use jiff::Timestamp;

use super::Recall;
use crate::{
    Problem, ProblemType,
    auth::{self, Gate, Shown},
    limits,
};

/// How often a caller is looked at while something is under way.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// How long a stream may go on that was begun with a token which has expired since.
const STREAM_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What somebody showed who was let in, to be looked at again. Clones share it. An extractor: not there where
/// the row takes anyone, or the request has no body.
#[derive(Clone)]
pub struct Standing {
    shared: Arc<Shared>,
    /// How long something goes on that was begun with a token which has expired since. `None`: as long as it
    /// takes.
    outlives_for: Option<Duration>,
}

struct Shared {
    believed: Recollection,
    way: Way,
    role: Role,
    scope: Scope,
    last: Mutex<Last>,
}

/// How it is asked.
enum Way {
    /// With what was shown.
    Shown { gate: Arc<Gate>, shown: Option<HeaderValue>, begun_at: Timestamp },
    /// With what is kept of it.
    Recalled(Recall),
}

/// What was found the last time.
struct Last {
    asked_at: Timestamp,
    refusal: Option<Problem>,
}

/// A body breaks off: whoever sends it may not do this any more.
#[derive(Debug, thiserror::Error)]
#[error("the caller may not do this any more")]
struct NotAnyMore;

impl Standing {
    /// Somebody who has been let in with these headers just now.
    pub(super) fn new(
        gate: &Arc<Gate>,
        headers: &HeaderMap,
        believed: Recollection,
        role: Role,
        scope: Scope,
    ) -> Self {
        let begun_at = gate.clock.now();
        let shown = headers.get(header::AUTHORIZATION).cloned();
        let way = Way::Shown { gate: Arc::clone(gate), shown, begun_at };
        let last = Mutex::new(Last { asked_at: begun_at, refusal: None });
        let shared = Shared { believed, way, role, scope, last };
        Self { shared: Arc::new(shared), outlives_for: Some(STREAM_MAX) }
    }

    /// Somebody who was let in before this process was there, and was not asked about since.
    pub(super) fn recalled(recall: Recall, of: Recollection, role: Role, scope: Scope) -> Self {
        let last = Mutex::new(Last { asked_at: Timestamp::MIN, refusal: None });
        let shared = Shared { believed: of, way: Way::Recalled(recall), role, scope, last };
        Self { shared: Arc::new(shared), outlives_for: None }
    }

    /// The same for what goes on after the request, however long it takes.
    #[must_use]
    pub fn for_later(self) -> Self {
        Self { outlives_for: None, ..self }
    }

    /// What there is to keep of it, to be asked by [`Recall`] after a restart: no secret.
    #[must_use]
    pub fn recollection(&self) -> &Recollection {
        &self.shared.believed
    }

    /// Whether what was begun may go on. Costs next to nothing within a second after it was asked. A token that
    /// has expired since is no reason to end it, one that was revoked is; and so is a key that has expired,
    /// which its owner has given that end.
    ///
    /// # Errors
    /// The refusal, for good: 401 or 403. Or 503, where nothing can be found out now.
    pub async fn may_go_on(&self) -> Result<(), Problem> {
        let now = self.now();
        {
            let last = self.last();
            let is_fresh = now.duration_since(last.asked_at).unsigned_abs() < ASKED_EVERY;
            if is_fresh || last.refusal.as_ref().is_some_and(is_for_good) {
                return last.refusal.clone().map_or(Ok(()), Err);
            }
        }
        self.ask(now, true).await
    }

    /// What was refused, if anything was.
    pub fn refusal(&self) -> Option<Problem> {
        self.last().refusal.clone()
    }

    /// Whether the body, now that it is there as a whole, may be acted upon.
    async fn at_the_end(&self, is_streamed: bool) -> Result<(), Problem> {
        self.ask(self.now(), is_streamed).await
    }

    async fn ask(&self, now: Timestamp, outlives: bool) -> Result<(), Problem> {
        let found = self.look(now, outlives).await;
        *self.last() = Last { asked_at: now, refusal: found.clone().err() };
        found
    }

    async fn look(&self, now: Timestamp, outlives: bool) -> Result<(), Problem> {
        let Shared { believed, way, role, scope, .. } = &*self.shared;
        let identity = match way {
            Way::Recalled(recall) => recall.ask(believed, now).await?,
            Way::Shown { gate, shown, begun_at } => {
                let shown = shown.as_ref();
                let mut found = gate.look_at_one(shown, now).await;
                let age = now.duration_since(*begun_at).unsigned_abs();
                let may_be_over = outlives && self.outlives_for.is_none_or(|most| age < most);
                if may_be_over && matches!(found, Shown::Refused(TokenError::Expired)) {
                    found = gate.look_at_one(shown, *begun_at).await;
                }
                found.believed()?.identity
            }
        };
        match identity.may(*role, *scope) {
            true => Ok(()),
            false => Err(auth::does_not_reach(&identity, *role, *scope)),
        }
    }

    fn now(&self) -> Timestamp {
        match &self.shared.way {
            Way::Shown { gate, .. } => gate.clock.now(),
            Way::Recalled(recall) => recall.now(),
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.shared.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at who sends a body again: at its end, and where it is read as it comes, while it comes. A refusal
    /// makes it break off.
    pub(super) fn watch(&self, request: &mut Request) {
        let standing = self.clone();
        limits::around_body(request, move |body, is_streamed| watched(body, standing, is_streamed));
    }
}

/// A body that breaks off where `standing` is lost. What comes after it is let through for who passes it over.
fn watched(body: Body, standing: Standing, is_streamed: Arc<AtomicBool>) -> Body {
    let frames = stream::unfold(Some((BodyStream::new(body), false)), move |rest| {
        let (standing, is_streamed) = (standing.clone(), Arc::clone(&is_streamed));
        async move {
            let (mut body, was_refused) = rest?;
            let frame = body.next().await;
            if was_refused {
                return Some((frame?.map_err(BoxError::from), Some((body, true))));
            }
            let is_streamed = is_streamed.load(Ordering::Relaxed);
            let may = match &frame {
                Some(_) if !is_streamed => Ok(()),
                Some(_) => standing.may_go_on().await,
                None => standing.at_the_end(is_streamed).await,
            };
            match (may, frame) {
                (Ok(()), frame) => Some((frame?.map_err(BoxError::from), Some((body, false)))),
                (Err(_), Some(_)) => Some((Err(NotAnyMore.into()), Some((body, true)))),
                (Err(_), None) => Some((Err(NotAnyMore.into()), None)),
            }
        }
    });
    Body::new(StreamBody::new(frames.boxed()))
}

/// Whether a refusal stays one, whatever comes.
fn is_for_good(refusal: &Problem) -> bool {
    refusal.problem_type() != ProblemType::Unavailable
}

impl fmt::Debug for Standing {
    /// Shows no credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").field("of", &self.shared.believed).finish_non_exhaustive()
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Standing {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
