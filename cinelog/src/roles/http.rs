//! The public address: the routes of both APIs and what surrounds them. The side that this process does
//! not have says so.

use std::sync::Arc;

use axum::{Router, routing::MethodFilter};
use command_api::{CommandState, RESTORE_ADDRESS};
use http_kit::{Edge, EdgeOptions, Readiness, edge, health, problem_pages};
use identity::Verifier;

use super::{Ports, misdirected, query::Queries};
use crate::{
    commands::realm,
    config::{Config, Role},
    data_dir::DataDir,
    error::Failure,
    keys, openapi, site,
};

/// The sides that this process has.
pub(super) struct Sides {
    pub(super) commands: Option<CommandState>,
    pub(super) queries: Option<Queries>,
}

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
    sides: Sides,
    readiness: Readiness,
) -> Result<Edge, Failure> {
    let roles = &config.server.roles;
    let commands: Router = match sides.commands {
        Some(state) => command_api::routes(state).into(),
        None => {
            let besides = [(RESTORE_ADDRESS, MethodFilter::POST)];
            misdirected::routes(&command_api::openapi(), &besides, Role::Command, roles)
        }
    };
    let (queries, cache): (Router, _) = match sides.queries {
        Some(queries) => (query_api::routes(queries.state).into(), queries.cache),
        None => (misdirected::routes(&query_api::openapi(), &[], Role::Query, roles), None),
    };
    let document = openapi::document().map_err(|error| Failure::Other(error.to_string()))?;
    let router = commands
        .merge(queries)
        .merge(site::routes(&document))
        .merge(problem_pages())
        .merge(health(readiness));
    let verifier = Verifier::new(realm(config), [keys::signing(config, data)?.public().clone()]);
    let options = EdgeOptions {
        body_bytes_max: config.server.body_limit_bytes,
        request_timeout: config.server.request_timeout,
        uri_bytes_max: URI_BYTES_MAX,
        cache,
        ..EdgeOptions::new(ports.clock.clone(), Arc::new(verifier))
    };
    Ok(edge(router, options))
}
