//! The way to Redis: one multiplexed connection that nobody ever waits for.
//!
//! Redis holds nothing here that cannot be done without. So a command has a deadline of a few milliseconds;
//! when several in a row were late, or the connection broke, Redis counts as away and every command fails
//! at once, until a task in the background has found it to answer in time again. A dead, slow or paused
//! Redis thus costs the few requests that notice it one deadline each, and the others nothing.
//!
//! What is stored under which key is the affair of those who use the link. Nothing here knows of answers,
//! limits or changes.

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
