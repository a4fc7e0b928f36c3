//! A Redis for one test, which may do to it what it likes.

use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    ASK_AGAIN, PATIENCE,
    owner::new_name,
    processes::{delete_leftovers, free_port, signal, spawn},
};

/// How many ports are tried, where others take them.
const ATTEMPTS_MAX: u32 = 5;

/// Ends a server whose test was killed.
const SIGNAL_AT_DEATH: &str = "KILL";

/// A server of its own, which keeps nothing on disk. Ended when dropped, and also when the test's
/// process dies.
#[derive(Debug)]
pub struct PrivateRedis {
    folder: TempDir,
    settings: Vec<(String, String)>,
    port: u16,
    /// None while it is stopped.
    child: Option<Child>,
}

impl PrivateRedis {
    /// Starts a new one.
    ///
    /// # Panics
    ///
    /// Where Redis is not installed, or it does not start.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a new one, with more settings, such as `("maxmemory", "2mb")`.
    ///
    /// # Panics
    ///
    /// As [`PrivateRedis::start`].
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let parent = std::env::temp_dir();
        delete_leftovers(&parent);
        let prefix = format!("{}-", new_name());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let folder = folder.expect("a temporary folder");
        let mut server = Self { folder, settings: settings.collect(), port: 0, child: None };
        for _ in 0..ATTEMPTS_MAX {
            server.port = free_port();
            if server.try_start().await {
                return server;
            }
        }
        panic!("Redis does not start:\n{}", server.log());
    }

    /// Its URL, without a password. It stays the same when the server is started again.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// `kill -9`: connections are lost, and so is all that it held.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        signal("KILL", child.id());
        let ended = async {
            while child.try_wait().expect("it can be asked").is_none() {
                sleep(ASK_AGAIN).await;
            }
        };
        timeout(PATIENCE, ended).await.expect("it stops in time");
    }

    /// Halts it, as a machine that hangs would: connections stay open, nothing answers.
    /// [`PrivateRedis::go_on`] lets it go on.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn halt(&self) {
        signal("STOP", self.child.as_ref().expect("it runs").id());
    }

    /// Lets go on what [`PrivateRedis::halt`] halted.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn go_on(&self) {
        signal("CONT", self.child.as_ref().expect("it runs").id());
    }

    /// Starts it again, empty, on the same port, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it runs, or does not start.
    pub async fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        assert!(self.try_start().await, "Redis does not start again:\n{}", self.log());
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Whether it started; if not, it has ended.
    async fn try_start(&mut self) -> bool {
        let log =
            fs::File::options().create(true).append(true).open(self.folder.path().join("log"));
        let log = log.expect("the log can be written");
        let mut command = Command::new("setpriv");
        command.current_dir(self.folder.path()).args(["--pdeathsig", SIGNAL_AT_DEATH]);
        command.arg("redis-server");
        let port = self.port.to_string();
        let own = [("bind", "127.0.0.1"), ("port", &port), ("save", ""), ("appendonly", "no")];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        for (name, value) in own.chain(self.settings.clone()) {
            command.arg(format!("--{name}")).arg(value);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a second handle")).stderr(log);
        self.child = Some(spawn(command));
        timeout(PATIENCE, self.answers_or_ends()).await.expect("it starts in time")
    }

    async fn answers_or_ends(&mut self) -> bool {
        loop {
            let child = self.child.as_mut().expect("it was started");
            if child.try_wait().expect("it can be asked").is_some() {
                self.child = None;
                return false;
            }
            if self.answers().await.is_ok_and(|answers| answers) {
                return true;
            }
            sleep(ASK_AGAIN).await;
        }
    }

    /// Whether it says anything that a Redis says to `PING`, be it that it wants a password.
    async fn answers(&self) -> std::io::Result<bool> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(b"PING\r\n").await?;
        let mut said = [0; 5];
        connection.read_exact(&mut said).await?;
        Ok(said == *b"+PONG" || said == *b"-NOAU")
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            signal("KILL", child.id());
            let _ = child.wait();
        }
    }
}
