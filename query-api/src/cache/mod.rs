//! The response cache of a query node: what answers are about, and what makes them stale.
//!
//! A version is a position, and a series of them a generation. One task follows the change feed: each
//! batch that the projector committed names the films and facets that it changed, and answers about those
//! are not given out any more. Changes of a generation that is not read here are passed over. Answers
//! may be shared with other nodes ([`RedisAnswers`]).

mod about;
mod following;
mod shared;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use event_log::EventLog;
use http_kit::{ResponseCache, ResponseCacheOptions, SharedAnswers};

use crate::{
    freshness::{MIN_POSITION, POSITION},
    noun::Noun,
};

pub use about::changed_groups;
pub(crate) use about::{About, cacheable};
pub(crate) use following::FollowedCache;
pub use shared::{RedisAnswers, RedisAnswersOptions};

/// A cache for the answers of a query node, for [`crate::QueryState`] and the edge. `None`: `bytes_max` is 0. `log`
/// says what this process has acknowledged: no answer is older than that. `shared` is where nodes share
/// answers, if they do.
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

/// Whether GET gives every caller the same answer at this path: films, genres, tags, platforms and people,
/// but not one's own rating.
fn is_public(path: &str) -> bool {
    let mut segments = path.strip_prefix("/v1/").unwrap_or_default().split('/');
    let is_of_a_noun = |first: &str| Noun::ALL.iter().any(|noun| noun.plural == first);
    match segments.next() {
        Some("movies") => segments.nth(2).is_none(),
        Some(first) => is_of_a_noun(first),
        None => false,
    }
}
