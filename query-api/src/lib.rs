//! The read side over HTTP: lists and single things, filtered, sorted, paged, searched and cached.
//!
//! [`routes`] are bare: the binary merges them with those of the other APIs, and puts the HTTP edge around all
//! of them. Nothing here writes, and nothing here knows how the read model came to be.
//!
//! A read goes this way. The route declares its parameters ([`parameter`]), and the request ([`read`]) is parsed
//! by them into filter, order, page and fields. [`freshness`] waits until the read model is new enough. The
//! [`store`] gives the documents of that moment. [`representation`] gives them their JSON form, and [`listing`]
//! makes a page with links of them.

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
mod signature;
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

/// All routes of the read side, with their OpenAPI descriptions; without fallbacks and layers.
pub fn routes(state: QueryState) -> OpenApiRouter {
    routes::all().with_state(state::Shared::new(state))
}

/// The OpenAPI description of the routes.
#[must_use]
pub fn openapi() -> OpenApi {
    routes::all().into_openapi()
}

/// Who may use the routes: a row of the table of access for each.
#[must_use]
pub fn access() -> Vec<Row> {
    routes::access()
}
