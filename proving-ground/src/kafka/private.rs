//! A Kafka for one test, which may do to it what it likes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{
    KafkaServer, Secured,
    broker::{Broker, RUNS_FAST, STARTS_SOON, formatted},
    secured::make_certificate,
    settings::{Ports, alone},
};
use crate::{
    CuttingProxy,
    owner::new_name,
    processes::{delete_leftovers, free_port},
};

/// How many sets of ports are tried, where others take them.
const ATTEMPTS_MAX: u32 = 5;

/// The user of the listener that asks for a password.
const USER: &str = "cinelog";

/// That user's password.
const PASSWORD: &str = "of no worth elsewhere";

/// One broker of its own in a temporary folder, which is its own controller. Ended and deleted when
/// dropped, and also when the test's process dies.
///
/// It is reached directly, or through a [`CuttingProxy`] of its own, which it names to its clients: Kafka
/// tells each client where to go on, so that a proxy before it alone would be left out.
pub struct PrivateKafka {
    broker: Broker,
    settings: Vec<(String, String)>,
    ports: Ports,
    proxy: CuttingProxy,
    // After the broker: it is deleted when that has ended.
    folder: TempDir,
}

impl PrivateKafka {
    /// Starts a new one.
    ///
    /// # Panics
    ///
    /// Where Java is not installed, Kafka's jars cannot be had, or it does not start.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a new one, with more settings, such as `("message.max.bytes", "1000")`.
    ///
    /// # Panics
    ///
    /// As [`PrivateKafka::start`].
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_as(&std::env::temp_dir(), settings, STARTS_SOON).await
    }

    /// Starts a new one in a new folder within `parent`, one that is to be fast rather than there soon.
    ///
    /// # Panics
    ///
    /// As [`PrivateKafka::start`].
    pub async fn start_in(parent: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_as(parent, settings, RUNS_FAST).await
    }

    async fn start_as(
        parent: &Path,
        settings: &[(&str, &str)],
        machine: &'static [&'static str],
    ) -> Self {
        delete_leftovers(parent);
        let folder =
            tempfile::Builder::new().prefix(&format!("{}-", new_name())).tempdir_in(parent);
        let folder = folder.expect("a temporary folder");
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let (ports, proxy) = chosen_ports().await;
        let broker = Broker::within(folder.path(), machine);
        let mut kafka = Self { broker, settings: settings.collect(), ports, proxy, folder };
        kafka.prepare();
        for _ in 0..ATTEMPTS_MAX {
            if kafka.try_start().await {
                return kafka;
            }
            (kafka.ports, kafka.proxy) = chosen_ports().await;
            kafka.write_settings();
        }
        panic!("Kafka does not start:\n{}", kafka.log());
    }

    /// Where it is. It stays there when it is started again.
    pub fn server(&self) -> KafkaServer {
        KafkaServer::at(&format!("kafka://127.0.0.1:{}", self.ports.direct))
    }

    /// Where it is for clients whose connections go through [`PrivateKafka::proxy`], all of them.
    pub fn proxied(&self) -> KafkaServer {
        KafkaServer::at(&format!("kafka://{}", self.proxy.address()))
    }

    /// What stands between it and the clients of [`PrivateKafka::proxied`].
    pub fn proxy(&self) -> &CuttingProxy {
        &self.proxy
    }

    /// Where it asks for certificates and passwords, and what they are.
    pub fn secured(&self) -> Secured {
        let at = |port: u16| format!("127.0.0.1:{port}");
        Secured {
            tls: at(self.ports.tls),
            mutual_tls: at(self.ports.mutual_tls),
            sasl_tls: at(self.ports.sasl_tls),
            username: USER.to_owned(),
            password: PASSWORD.to_owned(),
            ca_file: self.path("server.pem"),
            certificate_file: self.path("client.pem"),
            key_file: self.path("client.key"),
        }
    }

    /// Stops it in good order.
    ///
    /// # Panics
    ///
    /// If it does not run, or does not stop.
    pub async fn stop(&mut self) {
        self.broker.end_by("TERM").await;
    }

    /// `kill -9`.
    ///
    /// # Panics
    ///
    /// As [`PrivateKafka::stop`].
    pub async fn kill(&mut self) {
        self.broker.end_by("KILL").await;
    }

    /// Halts it, as a machine that hangs would: connections stay open, nothing answers.
    /// [`PrivateKafka::go_on`] lets it go on.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn halt(&self) {
        self.broker.signal("STOP");
    }

    /// Lets go on what [`PrivateKafka::halt`] halted.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn go_on(&self) {
        self.broker.signal("CONT");
    }

    /// Starts it again, on the same ports, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it runs, or does not start.
    pub async fn start_again(&mut self) {
        assert!(self.try_start().await, "Kafka does not start again:\n{}", self.log());
    }

    /// A program that comes with Kafka, by the name of its main class, such as
    /// `org.apache.kafka.tools.ProducerPerformance`. Ends when the process does that starts it.
    pub fn tool(&self, main: &str) -> Command {
        self.broker.java(RUNS_FAST, main)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.broker.log()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes what it needs to start.
    fn prepare(&self) {
        make_certificate(self.folder.path(), "server");
        make_certificate(self.folder.path(), "client");
        let read = |name| fs::read_to_string(self.path(name)).expect("it was made");
        fs::write(self.path("keystore.pem"), read("server.key") + &read("server.pem"))
            .expect("the folder can be written");
        self.write_settings();
        let user = |mechanism| format!("{mechanism}=[name={USER},password=\"{PASSWORD}\"]");
        let (sha_256, sha_512) = (user("SCRAM-SHA-256"), user("SCRAM-SHA-512"));
        formatted(self.broker.format(&["--add-scram", &sha_256, "--add-scram", &sha_512]));
    }

    fn write_settings(&self) {
        let mut text = alone(self.folder.path(), &self.ports, &self.proxy.address().to_string());
        for (name, value) in &self.settings {
            text.push_str(&format!("{name}={value}\n"));
        }
        self.broker.set(&text);
    }

    /// Whether it started; if not, it has ended.
    async fn try_start(&mut self) -> bool {
        self.broker.launch();
        self.broker.answers(self.ports.direct).await
    }
}

/// Ports that are free now, and a proxy before one of them.
async fn chosen_ports() -> (Ports, CuttingProxy) {
    let ports = Ports {
        direct: free_port(),
        proxied: free_port(),
        controller: free_port(),
        tls: free_port(),
        mutual_tls: free_port(),
        sasl_tls: free_port(),
    };
    (ports, CuttingProxy::to(&format!("127.0.0.1:{}", ports.proxied)).await)
}
