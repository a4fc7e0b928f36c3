//! A Kafka for one test, which may do to it what it likes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{KafkaServer, Secured, secured::make_certificate};
use crate::{
    ASK_AGAIN, CuttingProxy, PATIENCE,
    owner::new_name,
    processes::{delete_leftovers, free_port, signal, spawn},
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
    jars: PathBuf,
    /// What the virtual machine is told.
    machine: &'static [&'static str],
    folder: TempDir,
    settings: Vec<(String, String)>,
    ports: Ports,
    proxy: CuttingProxy,
    /// None while it is stopped.
    child: Option<Child>,
}

/// Where its listeners are.
#[derive(Clone, Copy, Debug)]
struct Ports {
    direct: u16,
    proxied: u16,
    controller: u16,
    tls: u16,
    mutual_tls: u16,
    sasl_tls: u16,
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
        let jars = jars();
        let mut kafka =
            Self { jars, machine, folder, settings: settings.collect(), ports, proxy, child: None };
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
        self.end_by("TERM").await;
    }

    /// `kill -9`.
    ///
    /// # Panics
    ///
    /// As [`PrivateKafka::stop`].
    pub async fn kill(&mut self) {
        self.end_by("KILL").await;
    }

    /// Halts it, as a machine that hangs would: connections stay open, nothing answers.
    /// [`PrivateKafka::go_on`] lets it go on.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn halt(&self) {
        signal("STOP", self.child.as_ref().expect("it runs").id());
    }

    /// Lets go on what [`PrivateKafka::halt`] halted.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn go_on(&self) {
        signal("CONT", self.child.as_ref().expect("it runs").id());
    }

    /// Starts it again, on the same ports, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it runs, or does not start.
    pub async fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        assert!(self.try_start().await, "Kafka does not start again:\n{}", self.log());
    }

    /// A program that comes with Kafka, by the name of its main class, such as
    /// `org.apache.kafka.tools.ProducerPerformance`. Ends when the process does that starts it.
    pub fn tool(&self, main: &str) -> Command {
        self.java(RUNS_FAST, main)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
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
        let format = self
            .java(STARTS_SOON, "kafka.tools.StorageTool")
            .args(["format", "--cluster-id", "MkU3OEVBNTcwNTJENDM2Qg", "--config"])
            .arg(self.path("server.properties"))
            .args(["--add-scram", &user("SCRAM-SHA-256"), "--add-scram", &user("SCRAM-SHA-512")])
            .output();
        let format = format.expect("setpriv can be run");
        let said = [format.stdout, format.stderr].concat();
        assert!(format.status.success(), "{}", String::from_utf8_lossy(&said));
    }

    fn write_settings(&self) {
        let mut text = settings(self.folder.path(), &self.ports, &self.proxy.address().to_string());
        for (name, value) in &self.settings {
            text.push_str(&format!("{name}={value}\n"));
        }
        fs::write(self.path("server.properties"), text).expect("the folder can be written");
        fs::write(self.path("log4j2.properties"), LOGGING).expect("the folder can be written");
    }

    fn java(&self, machine: &[&str], main: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.current_dir("/").args(["--pdeathsig", "KILL", "java"]).args(machine);
        command.args(["-XX:+UseSerialGC", "-XX:-UsePerfData"]);
        let logging = self.path("log4j2.properties");
        command.arg(format!("-Dlog4j2.configurationFile={}", logging.display()));
        command.args(["-cp", &format!("{}/*", self.jars.display()), main]);
        command
    }

    /// Whether it started; if not, it has ended.
    async fn try_start(&mut self) -> bool {
        let log = fs::File::options().create(true).append(true).open(self.path("log"));
        let log = log.expect("the log can be written");
        let mut command = self.java(self.machine, "kafka.Kafka");
        command.arg(self.path("server.properties"));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a second handle")).stderr(log);
        self.child = Some(spawn(command));
        timeout(PATIENCE, self.answers_or_ends()).await.expect("it starts in time")
    }

    /// It takes connections only when it is ready to work.
    async fn answers_or_ends(&mut self) -> bool {
        loop {
            let child = self.child.as_mut().expect("it was started");
            if child.try_wait().expect("it can be asked").is_some() {
                self.child = None;
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.ports.direct)).await.is_ok() {
                return true;
            }
            sleep(ASK_AGAIN).await;
        }
    }

    async fn end_by(&mut self, name: &str) {
        let mut child = self.child.take().expect("it runs");
        signal(name, child.id());
        let ended = async {
            while child.try_wait().expect("it can be asked").is_none() {
                sleep(ASK_AGAIN).await;
            }
        };
        timeout(PATIENCE, ended).await.expect("it stops in time");
    }
}

impl Drop for PrivateKafka {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            signal("KILL", child.id());
            let _ = child.wait();
        }
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

/// The folder of Kafka's jars; they are fetched where they are missing.
fn jars() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/kafka-jars");
    let output = Command::new(&script).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// One broker; what a test waits for comes sooner than it would on a stock one.
fn settings(folder: &Path, ports: &Ports, proxy: &str) -> String {
    let folder = folder.display();
    let Ports { direct, proxied, controller, tls, mutual_tls, sasl_tls } = ports;
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=DIRECT://127.0.0.1:{direct},PROXIED://127.0.0.1:{proxied},TLS://127.0.0.1:{tls},\
MUTUAL://127.0.0.1:{mutual_tls},SCRAM://127.0.0.1:{sasl_tls},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=DIRECT://127.0.0.1:{direct},PROXIED://{proxy},TLS://127.0.0.1:{tls},\
MUTUAL://127.0.0.1:{mutual_tls},SCRAM://127.0.0.1:{sasl_tls}
listener.security.protocol.map=DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,\
MUTUAL:SSL,SCRAM:SASL_SSL
inter.broker.listener.name=DIRECT
controller.listener.names=CONTROLLER
ssl.keystore.type=PEM
ssl.keystore.location={folder}/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/client.pem
listener.name.mutual.ssl.client.auth=required
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512
listener.name.scram.scram-sha-256.sasl.jaas.config={SCRAM}
listener.name.scram.scram-sha-512.sasl.jaas.config={SCRAM}
log.dirs={folder}/logs
{TUNING}"
    )
}

/// For tests, which wait for the start more than for anything else.
const STARTS_SOON: &[&str] =
    &["-Xms128m", "-Xmx256m", "-XX:MaxDirectMemorySize=128m", "-XX:TieredStopAtLevel=1"];

/// As much as a small broker has, and all that the compiler can do.
const RUNS_FAST: &[&str] = &["-Xms512m", "-Xmx512m", "-XX:MaxDirectMemorySize=256m"];

const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule required;";

const TUNING: &str = "auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=2
num.io.threads=2
";

const LOGGING: &str = "status=error
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=OUT
";
