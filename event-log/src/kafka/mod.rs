//! Kafka: the log's events for whoever wants them as they happen. Each is a CloudEvent on one topic,
//! keyed by its stream ([`cloud_event`]).
//!
//! The log stays the truth: what is on Kafka was in the log before, and can be put there again.

#[cfg(feature = "kafka")]
mod client;
pub mod cloud_event;
#[cfg(feature = "kafka")]
mod context;
mod options;
mod partition;
#[cfg(feature = "kafka")]
pub mod relay;
#[cfg(feature = "kafka")]
pub mod source;
#[cfg(feature = "kafka")]
mod topic;

pub use options::{KafkaOptions, Login, Mechanism, Protocol, Security};
pub use partition::partition_of;

/// Runs what blocks where it holds nobody up.
#[cfg(feature = "kafka")]
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, relay::RelayError> + Send + 'static,
) -> Result<T, relay::RelayError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(relay::RelayError::Unavailable(error.to_string())))
}
