//! What both APIs share at the HTTP edge.
//!
//! - [`Problem`] is every answer that is not a success (RFC 9457); handlers return it, [`edge`] renders it.
//! - [`Json`], [`JsonBody`], [`JsonLines`], [`Path`], [`QueryPairs`] read requests; [`Caller`] says who asks, and [`access`] who may; [`RequestContext`] says which request it is.
//! - [`ETag`], [`if_match`], [`if_none_match`], [`respond_conditional`] are conditional requests
//!   (RFC 9110 section 13), [`Preferences`] are preferences (RFC 7240).
//! - [`Clock`] is the only place where time and ids come from.
//! - [`ResponseCache`] keeps answers that every caller may get; [`CacheGroup`] is by what name other caches forget them.
//! - [`edge`] puts all of it around the merged routes of both APIs, once.
//!
//! Nothing here knows of films, events or storage.

pub mod access;
mod auth;
mod cache;
mod cache_group;
mod caching;
mod client_address;
mod clock;
mod component;
mod compression;
mod conditional;
mod context;
mod cors;
mod edge;
mod etag;
mod field_list;
mod health;
mod http_date;
mod json;
mod limits;
mod methods;
mod metrics;
mod negotiation;
mod no_body;
mod path;
mod peer;
mod places;
mod prefer;
mod problem;
mod query;
mod rate_limits;
mod refused;
mod representation;
mod request_log;
mod unreadable;

pub use access::Caller;
pub use auth::refused;
pub use cache::{Cacheable, ResponseCache, ResponseCacheOptions, SharedAnswers, Topic};
pub use cache_group::{CacheGroup, SURROGATE_KEY, belongs_to, invalidates};
pub use caching::vary;
pub use client_address::{ClientAddress, ForwardedHeader, TrustedProxies};
pub use clock::Clock;
pub use component::encode_component;
pub use conditional::{
    IfMatch, IfNoneMatch, catalogue_revision, if_match, if_none_match, if_unmodified_since,
    respond_conditional,
};
pub use context::RequestContext;
pub use cors::{Cors, CorsError};
pub use edge::{Edge, EdgeOptions, edge};
pub use etag::ETag;
pub use health::{Readiness, health, health_access};
pub use json::{ACCEPT_PATCH, Json, JsonBody, JsonLines, JsonOrForm};
pub use metrics::{Metrics, MetricsError};
pub(crate) use negotiation::MEDIA_TYPE_V1;
pub use no_body::NoBody;
pub use path::Path;
pub use peer::Peer;
pub use prefer::{Count, Preferences};
pub use problem::{
    FieldError, Problem, ProblemDocument, ProblemFieldError, ProblemType, problem_pages,
    problem_pages_access,
};
pub use query::{QueryPairs, unknown_parameter};
pub use rate_limits::{RateCallers, RateLimits, RateRule};
pub use refused::RequestOrigin;
pub use unreadable::Unreadable;
