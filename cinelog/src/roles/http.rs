//! The public address: the routes of both APIs and what surrounds them. The side that this process does
//! not have says so.

use std::sync::Arc;

use account_api::{AccountState, Tokens};
use axum::{Router, routing::MethodFilter};
use command_api::{CommandState, RESTORE_ADDRESS};
use http_kit::{
    Edge, EdgeOptions, RateLimits, Readiness, TrustedProxies, access::AccessTable, edge, health,
    problem_pages,
};
use identity::{
    Authenticator, KeyRing, Signer, Verifier, accounts::Registrar, audit::Refusals, sessions::Terms,
};

use super::{Ports, misdirected, query::Queries};
use crate::{
    access,
    commands::realm,
    config::{Config, Role},
    error::Failure,
    openapi, site, wire,
};

/// The sides that this process has.
pub(super) struct Sides {
    pub(super) commands: Option<CommandState>,
    pub(super) queries: Option<Queries>,
    /// Where refusals are handed in for the audit trail.
    pub(super) refusals: Option<Refusals>,
    /// What people can do with their accounts.
    pub(super) registrar: Option<Registrar>,
    /// What access tokens are signed with.
    pub(super) keys: KeyRing,
    /// What says who is calling.
    pub(super) authenticator: Arc<Authenticator>,
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
    ports: &Ports,
    sides: Sides,
    readiness: Readiness,
) -> Result<Edge, Failure> {
    let roles = &config.server.roles;
    let mut access = access::besides();
    let commands: Router = match sides.commands {
        Some(state) => {
            access.extend(command_api::access());
            command_api::routes(state).into()
        }
        None => {
            let besides = [(RESTORE_ADDRESS, MethodFilter::POST)];
            access.extend(misdirected::access(command_api::access()));
            misdirected::routes(&command_api::openapi(), &besides, Role::Command, roles)
        }
    };
    let (queries, cache): (Router, _) = match sides.queries {
        Some(queries) => {
            access.extend(query_api::access());
            (query_api::routes(queries.state).into(), queries.cache)
        }
        None => {
            access.extend(misdirected::access(query_api::access()));
            (misdirected::routes(&query_api::openapi(), &[], Role::Query, roles), None)
        }
    };
    let accounts: Router = match (&ports.identity, &sides.refusals, sides.registrar) {
        (Some(identity), Some(refusals), Some(registrar)) => {
            let state = AccountState {
                clock: ports.clock.clone(),
                tokens: tokens(config, ports, &sides.keys),
                sign_ins: Arc::new(wire::sign_ins(config, identity)?),
                ports: identity.clone(),
                registrar,
                refusals: refusals.clone(),
            };
            access.extend(account_api::access());
            account_api::routes(state).into()
        }
        _ => Router::new(),
    };
    let document = openapi::document().map_err(|error| Failure::Other(error.to_string()))?;
    let router = commands
        .merge(queries)
        .merge(accounts)
        .merge(site::routes(&document))
        .merge(problem_pages())
        .merge(health(readiness));
    let access = AccessTable::new(access).map_err(|error| Failure::Other(error.to_string()))?;
    let options = EdgeOptions {
        body_bytes_max: config.server.body_limit_bytes,
        request_timeout: config.server.request_timeout,
        uri_bytes_max: URI_BYTES_MAX,
        requests_max: config.server.requests_max,
        cors: config.server.cors.cors(),
        hsts_max_age_s: config.server.hsts_max_age_s(),
        trusted_proxies: trusted_proxies(config),
        rate_limits: rate_limits(config, ports)?,
        refusals: sides.refusals,
        cache,
        ..EdgeOptions::new(ports.clock.clone(), sides.authenticator, Arc::new(access))
    };
    Ok(edge(router, options))
}

/// What makes tokens.
fn tokens(config: &Config, ports: &Ports, keys: &KeyRing) -> Tokens {
    Tokens {
        signer: Arc::new(Signer::new(realm(config), keys.clone())),
        keys: keys.clone(),
        access_token_ttl: config.identity.access_token_ttl,
        terms: Terms {
            grace: config.identity.refresh_grace,
            idle: config.identity.session_idle,
            absolute: config.identity.session_max,
        },
        revocations: Arc::clone(&ports.revocations),
    }
}

/// What says who is calling.
pub(super) fn authenticator(config: &Config, ports: &Ports, keys: &KeyRing) -> Authenticator {
    let authenticator = Authenticator::new(Verifier::new(realm(config), keys.clone()))
        .unless_revoked(Arc::clone(&ports.revocations));
    let authenticator = match wire::trusted_issuers(config) {
        Some(trusted) => authenticator.with_trusted_issuers(trusted),
        None => authenticator,
    };
    match &ports.identity {
        Some(identity) => authenticator.with_store(identity.clone()),
        None => authenticator,
    }
}

/// How much each caller may do.
fn rate_limits(config: &Config, ports: &Ports) -> Result<Option<RateLimits>, Failure> {
    let Some(counters) = &ports.rate_counters else { return Ok(None) };
    let rules = config.limits.rules().map_err(|error| Failure::Other(error.to_string()))?;
    Ok(Some(RateLimits::new(Arc::clone(counters), rules)))
}

/// The proxies in front of this server that are believed.
pub(super) fn trusted_proxies(config: &Config) -> TrustedProxies {
    let networks = config.server.trusted_proxies.iter();
    TrustedProxies::new(networks, config.server.forwarded_header.into())
}
