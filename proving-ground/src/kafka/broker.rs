//! The process of one broker: Java with Kafka's jars, in a folder. Knows not what it is told, nor who asks it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    ASK_AGAIN,
    processes::{signal, spawn},
};

/// Stops a test that waits for ever for a start or an end. Several virtual machines that start at once on a
/// busy machine take a minute.
const PATIENCE: Duration = Duration::from_secs(180);

/// For tests, which wait for the start more than for anything else.
pub(super) const STARTS_SOON: &[&str] =
    &["-Xms128m", "-Xmx256m", "-XX:MaxDirectMemorySize=128m", "-XX:TieredStopAtLevel=1"];

/// As much as a small broker has, and all that the compiler can do.
pub(super) const RUNS_FAST: &[&str] = &["-Xms512m", "-Xmx512m", "-XX:MaxDirectMemorySize=256m"];

/// One broker. Its process is ended when this is dropped, and also when the test's process dies.
pub(super) struct Broker {
    jars: PathBuf,
    /// What the virtual machine is told.
    machine: &'static [&'static str],
    folder: PathBuf,
    /// None while it is stopped.
    child: Option<Child>,
}

impl Broker {
    /// One that keeps everything in `folder`, which is there, and does not run yet.
    pub(super) fn within(folder: &Path, machine: &'static [&'static str]) -> Self {
        Self { jars: jars(), machine, folder: folder.to_owned(), child: None }
    }

    /// Writes down what it is told when it is started.
    pub(super) fn set(&self, settings: &str) {
        fs::write(self.path("server.properties"), settings).expect("the folder can be written");
        fs::write(self.path("log4j2.properties"), LOGGING).expect("the folder can be written");
    }

    /// Begins to make ready the folder that its settings name. [`formatted`] waits for the end.
    pub(super) fn format(&self, more: &[&str]) -> Child {
        let mut command = self.java(STARTS_SOON, "kafka.tools.StorageTool");
        command.args(["format", "--cluster-id", "MkU3OEVBNTcwNTJENDM2Qg", "--config"]);
        command.arg(self.path("server.properties")).args(more);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        spawn(command)
    }

    /// Begins to start it. [`Broker::answers`] waits for the end.
    pub(super) fn launch(&mut self) {
        assert!(!self.runs(), "it runs");
        let log = fs::File::options().create(true).append(true).open(self.path("log"));
        let log = log.expect("the log can be written");
        let mut command = self.java(self.machine, "kafka.Kafka");
        command.arg(self.path("server.properties"));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a second handle")).stderr(log);
        self.child = Some(spawn(command));
    }

    /// Waits until it is ready to work, which is when it takes connections on `port`. `false`: it has ended
    /// instead.
    pub(super) async fn answers(&mut self, port: u16) -> bool {
        timeout(PATIENCE, self.answers_or_ends(port)).await.expect("it starts in time")
    }

    async fn answers_or_ends(&mut self, port: u16) -> bool {
        loop {
            let child = self.child.as_mut().expect("it was started");
            if child.try_wait().expect("it can be asked").is_some() {
                self.child = None;
                return false;
            }
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return true;
            }
            sleep(ASK_AGAIN).await;
        }
    }

    /// Whether it was started, and not ended.
    pub(super) fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// Ends it by a signal, and waits until it has ended.
    pub(super) async fn end_by(&mut self, name: &str) {
        let mut child = self.child.take().expect("it runs");
        signal(name, child.id());
        let ended = async {
            while child.try_wait().expect("it can be asked").is_none() {
                sleep(ASK_AGAIN).await;
            }
        };
        timeout(PATIENCE, ended).await.expect("it stops in time");
    }

    /// Sends it a signal that does not end it.
    pub(super) fn signal(&self, name: &str) {
        signal(name, self.child.as_ref().expect("it runs").id());
    }

    /// What it has logged.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// A program of Kafka's, which ends when the process does that starts it.
    pub(super) fn java(&self, machine: &[&str], main: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.current_dir("/").args(["--pdeathsig", "KILL", "java"]).args(machine);
        command.args(["-XX:+UseSerialGC", "-XX:-UsePerfData"]);
        let logging = self.path("log4j2.properties");
        command.arg(format!("-Dlog4j2.configurationFile={}", logging.display()));
        command.args(["-cp", &format!("{}/*", self.jars.display()), main]);
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            signal("KILL", child.id());
            let _ = child.wait();
        }
    }
}

/// Waits for what [`Broker::format`] began.
pub(super) fn formatted(format: Child) {
    let output = format.wait_with_output().expect("it can be waited for");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// The folder of Kafka's jars; they are fetched where they are missing.
fn jars() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/kafka-jars");
    let output = Command::new(&script).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

const LOGGING: &str = "status=error
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=OUT
";
