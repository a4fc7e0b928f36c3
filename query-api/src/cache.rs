//! What answers are about, and telling the response cache what has changed.
//!
//! A version is a position, and a series of them a generation. One task follows the change feed: each
//! batch that the projector committed names the films and facets that it changed, and answers about those
//! are not given out any more. What is told of a generation that is not read here is passed over. Answers
//! may be shared with other nodes ([`RedisAnswers`]).

mod shared;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use event_log::EventLog;
use events::MovieId;
use futures::{StreamExt, stream::BoxStream};
use http_kit::{CacheGroup, Cacheable, ResponseCache, ResponseCacheOptions, SharedAnswers, Topic};
use read_model::{ChangeFeed, Checkpoint, FacetKey, FacetKind, FeedItem, ReadModelChanged};
use tokio::{
    task::AbortHandle,
    time::{MissedTickBehavior, interval, timeout},
};
use trace_kit::{Span, SpanKind};

use crate::{
    freshness::{MIN_POSITION, POSITION},
    noun::Noun,
    store::LiveStore,
};

pub use shared::{RedisAnswers, RedisAnswersOptions};

/// How often the read model itself is looked at, should the feed have lost its voice. Answers are out
/// of date by twice this at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a look may take. Meanwhile nothing is heard of the feed, which may have to say that it has
/// lost its voice.
const LOOK_MAX: Duration = Duration::from_millis(500);

/// A cache for the answers of a query node, for [`crate::QueryState`] and the edge; `None` where it may
/// keep no bytes. `log` says what this process has acknowledged: no answer is older than that. `shared` is
/// where nodes share answers, if they do.
#[must_use]
pub fn response_cache(
    log: Arc<dyn EventLog>,
    bytes_max: u64,
    shared: Option<Arc<dyn SharedAnswers>>,
) -> Option<ResponseCache> {
    (bytes_max > 0).then(|| {
        ResponseCache::new(ResponseCacheOptions {
            bytes_max,
            is_public,
            version: POSITION,
            version_min: MIN_POSITION,
            required: Box::new(move || log.last_acknowledged().0),
            shared,
        })
    })
}

/// Whether all that this path answers to GET is the same for every caller: films, genres, tags,
/// platforms and people, but not one's own rating.
fn is_public(path: &str) -> bool {
    let mut segments = path.strip_prefix("/v1/").unwrap_or_default().split('/');
    let is_of_a_noun = |first: &str| Noun::ALL.iter().any(|noun| noun.plural == first);
    match segments.next() {
        Some("movies") => segments.nth(2).is_none(),
        Some(first) => is_of_a_noun(first),
        None => false,
    }
}

/// What an answer is about.
#[derive(Debug, Clone, Hash)]
pub(crate) enum About {
    /// Which films there are, and what any of them is like.
    Films,
    /// One film, with its ratings.
    Film(MovieId),
    /// Which facets of a kind there are, and what any of them is like.
    Facets(FacetKind),
    /// One facet.
    Facet(FacetKey),
}

impl About {
    /// By what name caches in front of the server forget answers about it. `None` where there are none:
    /// directors, actors and studios have no addresses.
    pub(crate) fn group(&self) -> Option<CacheGroup> {
        let noun = |kind| Noun::ALL.into_iter().find(|noun| noun.kind == kind);
        match self {
            Self::Films => Some(CacheGroup::all("movies")),
            Self::Film(id) => Some(CacheGroup::one(id.0)),
            Self::Facets(kind) => noun(*kind).map(|noun| CacheGroup::all(noun.plural)),
            Self::Facet((kind, slug)) => {
                noun(*kind).map(|noun| CacheGroup::named(noun.singular, slug.as_str()))
            }
        }
    }
}

/// What a batch makes caches in front of the server forget.
#[must_use]
pub fn changed_groups(change: &ReadModelChanged) -> Vec<CacheGroup> {
    changed(change).filter_map(|about| about.group()).collect()
}

/// The mark of an answer that every caller may get.
pub(crate) fn cacheable(
    checkpoint: Checkpoint,
    about: impl IntoIterator<Item = About>,
) -> Cacheable {
    Cacheable {
        series: checkpoint.generation,
        version: checkpoint.position.0,
        topics: about.into_iter().map(Topic::of).collect(),
    }
}

/// What a batch changed.
fn changed(change: &ReadModelChanged) -> impl Iterator<Item = About> + '_ {
    let mut kinds: Vec<FacetKind> = change.facets.iter().map(|(kind, _)| *kind).collect();
    kinds.dedup();
    let films = (!change.movies.is_empty()).then_some(About::Films);
    films
        .into_iter()
        .chain(change.movies.iter().copied().map(About::Film))
        .chain(kinds.into_iter().map(About::Facets))
        .chain(change.facets.iter().cloned().map(About::Facet))
}

/// The cache of a query node, with the task that tells it what has changed. The task begins with the
/// first read, and ends when this is dropped.
pub(crate) struct FollowedCache {
    cache: ResponseCache,
    store: LiveStore,
    feed: Arc<dyn ChangeFeed>,
    task: OnceLock<AbortHandle>,
}

impl FollowedCache {
    pub(crate) fn new(cache: ResponseCache, store: LiveStore, feed: Arc<dyn ChangeFeed>) -> Self {
        Self { cache, store, feed, task: OnceLock::new() }
    }

    /// Begins to tell the cache what has changed. To be called within a Tokio runtime.
    pub(crate) fn follow(&self) {
        self.task.get_or_init(|| {
            // Subscribed here and not in the task: nothing that comes after this read is missed.
            let changes = self.feed.subscribe();
            let teller = Teller {
                cache: self.cache.clone(),
                store: self.store.clone(),
                generation: None,
                life: None,
                seen_ahead: false,
            };
            tokio::spawn(teller.tell(changes)).abort_handle()
        });
    }

    /// Somebody is shown the read model as it is at this position.
    pub(crate) fn shows(&self, checkpoint: Checkpoint) {
        self.cache.shows(checkpoint.position.0);
    }
}

impl Drop for FollowedCache {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
        // Nobody tells it anything from now on.
        self.cache.pause();
    }
}

/// Tells the cache what has changed.
struct Teller {
    cache: ResponseCache,
    store: LiveStore,
    /// That of the last change; `None` while changes may have been missed.
    generation: Option<u64>,
    /// Which life of it the cache shares answers of; `None` while it shares none.
    life: Option<u64>,
    /// Whether the read model was further than the feed when it was last looked at.
    seen_ahead: bool,
}

impl Teller {
    async fn tell(mut self, changes: BoxStream<'static, FeedItem>) {
        self.begin_anew().await;
        let mut changes = changes.chain(futures::stream::pending());
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                item = changes.next() => match item {
                    Some(FeedItem::Changed(change)) => self.hear(&change).await,
                    Some(FeedItem::Missed) | None => self.begin_anew().await,
                },
                _ = ticks.tick() => self.look().await,
            }
        }
    }

    async fn hear(&mut self, change: &ReadModelChanged) {
        let Checkpoint { generation, position } = change.checkpoint;
        let read = self.store.current().generation();
        if generation != read {
            // Not read here yet, or not any more. Of the one that is, nothing may be known so far.
            if self.generation != Some(read) {
                self.cache.pause();
                self.generation = None;
            }
            return;
        }
        self.seen_ahead = false;
        let traceparent = change.traceparent.as_deref();
        let mut span = Span::child("invalidate", SpanKind::Consumer, traceparent);
        span.count("cinelog.position", position.0);
        // From now on answers say that they are as new as this.
        self.store.shows(change.checkpoint);
        // What was parked has been folded in, and the position is what it was: it does not tell answers
        // of before from answers of after.
        let stands_still = change.previous.position == position;
        // Nobody told of what lies between the two.
        let leaves_a_gap = self.cache.known() < Some(change.previous.position.0);
        if self.generation == Some(generation) && !stands_still && !leaves_a_gap {
            self.cache.advance(position.0, changed(change).map(Topic::of));
        } else {
            // Or another build of the read model: everything may look different.
            self.cache.pause();
            let life = self.life().await;
            self.restart(change.checkpoint, life);
        }
    }

    /// Forgets everything; from here on all changes are told. Answers are shared with those who know the
    /// same life of the read model.
    fn restart(&mut self, checkpoint: Checkpoint, life: Option<u64>) {
        (self.generation, self.life) = (Some(checkpoint.generation), life);
        self.cache.restart(checkpoint.generation, checkpoint.position.0);
        if let Some(life) = life {
            self.cache.share(life);
        }
    }

    /// Forgets everything, and goes on from what the read model is now. Where that cannot be read, the
    /// next look tries again.
    async fn begin_anew(&mut self) {
        self.cache.pause();
        self.generation = None;
        // The life first: all that is read once the cache begins again has in it what this life has.
        let life = self.life().await;
        if let Some(checkpoint) = self.checkpoint().await {
            self.store.shows(checkpoint);
            self.restart(checkpoint, life);
        }
    }

    /// Finds out whether the feed has lost changes without saying so: the read model is further than
    /// the feed says, and the feed has said nothing since the last look; or it was changed where it stands,
    /// or is another one.
    async fn look(&mut self) {
        self.cache.tidy();
        let known = self.cache.known();
        let (life, checkpoint) = tokio::join!(self.life(), self.checkpoint());
        let Some(checkpoint) = checkpoint else { return };
        let lives_on = life.is_none() || life == self.life;
        let is_ahead = known.is_none_or(|known| checkpoint.position.0 > known)
            || self.generation != Some(checkpoint.generation);
        if !lives_on || is_ahead && (self.seen_ahead || known.is_none()) {
            self.begin_anew().await;
        }
        self.seen_ahead = is_ahead && !self.seen_ahead;
    }

    /// Which life of the read model this is. `None` where that cannot be known now, or nobody shares it.
    async fn life(&self) -> Option<u64> {
        timeout(LOOK_MAX, self.store.current().life()).await.ok()?.ok()?
    }

    /// How far the read model is. `None` where that cannot be known now.
    async fn checkpoint(&self) -> Option<Checkpoint> {
        timeout(LOOK_MAX, self.store.current().checkpoint()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests;
