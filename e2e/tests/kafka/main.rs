//! Kafka between the log and the read model: the real binary, a relay and projectors that are fed by it.

#[cfg(test)]
mod projecting;
// Kafka's own consumer, as the storms use it.
#[cfg(test)]
#[path = "../chaos/published.rs"]
mod published;
#[cfg(test)]
mod relaying;
