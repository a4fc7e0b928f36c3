//! The query role: the read side. It answers from the live generation of the read model, and follows
//! whoever makes another one live. It appends nothing and projects nothing.

use std::sync::Arc;

use http_kit::ResponseCache;
use purger::PurgerOptions;
use query_api::QueryState;
use read_model::ChangeFeed;

use super::{
    Ports, Tasks,
    following::{Following, WithOwnNews},
    ports::QueryPorts,
};
use crate::{config::Config, error::Failure, keys, shutdown::Shutdown};

/// What the public address needs of this role.
pub(super) struct Queries {
    pub(super) state: QueryState,
    /// Where answers are kept that every caller may get.
    pub(super) cache: Option<ResponseCache>,
}

/// Starts to follow the live generation, where no projector of this process does it.
pub(super) fn start(
    config: &Config,
    ports: &Ports,
    query: QueryPorts,
    stages: &Shutdown,
    tasks: &mut Tasks,
) -> Result<Queries, Failure> {
    let QueryPorts { read_models, stores, store, feed, cursor_key, shared_answers, held } = query;
    let mut feed = feed;
    if ports.projector.is_none() {
        let news = Arc::new(WithOwnNews::new(feed));
        feed = Arc::clone(&news) as Arc<dyn ChangeFeed>;
        let following = Following { read_models, stores, store: store.clone(), news };
        tasks.spawn(following.run(held, stages.stop_working.clone()));
    }
    tell_gateways(config, feed.as_ref(), stages, tasks)?;
    let cache =
        query_api::response_cache(Arc::clone(&ports.log), config.query.cache_bytes, shared_answers);
    let state = QueryState {
        store,
        log: Arc::clone(&ports.log),
        feed,
        cache: cache.clone(),
        cursor_key,
        requests_max: config.server.requests_max,
        max_age: config.query.max_age,
        stale_while_revalidate: config.query.stale_while_revalidate,
    };
    Ok(Queries { state, cache })
}

/// Tells caches in front of this node what to forget, where there are any.
fn tell_gateways(
    config: &Config,
    feed: &dyn ChangeFeed,
    stages: &Shutdown,
    tasks: &mut Tasks,
) -> Result<(), Failure> {
    let gateways = config.gateway.gateways();
    if gateways.is_empty() {
        return Ok(());
    }
    let options = PurgerOptions {
        gateways,
        token: keys::purge_token(config)?,
        timeout: config.gateway.purge_timeout,
        repeat_after: config.gateway.purge_repeat_after,
    };
    // Subscribed before anybody is answered: what changes from then on is told.
    let (changes, stop) = (feed.subscribe(), stages.stop_working.clone());
    tasks.spawn(async move {
        purger::run(changes, query_api::changed_groups, options, stop).await;
        Ok(())
    });
    Ok(())
}
