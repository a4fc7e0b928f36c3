//! Three Kafka brokers for tests that kill some of them.

use std::fs;

use tempfile::TempDir;

use super::{
    KafkaServer,
    broker::{Broker, STARTS_SOON, formatted},
    settings::{MemberPorts, member},
};
use crate::{
    owner::new_name,
    processes::{delete_leftovers, free_port},
};

/// How many brokers there are.
const BROKERS: usize = 3;

/// How many sets of ports are tried, where others take them.
const ATTEMPTS_MAX: u32 = 5;

/// Three brokers of its own in a temporary folder, each of them a controller too, with the ids 1 to 3. All that
/// they keep is on all three, and acknowledged when two have it. Ended and deleted when dropped, and also when
/// the test's process dies.
///
/// What is in the hands of one broker at a time has one partition: so the leader of the only partition of
/// `__transaction_state` coordinates all transactions, and that of `__consumer_offsets` all groups.
pub struct KafkaCluster {
    brokers: Vec<Broker>,
    ports: Vec<MemberPorts>,
    // After the brokers: it is deleted when they have ended.
    folder: TempDir,
}

impl KafkaCluster {
    /// Starts a new one.
    ///
    /// # Panics
    ///
    /// Where Java is not installed, Kafka's jars cannot be had, or it does not start.
    pub async fn start() -> Self {
        let parent = std::env::temp_dir();
        delete_leftovers(&parent);
        let folder =
            tempfile::Builder::new().prefix(&format!("{}-", new_name())).tempdir_in(parent);
        let folder = folder.expect("a temporary folder");
        let brokers = (1..=BROKERS).map(|id| {
            let own = folder.path().join(id.to_string());
            fs::create_dir(&own).expect("the folder can be written");
            Broker::within(&own, STARTS_SOON)
        });
        let mut cluster = Self { brokers: brokers.collect(), ports: chosen_ports(), folder };
        cluster.set();
        let formats: Vec<_> = cluster.brokers.iter().map(|broker| broker.format(&[])).collect();
        formats.into_iter().for_each(formatted);
        for _ in 0..ATTEMPTS_MAX {
            if cluster.try_start().await {
                return cluster;
            }
            cluster.end_all().await;
            cluster.ports = chosen_ports();
            cluster.set();
        }
        panic!("Kafka does not start:\n{}", cluster.log());
    }

    /// Where all of them are. They stay there when they are started again.
    pub fn server(&self) -> KafkaServer {
        let addresses: Vec<String> =
            self.ports.iter().map(|ports| format!("127.0.0.1:{}", ports.clients)).collect();
        KafkaServer::at(&format!("kafka://{}", addresses.join(",")))
    }

    /// `kill -9` of the broker with this id.
    ///
    /// # Panics
    ///
    /// If there is none, or it does not run.
    pub async fn kill(&mut self, id: i32) {
        let index = usize::try_from(id - 1).expect("ids are 1 to 3");
        self.brokers[index].end_by("KILL").await;
    }

    /// Starts those that do not run, on the same ports, and waits until they answer.
    ///
    /// # Panics
    ///
    /// If one does not start.
    pub async fn start_again(&mut self) {
        assert!(self.try_start().await, "Kafka does not start again:\n{}", self.log());
    }

    /// What all of them have logged, one after the other.
    pub fn log(&self) -> String {
        self.brokers.iter().map(Broker::log).collect()
    }

    /// Writes down what they are told.
    fn set(&self) {
        for (id, broker) in (1..).zip(&self.brokers) {
            broker.set(&member(&self.folder.path().join(id.to_string()), id, &self.ports));
        }
    }

    /// At once: none is ready to work before most of them are there.
    async fn try_start(&mut self) -> bool {
        self.brokers.iter_mut().filter(|broker| !broker.runs()).for_each(Broker::launch);
        for (broker, ports) in self.brokers.iter_mut().zip(&self.ports) {
            if !broker.answers(ports.clients).await {
                return false;
            }
        }
        true
    }

    async fn end_all(&mut self) {
        for broker in self.brokers.iter_mut().filter(|broker| broker.runs()) {
            broker.end_by("KILL").await;
        }
    }
}

fn chosen_ports() -> Vec<MemberPorts> {
    let ports = (0..BROKERS).map(|_| MemberPorts { clients: free_port(), controller: free_port() });
    ports.collect()
}
