//! Change feeds that cross processes: a projector tells query nodes elsewhere what it has changed.
//!
//! The port is [`read_model::ChangeFeed`]; every adapter here passes its suite. An adapter carries news and stores
//! none. If some are lost on the way, it tells its subscribers that they missed something, and they look at the
//! read model. Nothing here knows the tables of a read model, or what a cache holds.

mod hearing;
mod local_end;
mod measure;
mod payload;
pub mod postgres;
pub mod redis;
