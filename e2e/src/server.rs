//! A running `cinelog serve`.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    Client, PATIENCE,
    process::{command, run},
};

/// How soon a server is asked again whether something has come to pass.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// How many lines of a server's log a failing test shows.
const LINES_SHOWN_MAX: usize = 100;

/// A running server. Killed when dropped.
pub struct Server {
    child: Child,
    /// Everything it has printed so far, up to the line that says it is ready.
    pub banner: String,
    /// Where the API is, such as `http://127.0.0.1:40001`.
    pub url: String,
    /// Where health and metrics are.
    pub admin_url: String,
    data: PathBuf,
    /// Deleted when the last server or [`Stopped`] that uses it is gone.
    folder: Option<Arc<TempDir>>,
    log: ServerLog,
}

/// What a server has logged so far. Shown when a test fails.
type ServerLog = Arc<Mutex<Vec<String>>>;

impl Server {
    /// Starts a server on a new data folder.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server on a new data folder, with more flags.
    pub fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self::start_on(&folder.path().join("data"), flags);
        server.folder = Some(Arc::new(folder));
        server
    }

    /// Starts a server on a data folder that may hold a history.
    pub fn start_on(data: &Path, flags: &[&str]) -> Self {
        Self::start_in(&[], data, flags)
    }

    /// Starts a server on a data folder, with more in its environment.
    pub fn start_in(environment: &[(&str, &OsStr)], data: &Path, flags: &[&str]) -> Self {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data"].map(OsStr::new);
        let arguments = arguments.into_iter().chain([data.as_os_str()]);
        let mut child = command(arguments.chain(flags.iter().map(OsStr::new)))
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cinelog can be run");
        let log = keep_log(&mut child);
        let banner = read_banner(&mut child, &log);
        let address = |label: &str| {
            let line = banner.lines().find(|line| line.trim_start().starts_with(label));
            let url = line.and_then(|line| line.split_whitespace().nth(1));
            let url = url.unwrap_or_else(|| panic!("no {label} in the banner:\n{banner}"));
            url.split('/').take(3).collect::<Vec<_>>().join("/")
        };
        let (url, admin_url) = (address("API"), address("admin"));
        Self { child, banner, url, admin_url, data: data.to_path_buf(), folder: None, log }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// All that it has logged so far.
    pub fn logged(&self) -> String {
        self.log.lock().map(|lines| lines.join("\n")).unwrap_or_default()
    }

    /// What `/readyz` says now: whether the server can do its work.
    pub async fn is_ready(&self) -> bool {
        let answer = self.anyone().at(&self.admin_url).get("/readyz").await;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        answer.status == 200
    }

    /// Waits until `/readyz` says so.
    pub async fn becomes_ready(&self, ready: bool) {
        let says_so = async {
            while self.is_ready().await != ready {
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        let says_so = tokio::time::timeout(PATIENCE, says_so).await;
        assert!(says_so.is_ok(), "/readyz says {} in time", if ready { 200 } else { 503 });
    }

    /// A token with `role` for a new account.
    pub fn token(&self, role: &str) -> String {
        let data = self.data.to_string_lossy();
        let output = run(["token", "--role", role, "--data", &data]);
        assert!(output.success, "{output:?}");
        output.stdout.trim().to_owned()
    }

    /// A client without a token.
    pub fn anyone(&self) -> Client {
        Client::new(&self.url, None)
    }

    /// A client with a token of `role`, for an account of its own.
    pub fn caller(&self, role: &str) -> Client {
        Client::new(&self.url, Some(self.token(role)))
    }

    /// Ends the process as a power cut would: no chance to clean up. Gives the data folder back.
    pub fn kill(mut self) -> Stopped {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
        Stopped { data: self.data.clone(), folder: self.folder.clone() }
    }

    /// Asks the process to stop (SIGTERM) without waiting for it.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Halts the process, as a machine that hangs would, until [`go_on`](Self::go_on).
    pub fn halt(&self) {
        self.signal("STOP");
    }

    /// Lets the process go on.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    /// Asks the process to look at its certificate (SIGHUP).
    pub fn hang_up(&self) {
        self.signal("HUP");
    }

    /// Waits until a line of the log holds this text.
    pub async fn logs(&self, text: &str) {
        let says = |line: &String| line.contains(text);
        let said = async {
            while !self.log.lock().expect("nobody panics with it").iter().any(says) {
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        let said = tokio::time::timeout(PATIENCE, said).await;
        assert!(said.is_ok(), "the log says {text:?} in time");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.expect("kill can be run").success());
    }

    /// Waits for the process to end; gives whether it ended with success.
    pub fn wait(mut self) -> (bool, Stopped) {
        let status = self.child.wait().expect("it ends");
        (status.success(), Stopped { data: self.data.clone(), folder: self.folder.clone() })
    }
}

impl Server {
    /// Waits for the process to end; gives whether it ended with success, and all that it logged.
    pub fn wait_with_log(mut self) -> (bool, Vec<String>) {
        let status = self.child.wait().expect("it ends");
        // The pipe is read to its end by a thread, which then lets go of the log.
        while Arc::strong_count(&self.log) > 1 {
            thread::sleep(ASK_AGAIN);
        }
        let lines = std::mem::take(&mut *self.log.lock().expect("nobody panics with it"));
        (status.success(), lines)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the server logged:\n{}", lines(&self.log));
        }
    }
}

/// The last of what was logged.
fn lines(log: &ServerLog) -> String {
    let last =
        |lines: &Vec<String>| lines[lines.len().saturating_sub(LINES_SHOWN_MAX)..].join("\n");
    log.lock().map(|lines| last(&lines)).unwrap_or_default()
}

/// What a stopped server leaves: its data folder.
pub struct Stopped {
    data: PathBuf,
    folder: Option<Arc<TempDir>>,
}

impl Stopped {
    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Starts a server on the same folder again.
    pub fn start_again(&self) -> Server {
        self.start_again_with(&[])
    }

    /// Starts a server on the same folder again, with more flags.
    pub fn start_again_with(&self, flags: &[&str]) -> Server {
        let mut server = Server::start_on(&self.data, flags);
        server.folder.clone_from(&self.folder);
        server
    }
}

/// Keeps what the server logs, and its pipe empty.
fn keep_log(child: &mut Child) -> ServerLog {
    let stderr = child.stderr.take().expect("stderr is piped");
    let log = ServerLog::default();
    let kept = Arc::clone(&log);
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            kept.lock().expect("nobody panics with it").push(line);
        }
    });
    log
}

/// Reads what the server prints until it says `Ready.`; then keeps its pipe empty.
fn read_banner(child: &mut Child, log: &ServerLog) -> String {
    let stdout = child.stdout.take().expect("stdout is piped");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let mut banner = String::new();
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(line) => {
                banner.push_str(&line);
                banner.push('\n');
                if line == "Ready." {
                    return banner;
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("not ready in time:\n{banner}"),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let _ = child.wait();
                panic!("it ended:\n{banner}\n{}", lines(log));
            }
        }
    }
}
