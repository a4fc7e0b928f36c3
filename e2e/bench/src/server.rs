//! The released binary: as a server on a data folder, or as a command that ends.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::{
    connection::Connection,
    load::get,
    process::{Memory, Process},
};

/// A server that does not begin to answer, or does not become ready, is given up after this.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often is looked whether it answers.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Settings beside the defaults: the environment variables.
pub(crate) type Settings<'a> = &'a [(&'a str, &'a str)];

/// A line of the log for each request is switched off, as it is for the bare servers.
pub(crate) const QUIET: (&str, &str) = ("CINELOG__LOGGING__FILTER", "warn");

/// Answers are made anew for each request.
pub(crate) const UNCACHED: (&str, &str) = ("CINELOG__QUERY__CACHE_BYTES", "0");

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    /// Where the API is.
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
    binary: PathBuf,
    data: PathBuf,
    /// From the start of the process to the first time that `/livez` was answered.
    pub(crate) alive_after: Duration,
    begun: Instant,
}

impl Server {
    /// Starts one and waits until it is ready: its read model is current then.
    pub(crate) async fn start(binary: &Path, data: &Path, settings: Settings<'_>) -> Self {
        let server = Self::start_unready(binary, data, settings).await;
        server.ready().await;
        server
    }

    /// Starts one and waits until it answers at all.
    pub(crate) async fn start_unready(binary: &Path, data: &Path, settings: Settings<'_>) -> Self {
        // Known before the server says it, so that its start can be watched.
        let (address, admin) = (free_address(), free_address());
        let mut command = command(binary, data, settings);
        command.arg("serve");
        command.args(["--listen", &address.to_string(), "--admin-listen", &admin.to_string()]);
        let begun = Instant::now();
        let process = Process::start(command.stdout(Stdio::null()));
        let mut server = Self {
            process,
            address,
            admin,
            binary: binary.to_owned(),
            data: data.to_owned(),
            alive_after: Duration::ZERO,
            begun,
        };
        while server.admin("/livez").await.is_none_or(|(status, _)| status != 200) {
            let ended = server.process.child().try_wait().expect("its state can be asked for");
            assert!(ended.is_none(), "the server ended: {ended:?}");
            assert!(begun.elapsed() < PATIENCE, "the server does not begin to answer");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        server.alive_after = begun.elapsed();
        server
    }

    /// Waits until `/readyz` is green; gives the time since the process was started.
    pub(crate) async fn ready(&self) -> Duration {
        let asked = Instant::now();
        loop {
            let answer = self.admin("/readyz").await;
            if matches!(answer, Some((200, _))) {
                return self.begun.elapsed();
            }
            assert!(asked.elapsed() < PATIENCE, "the server does not become ready: {answer:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until a read reflects this position; gives the time since the process was started.
    pub(crate) async fn reached(&self, position: u64) -> Duration {
        let mut connection = self.connect().await;
        let request = get("/v1/movies?limit=1", &[]);
        loop {
            let answer = connection.ask(&request).await.expect("the server answers");
            if answer.status == 200 && answer.position() >= Some(position) {
                return self.begun.elapsed();
            }
            tokio::time::sleep(10 * LOOK_EVERY).await;
        }
    }

    /// A connection to the API.
    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.address).await.expect("the server accepts connections")
    }

    /// Where what is asked for is served, and what it says.
    async fn admin(&self, target: &str) -> Option<(u16, String)> {
        let mut connection = Connection::open(self.admin).await.ok()?;
        let answer = connection.ask(&get(target, &[])).await.ok()?;
        Some((answer.status, String::from_utf8_lossy(answer.body).into_owned()))
    }

    /// The sum of a metric over all its labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        self.metric_with(name, "").await
    }

    /// The sum of a metric over those of its labels that say this, such as `outcome="hit"`.
    pub(crate) async fn metric_with(&self, name: &str, label: &str) -> f64 {
        let (_, text) = self.admin("/metrics").await.expect("metrics are served");
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let is_asked_for = rest.starts_with([' ', '{']) && rest.contains(label);
            rest.rsplit(' ').next().filter(|_| is_asked_for)?.parse::<f64>().ok()
        });
        values.sum()
    }

    /// Waits until a metric, summed over its labels, is at least this; gives what it is then.
    pub(crate) async fn metric_reaches(&self, name: &str, least: f64) -> f64 {
        let asked = Instant::now();
        loop {
            let value = self.metric(name).await;
            if value >= least {
                return value;
            }
            assert!(asked.elapsed() < PATIENCE, "{name} is {value}, and does not reach {least}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Halts it; [`Server::go_on`] lets it go on.
    pub(crate) fn halt(&self) {
        self.process.signal("-STOP");
    }

    /// Lets go on what was halted.
    pub(crate) fn go_on(&self) {
        self.process.signal("-CONT");
    }

    /// The processor time it has used.
    pub(crate) fn processor_time(&self) -> Duration {
        self.process.processor_time()
    }

    /// What it holds in memory.
    pub(crate) fn memory(&self) -> Memory {
        self.process.memory()
    }

    /// A token with `role` for a new account.
    pub(crate) fn token(&self, role: &str) -> String {
        let output = run(&self.binary, &self.data, &["token", "--role", role, "--ttl", "1d"]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Stops it as an operator would, once it is known that its read model is what the log holds: a
    /// figure that came about by losing something would mean nothing.
    pub(crate) async fn stop(self) {
        self.ready().await;
        let parked = self.metric("cinelog_projector_parked_streams").await;
        assert!(parked == 0.0, "{parked} streams were parked under load");
        let status = self.process.stop();
        assert!(status.success(), "the server did not stop cleanly: {status}");
    }
}

/// Runs a command of the binary to its end, which must be a good one.
pub(crate) fn run(binary: &Path, data: &Path, arguments: &[&str]) -> Output {
    let output = command(binary, data, &[QUIET]).args(arguments).output();
    let output = output.expect("the binary can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {said}");
    output
}

fn command(binary: &Path, data: &Path, settings: Settings<'_>) -> Command {
    let mut command = Command::new(binary);
    // Settings of the person who measures must not reach what is measured.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CINELOG__") {
            command.env_remove(name);
        }
    }
    command.envs(settings.iter().copied()).env("CINELOG__SERVER__DATA", data);
    command
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address")
}
