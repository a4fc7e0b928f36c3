//! A Postgres server for one test, which may do to it what it likes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{
    ASK_AGAIN, PATIENCE,
    owner::new_name,
    processes::{delete_leftovers, free_port, signal, spawn},
    programs::Programs,
};

/// How many ports are tried, where others take them.
const ATTEMPTS_MAX: u32 = 5;

/// A server of its own in a temporary folder, as durable as a real one. Ended and deleted when dropped,
/// and also when the test's process dies.
#[derive(Debug)]
pub struct PrivatePostgres {
    programs: Programs,
    folder: TempDir,
    settings: Vec<(String, String)>,
    port: u16,
    url: String,
    /// None while it is stopped.
    child: Option<Child>,
}

impl PrivatePostgres {
    /// Starts a new one.
    ///
    /// # Panics
    ///
    /// Where the programs of Postgres are not installed, or it does not start.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a new one, with more settings, such as `("max_connections", "10")`.
    ///
    /// # Panics
    ///
    /// As [`PrivatePostgres::start`].
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_in(&std::env::temp_dir(), settings).await
    }

    /// Starts a new one in a new folder within `parent`, for which disk it is on may matter. Whoever the
    /// server runs as must be able to reach it.
    ///
    /// # Panics
    ///
    /// As [`PrivatePostgres::start`].
    pub async fn start_in(parent: &Path, settings: &[(&str, &str)]) -> Self {
        delete_leftovers(parent);
        let server = Self::in_new_folder(parent, settings);
        let data = server.data();
        let initdb = ["--username", "cinelog", "--auth", "trust", "--encoding", "UTF8"];
        let locale = ["--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en-US"];
        let initdb = initdb.into_iter().chain(locale).chain(["--no-sync", "--pgdata", path(&data)]);
        server.programs.run("initdb", initdb);
        server.started_on_a_free_port().await
    }

    /// Starts a standby of this one: it follows it, and refuses to write.
    ///
    /// # Panics
    ///
    /// As [`PrivatePostgres::start`].
    pub async fn start_standby(&self) -> Self {
        let settings = self.settings.iter().map(|(name, value)| (&name[..], &value[..]));
        let parent = std::env::temp_dir();
        let standby = Self::in_new_folder(&parent, &settings.collect::<Vec<_>>());
        let data = standby.data();
        let from = ["--dbname", self.url(), "--pgdata", path(&data)];
        let how =
            ["--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream", "--no-sync"];
        standby.programs.run("pg_basebackup", from.into_iter().chain(how));
        standby.started_on_a_free_port().await
    }

    fn in_new_folder(parent: &Path, settings: &[(&str, &str)]) -> Self {
        let programs = Programs::find();
        let prefix = format!("{}-", new_name());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        let folder = folder.expect("a temporary folder");
        programs.hand_over(folder.path());
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let settings = settings.collect();
        Self { programs, folder, settings, port: 0, url: String::new(), child: None }
    }

    async fn started_on_a_free_port(mut self) -> Self {
        for _ in 0..ATTEMPTS_MAX {
            self.port = free_port();
            self.url = format!("postgres://cinelog@127.0.0.1:{}/postgres", self.port);
            if self.try_start().await {
                return self;
            }
        }
        panic!("Postgres does not start:\n{}", self.log());
    }

    /// Its URL, of a superuser. It stays the same when the server is started again.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it in good order: whoever is connected loses the connection, nothing is lost.
    ///
    /// # Panics
    ///
    /// If it does not run, or does not stop.
    pub async fn stop(&mut self) {
        self.end_by("INT").await;
    }

    /// Stops it as a crash of the server would: at once, and it recovers when it is started again.
    ///
    /// # Panics
    ///
    /// As [`PrivatePostgres::stop`].
    pub async fn stop_immediately(&mut self) {
        self.end_by("QUIT").await;
    }

    /// `kill -9` for all its processes.
    ///
    /// # Panics
    ///
    /// As [`PrivatePostgres::stop`].
    pub async fn kill(&mut self) {
        let parent = self.child.as_ref().expect("it runs").id();
        let children = children_of(parent);
        signal("KILL", parent);
        for child in children {
            signal("KILL", child);
        }
        self.has_ended().await;
    }

    /// Halts all its processes, as a machine that hangs would: connections stay open, nothing answers.
    /// [`PrivatePostgres::go_on`] lets them go on.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn halt(&self) {
        let parent = self.child.as_ref().expect("it runs").id();
        signal("STOP", parent);
        children_of(parent).into_iter().for_each(|child| signal("STOP", child));
    }

    /// Lets go on what [`PrivatePostgres::halt`] halted.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn go_on(&self) {
        let parent = self.child.as_ref().expect("it runs").id();
        children_of(parent).into_iter().for_each(|child| signal("CONT", child));
        signal("CONT", parent);
    }

    /// Starts it again, on the same port, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it runs, or does not start.
    pub async fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        // Processes of the one that was killed may need a moment to let go of shared memory.
        for _ in 0..ATTEMPTS_MAX {
            if self.try_start().await {
                return;
            }
        }
        panic!("Postgres does not start again:\n{}", self.log());
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Where a program of its version is, such as `pgbench`. It may be missing: not all are in one package.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.path(name)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Whether it started; if not, it has ended.
    async fn try_start(&mut self) -> bool {
        let log =
            fs::File::options().create(true).append(true).open(self.folder.path().join("log"));
        let log = log.expect("the log can be written");
        let mut command = self.programs.command("postgres");
        command.arg("-D").arg(self.data());
        let own = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &self.port.to_string()),
            ("unix_socket_directories", ""),
            ("shared_buffers", "32MB"),
            ("max_connections", "100"),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        for (name, value) in own.iter().chain(&self.settings) {
            command.arg("-c").arg(format!("{name}={value}"));
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
            if let Ok(connection) = PgConnection::connect(&self.url).await {
                let _ = connection.close().await;
                return true;
            }
            sleep(ASK_AGAIN).await;
        }
    }

    async fn end_by(&mut self, name: &str) {
        signal(name, self.child.as_ref().expect("it runs").id());
        self.has_ended().await;
    }

    async fn has_ended(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let ended = async {
            while child.try_wait().expect("it can be asked").is_none() {
                sleep(ASK_AGAIN).await;
            }
        };
        timeout(PATIENCE, ended).await.expect("it stops in time");
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            signal("CONT", child.id());
            signal("QUIT", child.id());
            let _ = child.wait();
        }
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn children_of(parent: u32) -> Vec<u32> {
    let task = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(task).unwrap_or_default();
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
