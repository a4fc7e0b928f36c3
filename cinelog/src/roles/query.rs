//! The query role: the read side. It answers from the live generation of the read model, and follows
//! whoever makes another one live. It appends nothing and projects nothing.

use std::sync::Arc;

use http_kit::ResponseCache;
use query_api::QueryState;
use read_model::ChangeFeed;

use super::{
    Ports, Tasks,
    following::{Following, WithOwnNews},
    ports::QueryPorts,
};
use crate::{config::Config, data_dir::DataDir, error::Failure, keys, shutdown::Shutdown};

/// What the public address needs of this role.
pub(super) struct Queries {
    pub(super) state: QueryState,
    /// Where answers are kept that every caller may get.
    pub(super) cache: Option<ResponseCache>,
}

/// Starts to follow the live generation, where no projector of this process does it.
pub(super) fn start(
    config: &Config,
    data: &DataDir,
    ports: &Ports,
    query: QueryPorts,
    stages: &Shutdown,
    tasks: &mut Tasks,
) -> Result<Queries, Failure> {
    let QueryPorts { read_models, stores, store, feed, held } = query;
    let mut feed = feed;
    if ports.projector.is_none() {
        let news = Arc::new(WithOwnNews::new(feed));
        feed = Arc::clone(&news) as Arc<dyn ChangeFeed>;
        let following = Following { read_models, stores, store: store.clone(), news };
        tasks.spawn(following.run(held, stages.stop_working.clone()));
    }
    let cache = query_api::response_cache(Arc::clone(&ports.log), config.query.cache_bytes);
    let state = QueryState {
        store,
        log: Arc::clone(&ports.log),
        feed,
        cache: cache.clone(),
        cursor_key: keys::cursor(config, data)?,
        max_age: config.query.max_age,
        stale_while_revalidate: config.query.stale_while_revalidate,
    };
    Ok(Queries { state, cache })
}
