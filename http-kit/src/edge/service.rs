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
use http::{HeaderMap, HeaderValue, header};
use tower::{Service, ServiceExt};
use trace_kit::Span;

use super::{EdgeOptions, add_defaults};
use crate::{
    ClientAddress, Clock, Cors, RateLimits, RequestContext, ResponseCache, TrustedProxies,
    auth::Gate,
    context::ContextHeaders,
    cors::origin,
    refused::RefusalNotes,
    request_log::{self, Exchange, RequestLog},
};

/// The routes with the edge around them: a service for any body. Made by [`crate::edge`].
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

struct Parts {
    inner: Router,
    clock: Clock,
    cache: Option<ResponseCache>,
    trusted_proxies: TrustedProxies,
    limits: Option<RateLimits>,
    gate: Arc<Gate>,
    log: RequestLog,
    outermost: Outermost,
    notes: Option<RefusalNotes>,
}

/// What an answer gets wherever it comes from: it depends on who asks, or on this node alone.
struct Outermost {
    cors: Option<Cors>,
    hsts: Option<HeaderValue>,
}

impl Outermost {
    /// The answer to a preflight that is let in.
    fn preflight<B>(&self, request: &http::Request<B>) -> Option<Response> {
        self.cors.as_ref()?.preflight(request.method(), request.headers())
    }

    /// The origin of a request, where that matters.
    fn origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        self.cors.as_ref().and_then(|_| origin(headers))
    }

    /// Puts it on.
    fn put_into(&self, headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
        if let Some(cors) = &self.cors {
            cors.mark(headers, origin);
        }
        if let Some(hsts) = &self.hsts {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
    }
}

/// The answer of an [`Edge`], at once or later.
pub struct EdgeFuture(Answer);

enum Answer {
    Ready(Option<Response>),
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

impl Edge {
    pub(super) fn new(inner: Router, gate: Arc<Gate>, options: EdgeOptions) -> Self {
        let EdgeOptions { clock, cache, trusted_proxies, cors, hsts_max_age_s, .. } = options;
        let notes = options.refusals.map(|refusals| RefusalNotes {
            refusals,
            access: options.access,
            clock: clock.clone(),
        });
        let hsts =
            hsts_max_age_s.and_then(|age| HeaderValue::try_from(format!("max-age={age}")).ok());
        let outermost = Outermost { cors, hsts };
        let log = RequestLog::default();
        Self(Arc::new(Parts {
            inner,
            clock,
            cache,
            trusted_proxies,
            limits: options.rate_limits,
            gate,
            log,
            outermost,
            notes,
        }))
    }
}

impl Parts {
    async fn answer(&self, request: Request, context: &ContextHeaders) -> Response {
        let (mut head, body) = request.into_parts();
        let trusted = &self.trusted_proxies;
        let client = ClientAddress::among(&head.extensions, &head.headers, trusted);
        head.extensions.insert(client);
        let said = context.context();
        head.extensions.insert(said.clone());
        let method = head.method.clone();
        let mut response = self.answer_within_limits(head, body, client, &said).await;
        if let Some(notes) = &self.notes {
            notes.note(&method, client, &said, &response);
        }
        add_defaults(response.headers_mut());
        response
    }

    /// Answers a request if its caller may still ask, and says on the answer what is left.
    async fn answer_within_limits(
        &self,
        mut head: http::request::Parts,
        body: Body,
        client: ClientAddress,
        said: &RequestContext,
    ) -> Response {
        let access = &self.gate.access;
        let (method, path) = (&head.method, head.uri.path());
        let applies = self.limits.as_ref().and_then(|limits| limits.applies(access, method, path));
        let admission = match applies {
            Some(applies) => applies.admit(&self.gate, &mut head, client, said).await,
            None => Ok(None),
        };
        match admission {
            Ok(None) => self.answer_admitted(Request::from_parts(head, body)).await,
            Ok(Some(admission)) => {
                let mut response = self.answer_admitted(Request::from_parts(head, body)).await;
                admission.settle(&mut response).await;
                response
            }
            Err(refusal) => *refusal,
        }
    }

    async fn answer_admitted(&self, request: Request) -> Response {
        let handler = async |request: Request| match self.inner.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        match &self.cache {
            Some(cache) => cache.answer(request, handler).await,
            None => handler(request).await,
        }
    }

    /// Whether a limit holds for what may be kept ready. Where there is none of that kind, nothing is asked of a
    /// request.
    fn limits_what_is_kept<B>(&self, request: &http::Request<B>) -> bool {
        let limits = self.limits.as_ref().filter(|limits| limits.concern_what_is_kept());
        limits.is_some_and(|limits| {
            limits.applies(&self.gate.access, request.method(), request.uri().path()).is_some()
        })
    }

    /// Records what became of a request, and says on its answer what depends on who asked.
    fn finish(
        &self,
        exchange: &Exchange<'_>,
        response: &mut Response,
        span: Span,
        origin: Option<&HeaderValue>,
    ) {
        self.log.record(exchange, response, span);
        self.outermost.put_into(response.headers_mut(), origin);
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
        let (context, mut span) = ContextHeaders::of(request.headers(), &parts.clock);
        request_log::describe(&mut span, &request, &context);
        if let Some(mut response) = parts.outermost.preflight(&request) {
            add_defaults(response.headers_mut());
            let (method, path) = (request.method(), request.uri().path());
            let exchange = Exchange { method, path, context: &context, started };
            parts.finish(&exchange, &mut response, span, None);
            context.put_into(response.headers_mut());
            return EdgeFuture(Answer::Ready(Some(response)));
        }
        let origin = parts.outermost.origin(request.headers());
        if let Some(cache) = &parts.cache
            && !parts.limits_what_is_kept(&request)
            && let Some(mut response) = cache.lookup(&request)
        {
            let (method, path) = (request.method(), request.uri().path());
            let exchange = Exchange { method, path, context: &context, started };
            parts.finish(&exchange, &mut response, span, origin.as_ref());
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
            parts.finish(&exchange, &mut response, span, origin.as_ref());
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
