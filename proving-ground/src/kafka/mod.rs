//! Kafka: the server that all tests share, topics of their own, and a whole broker for one test.

mod private;
#[cfg(feature = "kafka")]
mod record;
mod secured;
mod server;
#[cfg(feature = "kafka")]
mod topic;

pub use private::PrivateKafka;
#[cfg(feature = "kafka")]
pub use record::Record;
pub use secured::Secured;
pub use server::KafkaServer;
#[cfg(feature = "kafka")]
pub use topic::Topic;
