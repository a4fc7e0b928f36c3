//! Answers that nodes share: where they are kept, how they are asked for, and when one may be given out.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, atomic::Ordering},
};

use async_trait::async_trait;
use axum::extract::MatchedPath;
use bytes::Bytes;

use super::{ResponseCache, answer::Answer, form, question::Question};
use crate::Count;

/// Where nodes share answers.
///
/// **Time.** Nobody is held up: [`get`](Self::get) gives nothing after a few milliseconds, and
/// [`put`](Self::put) does not wait at all.
///
/// **Trust.** What is given is what somebody with the same right has put there under the same name, whole
/// and unchanged; anything else is nothing. It may be old: that is for the cache to judge.
///
/// **Failure.** Nothing fails here. What cannot be had is made, and what cannot be put is not shared.
#[async_trait]
pub trait SharedAnswers: Send + Sync + 'static {
    /// What was put under a name, which may be long.
    async fn get(&self, name: &str) -> Option<Bytes>;

    /// Puts something under a name, for some time, in the place of what is there.
    fn put(&self, name: String, answer: Bytes);
}

/// The routes that answers have come from, by their patterns: a route cannot be made of its pattern.
/// There are as many as the program has.
#[derive(Default)]
pub(super) struct Routes(RwLock<HashMap<Box<str>, MatchedPath>>);

impl Routes {
    /// The route of this pattern, where an answer has come from it.
    pub(super) fn find(&self, pattern: &str) -> Option<MatchedPath> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(pattern).cloned()
    }

    pub(super) fn learn(&self, route: &MatchedPath) {
        if self.find(route.as_str()).is_none() {
            let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
            routes.insert(route.as_str().into(), route.clone());
        }
    }
}

impl ResponseCache {
    /// The answer to a question that another node, or this one before, has put where they are shared, and
    /// that may be given out in this epoch.
    pub(super) async fn borrow(&self, question: &Question<'_>, epoch: u64) -> Option<Arc<Answer>> {
        let shared = self.0.options.shared.as_ref()?;
        let (series, life) = self.life_in(epoch)?;
        let Some(bytes) = shared.get(&name(series, life, question)).await else {
            self.0.measure.shared_misses.increment(1);
            return None;
        };
        let Some(answer) = form::read(&bytes, series, epoch, &self.0.routes) else {
            self.0.measure.shared_unreadable.increment(1);
            return None;
        };
        if !self.may_borrow(&answer, question) {
            self.0.measure.shared_old.increment(1);
            return None;
        }
        self.0.measure.shared_hits.increment(1);
        Some(Arc::new(answer))
    }

    /// Whether all that has changed since an answer was made is known here, and none of it concerns it.
    fn may_borrow(&self, answer: &Answer, question: &Question<'_>) -> bool {
        let since = self.0.since.load(Ordering::Acquire);
        let known = self.0.known.load(Ordering::Acquire);
        // What is newer than what is known here shows what this node may not have shown yet.
        let is_within = (since..=known).contains(&answer.version);
        // Last: it looks whether the epoch lasts, and with it what was read before.
        let shows = self.shows_now(answer);
        is_within && shows.is_some_and(|version| version >= self.required(question))
    }

    /// Shares an answer that a handler made in this epoch, where it is right still.
    pub(super) fn lend(&self, question: &Question<'_>, answer: &Answer) {
        let Some(route) = &answer.route else { return };
        self.0.routes.learn(route);
        let Some(shared) = &self.0.options.shared else { return };
        let Some((series, life)) = self.life_in(answer.epoch) else { return };
        if series == answer.series
            && let Some(bytes) = form::write(answer, route)
        {
            shared.put(name(series, life, question), bytes);
        }
    }

    /// The series, and which life of it, if this is the epoch still and answers are shared in it.
    fn life_in(&self, epoch: u64) -> Option<(u64, u64)> {
        let life = *self.0.life.read().unwrap_or_else(PoisonError::into_inner);
        // After it: it is of this epoch, as that has not ended.
        let (series, _) = self.known_in(epoch)?;
        Some((series, life?))
    }
}

/// All that an answer depends on besides its version.
fn name(series: u64, life: u64, question: &Question<'_>) -> String {
    let choice = question.choice;
    let coding = choice.coding.map_or("identity", |coding| coding.as_str());
    let count = choice.count.map_or("none", |count| match count {
        Count::Exact => "exact",
        Count::Estimated => "estimated",
    });
    format!("{series}.{life:x} v1={} {coding} {count} {}", choice.v1, question.target)
}
