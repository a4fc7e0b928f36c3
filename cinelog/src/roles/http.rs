//! The public address: the routes of both APIs and what surrounds them.

use std::sync::Arc;

use axum::Router;
use command_api::CommandState;
use http_kit::{Edge, EdgeOptions, edge, health, problem_pages};
use identity::Verifier;
use query_api::QueryState;

use super::{Ports, admin::readiness};
use crate::{
    commands::realm, config::Config, data_dir::DataDir, error::Failure, openapi,
    shutdown::Shutdown, site,
};

/// The longest address, path and query together, in bytes: filters in any script are longer than
/// they look once they are percent-encoded.
const URI_BYTES_MAX: usize = 32 * 1024;

/// Everything that the public address answers.
///
/// The routes of both APIs are merged before the edge is put around them: they meet on the same
/// paths, and a layer would cover only its own router's methods.
pub(super) fn routes(
    config: &Config,
    data: &DataDir,
    ports: &Ports,
    commands: CommandState,
    stages: &Shutdown,
) -> Result<Edge, Failure> {
    let commands = command_api::routes(commands);
    let cache = query_api::response_cache(Arc::clone(&ports.log), config.query.cache_bytes);
    let queries = query_api::routes(QueryState {
        store: ports.store.clone(),
        log: Arc::clone(&ports.log),
        feed: Arc::clone(&ports.feed),
        cache: cache.clone(),
        cursor_key: match config.query.cursor_key() {
            Some(key) => key,
            None => data.cursor_key()?,
        },
        max_age: config.query.max_age,
        stale_while_revalidate: config.query.stale_while_revalidate,
    });
    let document = openapi::document().map_err(|error| Failure::Other(error.to_string()))?;
    let router = Router::new()
        .merge(commands)
        .merge(queries)
        .merge(site::routes(&document))
        .merge(problem_pages())
        .merge(health(readiness(ports, stages)));
    let verifier = Verifier::new(realm(config), [data.signing_key()?.public().clone()]);
    let options = EdgeOptions {
        body_bytes_max: config.server.body_limit_bytes,
        request_timeout: config.server.request_timeout,
        uri_bytes_max: URI_BYTES_MAX,
        cache,
        ..EdgeOptions::new(ports.clock.clone(), Arc::new(verifier))
    };
    Ok(edge(router, options))
}
