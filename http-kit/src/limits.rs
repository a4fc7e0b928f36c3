//! Bounds on what a single request may cost: the length of its address, the size of its body, its time.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::{FutureExt, StreamExt, future, stream};
use http::{HeaderValue, Method, header};
use http_body_util::{BodyExt, BodyStream, Limited, StreamBody};

use crate::{
    Problem, ProblemType,
    places::{Place, Places, full, given_up},
};

/// The bounds.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) uri_bytes_max: usize,
    pub(crate) body_bytes_max: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) places: Places,
}

/// The largest body a request may have, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(usize);

impl BodyLimit {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// The limit that [`bound_work`] put on the request; without it, none.
    pub(crate) fn of(request: &Request) -> Self {
        request.extensions().get().copied().unwrap_or(Self(usize::MAX))
    }

    /// Whether a `Content-Length` is over the limit. One that is not a number is left to be found out.
    pub(crate) fn is_exceeded_by(self, content_length: &HeaderValue) -> bool {
        let announced = content_length.to_str().ok().and_then(|length| length.parse::<u64>().ok());
        announced
            .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > self.0))
    }

    pub(crate) fn exceeded(self) -> Problem {
        Problem::new(ProblemType::PayloadTooLarge)
            .detail(format!("A body may have {} bytes at most.", self.0))
    }
}

/// Refuses addresses that are too long.
pub(crate) async fn bound_address(
    State(limits): State<Limits>,
    request: Request,
    next: Next,
) -> Response {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > limits.uri_bytes_max {
        return Problem::new(ProblemType::UriTooLong)
            .detail(format!("Path and query may have {} bytes at most.", limits.uri_bytes_max))
            .into_response();
    }
    next.run(request).await
}

/// Bounds the body by size and the work by time.
///
/// When time is up, whoever was slow is told: 408 to a client whose body had not arrived, 503 from a
/// server that was at work. A handler that has taken the body by [`streamed`] goes on.
pub(crate) async fn bound_work(
    State(limits): State<Limits>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(BodyLimit(limits.body_bytes_max));
    let place = limits.places.for_request(request.uri().path());
    let is_there = request.body().is_end_stream() || !reads_bodies(request.method());
    if is_there && place.take().is_err() {
        return full();
    }
    let (request, body, arriving) = watch_body(request, limits.body_bytes_max, &place);
    let in_time = async {
        let mut work = pin!(next.run(request));
        match tokio::time::timeout(limits.request_timeout, &mut work).await {
            Ok(response) => response,
            Err(_) if body.is_streamed() => work.await,
            // The body lives as long as somebody is still reading it.
            Err(_) if Arc::strong_count(&arriving) > 1 => {
                Problem::new(ProblemType::RequestTimeout).into_response()
            }
            Err(_) => Problem::new(ProblemType::Unavailable)
                .detail("The answer took too long.")
                .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
                .into_response(),
        }
    };
    let answer = tokio::select! {
        biased;
        () = place.to_be_given_up() => return given_up(),
        answer = in_time => answer,
    };
    if place.is_refused() { full() } else { answer }
}

/// Whether handlers of this method read bodies. What comes with the others is passed over.
fn reads_bodies(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
}

/// Bounds the body, and gives it together with a token that is shared with whoever is reading it.
fn watch_body(
    mut request: Request,
    bytes_max: usize,
    place: &Arc<Place>,
) -> (Request, Arc<Arriving>, Arc<()>) {
    let token = Arc::new(());
    let body = std::mem::take(request.body_mut());
    let is_empty = body.is_end_stream();
    let arriving = Arc::new(Arriving::new(body));
    request.extensions_mut().insert(Arc::clone(&arriving));
    if is_empty {
        return (request, arriving, token);
    }
    let (body, reading) = (Arc::clone(&arriving), Arc::clone(&token));
    let left = Left { place: Arc::clone(place), streamed: Arc::clone(&arriving.streamed) };
    // Not before it is read: until then it may be taken as it is.
    let bounded = future::lazy(move |_| {
        let arrived =
            BodyStream::new(Limited::new(body.take(), bytes_max).map_frame(move |frame| {
                let _alive = &reading;
                frame
            }));
        // Whoever finds no place sees a body that breaks off, and never one that is whole. It has left only
        // then: until its place is asked for, nothing else may ask for it.
        let place = stream::once(async move { left.place.take() })
            .filter_map(async |taken| taken.err().map(|full| Err(full.into())));
        arrived.chain(Box::pin(place))
    });
    *request.body_mut() = Body::new(StreamBody::new(bounded.flatten_stream()));
    (request, arriving, token)
}

/// A body leaves: read to its end, or by a handler that has no use for it and begins to work now.
struct Left {
    place: Arc<Place>,
    streamed: Arc<AtomicBool>,
}

impl Drop for Left {
    fn drop(&mut self) {
        if !self.streamed.load(Ordering::Relaxed) {
            self.place.take_late();
        }
    }
}

/// A body that nobody has begun to read.
#[derive(Debug)]
struct Arriving {
    body: Mutex<Option<Body>>,
    /// Whether its handler reads it as it comes.
    streamed: Arc<AtomicBool>,
}

impl Arriving {
    fn new(body: Body) -> Self {
        Self { body: Mutex::new(Some(body)), streamed: Arc::default() }
    }

    /// The body; an empty one for whoever comes second.
    fn take(&self) -> Body {
        self.body().take().unwrap_or_default()
    }

    fn body(&self) -> MutexGuard<'_, Option<Body>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_streamed(&self) -> bool {
        self.streamed.load(Ordering::Relaxed)
    }
}

/// The body of a request whose handler reads it as it comes, and bounds it itself: from now on neither
/// the size nor the time of ordinary requests does.
pub(crate) fn streamed(request: Request) -> Body {
    let Some(arriving) = request.extensions().get::<Arc<Arriving>>() else {
        return request.into_body();
    };
    arriving.streamed.store(true, Ordering::Relaxed);
    arriving.take()
}

/// Puts something around the body that nobody has begun to read, however it will be read. `around` is told, by
/// the time it is polled, whether it is read as it comes.
pub(crate) fn around_body(
    request: &mut Request,
    around: impl FnOnce(Body, Arc<AtomicBool>) -> Body,
) {
    let Some(arriving) = request.extensions().get::<Arc<Arriving>>() else {
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = around(body, Arc::default());
        return;
    };
    let mut held = arriving.body();
    *held = held.take().map(|body| around(body, Arc::clone(&arriving.streamed)));
}
