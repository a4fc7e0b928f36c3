//! The way of a request through the cache: given out at once, after a short wait, or fetched.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header, request::Parts};

use super::{Cacheable, ResponseCache, answer::Answer, flights::Seat, question::Question};
use crate::RequestContext;

/// How long a request waits until the cache has heard of what it must see. The news is mostly under way;
/// where it is not, a handler looks for itself.
const NEWS_WAIT: Duration = Duration::from_millis(50);

/// What is found of an answer.
enum Found {
    /// It may be given out, and shows this version.
    Good(Arc<Answer>, u64),
    /// It may be, once the cache has heard of this version.
    Behind(u64),
    Nothing,
}

impl ResponseCache {
    /// The answer to a request, where it is there and may be given out.
    pub(crate) fn lookup<B>(&self, request: &http::Request<B>) -> Option<Response> {
        let (method, uri) = (request.method(), request.uri());
        let question = Question::of(method, uri, request.headers(), &self.0.options)?;
        match self.find(&question) {
            Found::Good(answer, version) => self.give_out(&answer, version, &question),
            Found::Behind(_) | Found::Nothing => None,
        }
    }

    /// The answer to a request: a kept one, another request's, or the handler's.
    pub(crate) async fn answer<F: Future<Output = Response>>(
        &self,
        request: Request,
        handler: impl Fn(Request) -> F,
    ) -> Response {
        let (parts, body) = request.into_parts();
        match self.shared_answer(&parts, &handler).await {
            Some(response) => response,
            None => handler(Request::from_parts(parts, body)).await,
        }
    }

    /// An answer that all may share; `None` where the request must go to the handler as it is.
    async fn shared_answer<F: Future<Output = Response>>(
        &self,
        parts: &Parts,
        handler: impl Fn(Request) -> F,
    ) -> Option<Response> {
        let question = Question::of(&parts.method, &parts.uri, &parts.headers, &self.0.options)?;
        // A condition that cannot be read is for the handler to refuse.
        question.held().ok()?;
        if let Found::Behind(version) = self.find(&question) {
            self.0.measure.waits_for_news.increment(1);
            self.hear_of(version).await;
        }
        if let Found::Good(answer, version) = self.find(&question) {
            return self.give_out(&answer, version, &question);
        }
        self.0.measure.misses.increment(1);
        // Only the handler can wait for what is not known yet, and say so where it is in vain.
        let known = self.known()?;
        if question.version_min > known {
            return None;
        }
        let required = self.required(&question);
        let boarded = self.0.epoch.load(Ordering::Acquire);
        match self.0.flights.board(question.target, question.choice) {
            Seat::Alone => None,
            Seat::Follower(follower) => {
                self.0.measure.waits_for_others.increment(1);
                let answer = follower.landing().await?;
                // Fetched before all was forgotten, for one who asked after.
                if answer.epoch != boarded {
                    return None;
                }
                let version = self.shows_now(&answer).unwrap_or(answer.version);
                let is_new_enough = version >= required;
                is_new_enough.then(|| self.send(&answer, version, &question)).flatten()
            }
            Seat::Leader(leader) => {
                // Before the handler looks: what is forgotten from now on is not kept.
                let epoch = self.0.epoch.load(Ordering::Acquire);
                if let Some(answer) = self.borrow(&question, epoch).await {
                    self.0.kept.put(question.target, question.choice, &answer);
                    leader.land(&answer);
                    let version = self.shows_now(&answer).unwrap_or(answer.version);
                    return self.send(&answer, version, &question);
                }
                let context = parts.extensions.get::<RequestContext>();
                let response = handler(question.request(&parts.uri, context)).await;
                let answer = match self.make(response, epoch).await {
                    Ok(answer) => Arc::new(answer),
                    Err(response) if question.is_head => return Some(without_body(response)),
                    Err(response) => return Some(response),
                };
                if self.shows_now(&answer).is_some() {
                    self.0.kept.put(question.target, question.choice, &answer);
                    self.lend(&question, &answer);
                }
                leader.land(&answer);
                self.send(&answer, answer.version, &question)
            }
        }
    }

    fn find(&self, question: &Question<'_>) -> Found {
        let Some(variants) = self.0.kept.get(question.target) else { return Found::Nothing };
        let Some(answer) = variants.get(question.choice) else { return Found::Nothing };
        let Some(version) = self.shows_now(answer) else { return Found::Nothing };
        let required = self.required(question);
        match version >= required {
            true => Found::Good(Arc::clone(answer), version),
            false => Found::Behind(required),
        }
    }

    /// The newest version of which an answer is known to be right; `None` where it is known to be out
    /// of date, or may be.
    pub(super) fn shows_now(&self, answer: &Answer) -> Option<u64> {
        // In this order: changes that come in between make an answer look too old, never too new.
        let (series, known) = self.known_in(answer.epoch)?;
        let is_good =
            answer.series == series && self.0.stamps.are_as_in(answer.version, &answer.topics);
        is_good.then(|| known.max(answer.version))
    }

    /// The version that the answer to a question must show.
    pub(super) fn required(&self, question: &Question<'_>) -> u64 {
        let shown = self.0.shown.load(Ordering::Acquire);
        question.version_min.max(shown).max((self.0.options.required)())
    }

    /// Waits, up to [`NEWS_WAIT`], until all changes up to `version` are known.
    async fn hear_of(&self, version: u64) {
        let heard = async {
            loop {
                let advanced = self.0.advanced.notified();
                if self.0.known.load(Ordering::Acquire) >= version {
                    return;
                }
                advanced.await;
            }
        };
        // In vain or not, whoever waited looks again.
        let _ = tokio::time::timeout(NEWS_WAIT, heard).await;
    }

    fn give_out(&self, answer: &Answer, version: u64, question: &Question<'_>) -> Option<Response> {
        self.0.measure.hits.increment(1);
        self.send(answer, version, question)
    }

    fn send(&self, answer: &Answer, version: u64, question: &Question<'_>) -> Option<Response> {
        answer.to(question, (&self.0.options.version, version)).ok()
    }

    /// Makes an answer to be kept of what a handler gave.
    ///
    /// # Errors
    /// The response, where it is not one for every caller.
    async fn make(&self, response: Response, epoch: u64) -> Result<Answer, Response> {
        let (mut parts, body) = response.into_parts();
        let cacheable = parts.extensions.remove::<Cacheable>();
        let Some(cacheable) = cacheable.filter(|_| parts.status == StatusCode::OK) else {
            return Err(Response::from_parts(parts, body));
        };
        // It was made in memory, and lost its length only to compression.
        match to_bytes(body, usize::MAX).await {
            Ok(body) => Ok(Answer::new(parts, body, cacheable, epoch, &self.0.options.version)),
            Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        }
    }
}

/// A response to HEAD, of that to GET.
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = axum::body::HttpBody::size_hint(&body).exact() {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
    drop(body);
    Response::from_parts(parts, Body::empty())
}
