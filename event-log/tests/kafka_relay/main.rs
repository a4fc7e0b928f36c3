//! The relay on a real Kafka, with a log in a file. What arrives is read by a plain client of Kafka.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod cluster;
mod fixture;
mod forgotten;
mod leading;
mod outages;
mod published;
mod refused;
mod secured;
