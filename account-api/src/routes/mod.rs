//! The endpoints, one file each: `routes/<noun>/<verb>.rs`.

mod account;
mod accounts;
mod api_keys;
mod audit;
mod jwks;
mod login;
mod logout;
mod providers;
mod sessions;
pub(crate) mod tokens;

use http_kit::access::{self, Row};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    openapi::{complete, document},
    state::AccountState,
};

/// The routes, without fallbacks or layers: whoever serves them merges them with others first (axum panics
/// where two merged routers have fallbacks).
pub fn routes(state: AccountState) -> OpenApiRouter {
    all().with_state(state)
}

/// What OpenAPI says of the routes, without a state: for whoever writes the document to a file.
#[must_use]
pub fn openapi() -> OpenApi {
    all().into_openapi()
}

/// What the routes take: a row for each, beside its route. A route without a row is refused.
#[must_use]
pub fn access() -> Vec<Row> {
    let rows = [
        account::access(),
        accounts::access(),
        api_keys::access(),
        audit::access(),
        jwks::access(),
        login::access(),
        logout::access(),
        providers::access(),
        sessions::access(),
        tokens::access(),
    ];
    rows.into_iter().flatten().collect()
}

fn all() -> OpenApiRouter<AccountState> {
    let mut router = OpenApiRouter::with_openapi(document())
        .merge(login::routes())
        .merge(tokens::routes())
        .merge(logout::routes())
        .merge(providers::routes())
        .merge(sessions::routes())
        .merge(api_keys::routes())
        .merge(account::routes())
        .merge(accounts::routes())
        .merge(audit::routes())
        .merge(jwks::routes());
    complete(router.get_openapi_mut());
    access::describe(router.get_openapi_mut(), &access());
    router
}
