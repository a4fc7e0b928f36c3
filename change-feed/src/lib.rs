//! Change feeds that cross processes: a projector tells query nodes elsewhere what it has changed.
//!
//! The port is [`read_model::ChangeFeed`], and its suite is what every adapter here passes. An adapter
//! carries news and keeps none: what is lost on the way is said to be missed, and whoever is told that
//! looks at the read model. Nothing here knows of a read model's tables, or of what a cache holds.

mod hearing;
mod measure;
mod payload;
pub mod postgres;
pub mod redis;
