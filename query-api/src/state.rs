//! What the routes work with.

use std::{sync::Arc, time::Duration};

use event_log::EventLog;
use http::HeaderValue;
use http_kit::ResponseCache;
use read_model::ChangeFeed;

use crate::{
    cache::FollowedCache, cursor::Cursors, measure, progress::Progress, store::LiveStore,
    waiting_room::WaitingRoom,
};

/// What a query node is made of.
pub struct QueryState {
    /// Where the read model is.
    pub store: LiveStore,
    /// The log, asked only for the last write that this process acknowledged.
    pub log: Arc<dyn EventLog>,
    /// Tells when the read model has moved on.
    pub feed: Arc<dyn ChangeFeed>,
    /// Keeps answers that are the same for every caller: the cache of [`crate::response_cache`], which the edge has
    /// too.
    pub cache: Option<ResponseCache>,
    /// The key that cursors are signed with. Nodes behind one address share it.
    pub cursor_key: [u8; 32],
    /// How many requests the server works on at once. A part of them may wait for a position.
    pub requests_max: usize,
    /// How long caches may keep an answer.
    pub max_age: Duration,
    /// How much longer they may give it out while they ask for a new one.
    pub stale_while_revalidate: Duration,
}

/// The state as the routes share it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

/// The contents of [`Shared`].
pub(crate) struct Inner {
    pub(crate) store: LiveStore,
    pub(crate) log: Arc<dyn EventLog>,
    /// Where answers are kept.
    pub(crate) cache: Option<FollowedCache>,
    /// How far the read model has come.
    pub(crate) progress: Progress,
    /// A place for each read that waits for a position.
    pub(crate) waiting_room: WaitingRoom,
    pub(crate) cursors: Cursors,
    /// `Cache-Control` of public answers.
    pub(crate) cache_control: HeaderValue,
}

impl Shared {
    /// Gets ready to serve.
    pub(crate) fn new(state: QueryState) -> Self {
        measure::describe();
        // No `s-maxage`: a shared cache that has it must not serve stale (RFC 9111 section 5.2.2.10).
        let cache_control = format!(
            "public, max-age={}, stale-while-revalidate={}",
            state.max_age.as_secs(),
            state.stale_while_revalidate.as_secs()
        );
        let cache_control = HeaderValue::try_from(cache_control)
            .unwrap_or(HeaderValue::from_static("public, no-cache"));
        let (store, feed) = (state.store, state.feed);
        let follow = |cache| FollowedCache::new(cache, store.clone(), Arc::clone(&feed));
        Self(Arc::new(Inner {
            cache: state.cache.map(follow),
            progress: Progress::new(store.clone(), feed),
            waiting_room: WaitingRoom::new(state.requests_max),
            store,
            log: state.log,
            cursors: Cursors::new(&state.cursor_key),
            cache_control,
        }))
    }
}

impl std::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
