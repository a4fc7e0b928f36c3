//! What is put on requests on their way to the service, and taken from answers on their way back: whom the
//! connection comes from, whether the request can be read, and when its answer has been sent.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
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
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    tower::service_fn(move |mut request: Request<Incoming>| {
        let (busy, unreadable) = state.begins();
        request.extensions_mut().insert(peer);
        if let Some(unreadable) = unreadable {
            request.extensions_mut().insert(unreadable);
        }
        let answer = service.clone().oneshot(request);
        async move {
            let mut response = answer.await?;
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
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
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
