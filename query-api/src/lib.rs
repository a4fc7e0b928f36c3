//! The read side over HTTP: lists and single things, filtered, sorted, paged, searched and cached.
//!
//! [`routes`] are bare: whoever serves them merges them with the other API's and then puts the edge
//! around both. Nothing here writes, and nothing here knows how the read model came to be.
//!
//! A read goes this way: the request ([`read`]) is read by the parameters that its route declares
//! ([`parameter`]) as filter, order, part and fields; [`freshness`] waits until the read model is new
//! enough; the [`store`] gives the documents of that moment; [`representation`] is how they look, and
//! [`listing`] makes a page with links of them.

mod arguments;
mod average;
mod cache;
mod codes;
mod collections;
mod cursor;
mod documentation;
mod failure;
mod fields;
mod filter;
mod freshness;
mod links;
mod listing;
mod measure;
mod noun;
mod page;
mod parameter;
mod progress;
mod read;
mod representation;
mod routes;
mod sort;
mod state;
mod store;
#[cfg(test)]
mod testing;
mod value;
mod waiting_room;

pub use cache::{RedisAnswers, RedisAnswersOptions, changed_groups, response_cache};
pub use state::QueryState;
pub use store::{
    LiveStore, Store, StoreError,
    postgres::{PostgresStore, PostgresStoreOptions},
    sqlite::SqliteStore,
};

use http_kit::access::Row;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// All routes of the read side, with what OpenAPI says of them; without fallbacks and layers.
pub fn routes(state: QueryState) -> OpenApiRouter {
    routes::all().with_state(state::Shared::new(state))
}

/// What OpenAPI says of the routes.
#[must_use]
pub fn openapi() -> OpenApi {
    routes::all().into_openapi()
}

/// What the routes take: a row for each.
#[must_use]
pub fn access() -> Vec<Row> {
    routes::access()
}
