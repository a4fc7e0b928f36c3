//! The outermost part of the edge: says which request it is, gives out what is kept ready, and records
//! what became of it.
//!
//! An answer that is ready goes out from here: it meets no other layer and no router, and nothing is
//! spawned, boxed or waited for on its way.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    extract::Request,
    response::Response,
};
use tower::{Service, ServiceExt};

use super::add_defaults;
use crate::{
    Clock, ResponseCache,
    context::ContextHeaders,
    request_log::{Exchange, RequestLog},
};

/// The routes with the edge around them: a service for any body. Made by [`crate::edge`].
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

struct Parts {
    inner: Router,
    clock: Clock,
    cache: Option<ResponseCache>,
    log: RequestLog,
}

/// The answer of an [`Edge`], at once or later.
pub struct EdgeFuture(Answer);

enum Answer {
    Ready(Option<Response>),
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

impl Edge {
    pub(super) fn new(inner: Router, clock: Clock, cache: Option<ResponseCache>) -> Self {
        Self(Arc::new(Parts { inner, clock, cache, log: RequestLog::default() }))
    }
}

impl Parts {
    async fn answer(&self, mut request: Request, context: &ContextHeaders) -> Response {
        request.extensions_mut().insert(context.context());
        let handler = async |request: Request| match self.inner.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let mut response = match &self.cache {
            Some(cache) => cache.answer(request, handler).await,
            None => handler(request).await,
        };
        add_defaults(response.headers_mut());
        response
    }
}

impl<B> Service<http::Request<B>> for Edge
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = EdgeFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> EdgeFuture {
        let parts = &self.0;
        let started = Instant::now();
        let context = ContextHeaders::of(request.headers(), &parts.clock);
        if let Some(cache) = &parts.cache
            && let Some(mut response) = cache.lookup(&request)
        {
            let (method, path) = (request.method(), request.uri().path());
            let exchange = Exchange { method, path, context: &context, started };
            parts.log.record(&exchange, &mut response);
            context.put_into(response.headers_mut());
            return EdgeFuture(Answer::Ready(Some(response)));
        }
        let parts = Arc::clone(parts);
        let request = request.map(Body::new);
        EdgeFuture(Answer::Later(Box::pin(async move {
            let (method, uri) = (request.method().clone(), request.uri().clone());
            let mut response = parts.answer(request, &context).await;
            let exchange =
                Exchange { method: &method, path: uri.path(), context: &context, started };
            parts.log.record(&exchange, &mut response);
            context.put_into(response.headers_mut());
            response
        })))
    }
}

impl Future for EdgeFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            // A future is not polled again after its answer; should it be, it waits for ever.
            Answer::Ready(response) => {
                response.take().map_or(Poll::Pending, |r| Poll::Ready(Ok(r)))
            }
            Answer::Later(working) => working.as_mut().poll(task).map(Ok),
        }
    }
}

impl From<Edge> for Router {
    /// For whoever serves or tests a [`Router`].
    fn from(edge: Edge) -> Self {
        Self::new().fallback_service(edge)
    }
}
