//! Which adapter stands behind each port: the one place that maps URLs to adapters.

mod log;
mod read_model;

pub(crate) use self::{
    log::{event_log, event_log_of, event_log_reader, log_to_copy, log_to_copy_into},
    read_model::{Stores, catalogue, change_feed, live_store, read_models, stores},
};
