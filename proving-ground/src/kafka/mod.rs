//! Kafka: the server that all tests share, topics of their own, and a whole broker or three for one test.

mod broker;
mod cluster;
mod private;
#[cfg(feature = "kafka")]
mod record;
mod secured;
mod server;
mod settings;
#[cfg(feature = "kafka")]
mod topic;

pub use cluster::KafkaCluster;
pub use private::PrivateKafka;
#[cfg(feature = "kafka")]
pub use record::Record;
pub use secured::Secured;
pub use server::KafkaServer;
#[cfg(feature = "kafka")]
pub use topic::Topic;
