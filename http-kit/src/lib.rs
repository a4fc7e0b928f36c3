//! What both APIs share at the HTTP edge.
//!
//! - [`Problem`] is every answer that is not a success (RFC 9457); handlers return it, [`edge`] renders it.
//! - [`Json`], [`JsonBody`], [`JsonLines`], [`Path`], [`QueryPairs`] read requests; [`Caller`] says who asks; [`RequestContext`] says which request it is.
//! - [`ETag`], [`if_match`], [`if_none_match`], [`respond_conditional`] are conditional requests
//!   (RFC 9110 section 13), [`Preferences`] are preferences (RFC 7240).
//! - [`Clock`] is the only place where time and ids come from.
//! - [`ResponseCache`] keeps answers that every caller may get.
//! - [`edge`] puts all of it around the merged routes of both APIs, once.
//!
//! Nothing here knows of films, events or storage.

mod auth;
mod cache;
mod caching;
mod clock;
mod component;
mod compression;
mod conditional;
mod context;
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
mod path;
mod prefer;
mod problem;
mod query;
mod representation;
mod request_log;

pub use auth::{Admin, Caller, Editor, Member, MinimumRole};
pub use cache::{Cacheable, ResponseCache, ResponseCacheOptions, Topic};
pub use caching::vary;
pub use clock::Clock;
pub use component::encode_component;
pub use conditional::{
    IfMatch, IfNoneMatch, catalogue_revision, if_match, if_none_match, if_unmodified_since,
    respond_conditional,
};
pub use context::RequestContext;
pub use edge::{Edge, EdgeOptions, edge};
pub use etag::ETag;
pub use health::{Readiness, health};
pub use json::{ACCEPT_PATCH, Json, JsonBody, JsonLines};
pub use metrics::{Metrics, MetricsError};
pub(crate) use negotiation::MEDIA_TYPE_V1;
pub use path::Path;
pub use prefer::{Count, Preferences};
pub use problem::{
    FieldError, Problem, ProblemDocument, ProblemFieldError, ProblemType, problem_pages,
};
pub use query::QueryPairs;
