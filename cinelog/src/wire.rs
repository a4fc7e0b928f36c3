//! Which adapter stands behind each port: the one place that maps URLs to adapters.

mod identity;
mod kafka;
mod log;
mod mail;
mod objects;
mod oidc;
mod read_model;
mod redis;
mod source;

pub(crate) use self::{
    identity::identity,
    kafka::{Relay, relay},
    log::{event_log, event_log_of, event_log_reader, log_to_copy, log_to_copy_into},
    mail::mail,
    objects::objects,
    oidc::{sign_ins, trusted_issuers},
    read_model::{Stores, catalogue, change_feed, live_store, read_models, stores},
    redis::{Redis, rate_counters, redis, shared_answers},
    source::{Source, Sources, sources},
};
