//! What is put on requests on their way to the service, and taken from answers on their way back: whom the
//! connection comes from, whether the request can be read, whether its body was, and when its answer has been
//! sent.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use http::{HeaderValue, Request, header};
use http_kit::{Peer, Unreadable};
use hyper::body::{Frame, Incoming, SizeHint};
use tower::{Service, ServiceExt};

use super::state::{Busy, State};

/// The service of one connection.
pub(super) fn served<S>(
    service: S,
    peer: Peer,
    state: Arc<State>,
) -> impl Service<Request<Incoming>, Response = http::Response<Sent>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static
where
    S: Service<Request<Received>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    tower::service_fn(move |mut request: Request<Incoming>| {
        let (busy, unreadable) = state.begins();
        request.extensions_mut().insert(peer);
        if let Some(unreadable) = unreadable {
            request.extensions_mut().insert(unreadable);
        }
        let was_left = Arc::new(AtomicBool::new(false));
        let is_of_known_length = request.body().size_hint().exact().is_some();
        let receive = |body| Received { body, has_ended: false, was_left: Arc::clone(&was_left) };
        let answer = service.clone().oneshot(request.map(receive));
        let state = Arc::clone(&state);
        async move {
            let mut response = answer.await?;
            if was_left.load(Ordering::Relaxed) && (state.is_in_body() || !is_of_known_length) {
                close(&mut response);
            }
            if let Some(unreadable) = unreadable {
                refused(&mut response, unreadable);
            }
            Ok(response.map(|body| Sent { body, _busy: busy }))
        }
    })
}

/// The connection ends after this; and the status is right whether or not the service knows such requests.
fn refused(response: &mut Response, unreadable: Unreadable) {
    *response.status_mut() = unreadable.status();
    close(response);
}

/// Says that the connection ends after this (RFC 9112 section 9.6), and makes hyper end it. By itself hyper ends it
/// without a word where an answer begins before its request was read, unless it has the rest already.
fn close(response: &mut Response) {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// The body of a request: it tells where it was left before its end.
pub(in crate::roles) struct Received {
    body: Incoming,
    has_ended: bool,
    was_left: Arc<AtomicBool>,
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(task);
        self.has_ended |= matches!(polled, Poll::Ready(None));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if !self.has_ended && !self.body.is_end_stream() {
            self.was_left.store(true, Ordering::Relaxed);
        }
    }
}

/// An answer that is being sent: when it is dropped, that is over.
pub(super) struct Sent {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(task)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
