//! The way to Redis: one multiplexed connection that nobody ever waits for.
//!
//! Cinelog can do without anything that Redis holds. So a command has a deadline of a few milliseconds. When several
//! commands in a row are late, or the connection breaks, Redis counts as away: every command fails at once,
//! until a background task finds that Redis answers in time again. So a dead, slow or paused Redis costs the few
//! requests that notice it one deadline each, and all others nothing.
//!
//! The users of the link decide what is stored under which key. Nothing here knows of answers, limits or changes.

mod error;
mod keeper;
mod keys;
mod link;
mod measure;
mod options;

pub use error::{LinkError, RedisUrlError};
pub use keys::Keys;
pub use link::RedisLink;
pub use options::RedisLinkOptions;

/// A subscriber's own connection.
pub use redis::aio::PubSub;
