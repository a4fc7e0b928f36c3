//! What stands on a topic: records that anybody may have written, and how they get there.

use std::time::Duration;

use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, Producer},
    util::Timeout,
};

use super::Topic;
use crate::PATIENCE;

/// A record, whatever is in it.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Where it goes.
    pub partition: i32,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers, in their order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Its value.
    pub value: Option<Vec<u8>>,
}

impl Topic {
    /// Writes records one after the other, and waits until they are there.
    ///
    /// # Panics
    ///
    /// Where the server does not take them in time.
    pub async fn send(&self, records: &[Record]) {
        let mut config = self.config();
        config.set("enable.idempotence", "true").set("message.max.bytes", "10000000");
        let producer: FutureProducer = config.create().expect("a producer can be made");
        let mut sent = Vec::new();
        for record in records {
            let mut headers = OwnedHeaders::new();
            for (key, value) in &record.headers {
                headers = headers.insert(Header { key, value: value.as_deref() });
            }
            let mut sending: FutureRecord<'_, [u8], [u8]> =
                FutureRecord::to(self.name()).partition(record.partition).headers(headers);
            sending.key = record.key.as_deref();
            sending.payload = record.value.as_deref();
            let queued = producer.send_result(sending);
            sent.push(queued.unwrap_or_else(|(error, _)| panic!("it is not sent: {error}")));
        }
        for sent in sent {
            let delivered = tokio::time::timeout(PATIENCE, sent).await.expect("it comes in time");
            let delivered = delivered.expect("the producer lives");
            delivered.unwrap_or_else(|(error, _)| panic!("it does not get there: {error}"));
        }
        producer.flush(Timeout::After(Duration::from_secs(1))).expect("nothing is left");
    }

    /// How many members a consumer group has, once they have agreed on who reads what.
    pub fn members(&self, group: &str) -> usize {
        let config = self.config();
        let client: BaseConsumer = config.create().expect("a client can be made");
        let Ok(groups) = client.fetch_group_list(Some(group), PATIENCE) else { return 0 };
        let stable = groups.groups().iter().filter(|group| group.state() == "Stable");
        stable.map(|group| group.members().len()).sum()
    }

    /// Lets records be as large as this, in bytes.
    ///
    /// # Panics
    ///
    /// Where the server refuses.
    pub async fn allow_records_of(&self, bytes: usize) {
        let (config, bytes) = (self.config(), bytes.to_string());
        let admin: AdminClient<DefaultClientContext> = config.create().expect("a client");
        let altered = AlterConfig::new(ResourceSpecifier::Topic(self.name()))
            .set("max.message.bytes", &bytes);
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let altered = admin.alter_configs([&altered], &options).await;
        altered.expect("the server answers").remove(0).expect("the server allows it");
    }

    /// Cuts a partition off before an offset.
    ///
    /// # Panics
    ///
    /// Where the server refuses.
    pub async fn truncate(&self, partition: i32, before: i64) {
        let config = self.config();
        let admin: AdminClient<DefaultClientContext> = config.create().expect("a client");
        let mut list = TopicPartitionList::new();
        let added = list.add_partition_offset(self.name(), partition, Offset::Offset(before));
        added.expect("such an offset can be");
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        admin.delete_records(&list, &options).await.expect("the server cuts it off");
    }

    fn config(&self) -> ClientConfig {
        self.server().client_settings().into_iter().collect()
    }
}
