//! Projectors that are fed by a real Kafka.

mod failing;
mod odd_records;
mod receiving;
mod topics;

use std::{sync::Arc, time::Duration};

use event_log::{
    Arrival,
    kafka::{KafkaOptions, Login, Mechanism, Protocol, Security, cloud_event},
};
use events::RecordedEvent;
use projector::{
    FedBy, PoisonPolicy,
    postgres::inbox::{InboxFeedOptions, ReceivingOptions, receive},
};
use proving_ground::{KafkaServer, Record, Topic};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{arrivals, inbox_of, partition_of, start_fed};
use crate::ground::{Ground, PATIENCE, Running, eventually, options};

const PARTITIONS: i32 = 4;

/// How a projector of these tests reads a topic.
fn receiving_from(server: &KafkaServer, topic: &str) -> ReceivingOptions {
    let mut kafka = KafkaOptions::at(vec![server.address().to_owned()]);
    kafka.topic = topic.to_owned();
    kafka.partitions = PARTITIONS;
    kafka.session_timeout = Duration::from_secs(2);
    if let Some((username, password)) = server.login() {
        let (username, password) = (username.to_owned(), password.to_owned());
        let login = Some(Login { mechanism: Mechanism::Plain, username, password });
        let protocol = Protocol::SaslPlaintext;
        kafka.security = Security { protocol, login, ..Security::default() };
    }
    ReceivingOptions::of(kafka)
}

/// A projector, and what receives beside it.
struct Node {
    running: Running,
    receiver: Receiver,
}

/// What puts into the inbox.
struct Receiver {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Receiver {
    fn start(ground: &Ground, options: ReceivingOptions) -> Self {
        let stop = CancellationToken::new();
        let task = receive(inbox_of(ground), options, stop.clone());
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("it ends in time").unwrap();
    }
}

impl Node {
    async fn start(ground: &Ground, fed: InboxFeedOptions, receiving: ReceivingOptions) -> Self {
        let running = start_fed(ground, fed, options(512, PoisonPolicy::Park)).await;
        Self { running, receiver: Receiver::start(ground, receiving) }
    }

    async fn is_fed_by(&self, fed_by: FedBy) {
        eventually(async || self.running.status.report().fed_by == fed_by).await;
    }

    async fn stop(self) {
        self.receiver.stop().await;
        self.running.stop().await.unwrap();
    }
}

/// Waits until so many read the topic for the first generation.
async fn members(ground: &Ground, topic: &Arc<Topic>, count: usize) {
    let group = format!("cinelog-projector-{}", inbox_of(ground).name().await.unwrap());
    eventually(async || {
        let (topic, group) = (Arc::clone(topic), group.clone());
        tokio::task::spawn_blocking(move || topic.members(&group)).await.unwrap() == count
    })
    .await;
}

/// Waits until a topic is read from its beginning, of which nothing was read before: whoever has never
/// read a partition begins at its end.
async fn is_read(ground: &Ground, topic: &Topic) {
    let inbox = inbox_of(ground);
    let all: Vec<i32> = (0..PARTITIONS).collect();
    let partitions = all.len();
    eventually(async || {
        inbox.reached(topic.name(), &all).await.is_ok_and(|reached| reached.len() == partitions)
    })
    .await;
}

/// What a relay would write of events.
fn record(Arrival { event, previous, .. }: &Arrival) -> Record {
    let encoded = cloud_event::encode(event, *previous, "test");
    let header =
        |(name, value): (&'static str, String)| (name.to_owned(), Some(value.into_bytes()));
    Record {
        partition: partition_of(event, PARTITIONS),
        key: Some(encoded.key.as_bytes().to_vec()),
        headers: encoded.headers.into_iter().map(header).collect(),
        value: Some(encoded.value.as_bytes().to_vec()),
    }
}

/// The records of all events, in the order of the log.
fn records(events: &[RecordedEvent]) -> Vec<Record> {
    arrivals(events).iter().map(record).collect()
}

/// Appends events to the log, and relays them.
async fn happen(ground: &Ground, topic: &Topic, all: &[RecordedEvent], from: usize, to: usize) {
    ground.append(&all[from..to]).await;
    topic.send(&records(&all[..to])[from..]).await;
}
