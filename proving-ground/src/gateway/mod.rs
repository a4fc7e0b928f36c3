//! nginx and Varnish for one test, set up as deploy/ has them: before nodes that the test names.
//!
//! What is shipped is run as it is, but for where it listens, where its files are, and where the nodes are. A
//! line to be replaced that is not there is a panic, so that what is tested cannot part from what is shipped.

mod nginx;
mod varnish;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
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

/// What is shown to it by who purges.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Ends a gateway whose test was killed, with all its processes.
const SIGNAL_AT_DEATH: &str = "TERM";

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayKind {
    /// With deploy/nginx.conf.
    Nginx,
    /// With deploy/varnish.vcl.
    Varnish,
}

/// Where the nodes are, each as `127.0.0.1:PORT`: two of each role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nodes {
    /// Those that answer queries.
    pub query: [String; 2],
    /// Those that take commands.
    pub command: [String; 2],
}

/// A gateway. Ended when dropped, and also when the test's process dies.
#[derive(Debug)]
pub struct Gateway {
    kind: GatewayKind,
    folder: TempDir,
    port: u16,
    /// What one address may ask, times this.
    patience_with_clients: u32,
    /// Whether connections begin with the address of who is behind them.
    is_told_of_clients: bool,
    /// None while it does not run.
    child: Option<Child>,
}

impl Gateway {
    /// Chooses where it will be. It is there once [`Gateway::start`] has started it, so that nodes can be told
    /// of it before.
    ///
    /// # Panics
    ///
    /// Where its program is not installed.
    pub fn new(kind: GatewayKind) -> Self {
        let program = kind.program();
        assert!(
            is_installed(program),
            "these tests need {program}: run scripts/services up {program} as root, \
             or apt-get install {}",
            kind.packages()
        );
        let parent = std::env::temp_dir();
        delete_leftovers(&parent);
        let folder =
            tempfile::Builder::new().prefix(&format!("{}-", new_name())).tempdir_in(parent);
        let folder = folder.expect("a temporary folder");
        // Started by root, both have workers that are somebody else.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("its owner may open it");
        fs::write(folder.path().join("token"), TOKEN).expect("the token can be written");
        Self {
            kind,
            folder,
            port: free_port(),
            patience_with_clients: 1_000,
            is_told_of_clients: false,
            child: None,
        }
    }

    /// The same, with the limit for each client that is shipped. Otherwise it is a thousand times as high,
    /// since all who call in a test have one address.
    #[must_use]
    pub fn with_shipped_limit(mut self) -> Self {
        self.patience_with_clients = 1;
        self
    }

    /// The same, believing what a connection begins with: a line of the PROXY protocol (version 1), which says who
    /// calls. Every connection must have it.
    #[must_use]
    pub fn told_of_clients(mut self) -> Self {
        self.is_told_of_clients = true;
        self
    }

    /// Where it is, such as `http://127.0.0.1:20001`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it wants to be shown by who purges.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// Starts it before these nodes, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start(&mut self, nodes: &Nodes) {
        let deploy = self.folder.path().join("deploy");
        copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy"), &deploy);
        let command = match self.kind {
            GatewayKind::Nginx => nginx::prepare(self, &deploy, nodes),
            GatewayKind::Varnish => varnish::prepare(self, &deploy, nodes),
        };
        let log = fs::File::options().create(true).append(true).open(self.path("log"));
        let log = log.expect("the log can be written");
        let mut started = Command::new("setpriv");
        started.current_dir("/").args(["--pdeathsig", SIGNAL_AT_DEATH]);
        started.arg(command.get_program()).args(command.get_args());
        started.stdin(Stdio::null()).stdout(log.try_clone().expect("a second handle")).stderr(log);
        self.child = Some(spawn(started));
        let answering = async {
            while !self.answers().await.unwrap_or(false) {
                let child = self.child.as_mut().expect("it was started");
                let ended = child.try_wait().expect("it can be asked");
                assert!(ended.is_none(), "{:?} does not start:\n{}", self.kind, self.log());
                sleep(ASK_AGAIN).await;
            }
        };
        timeout(PATIENCE, answering).await.expect("it starts in time");
    }

    /// Stops it; what it kept in files stays.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        signal("TERM", child.id());
        let ended = async {
            while child.try_wait().expect("it can be asked").is_none() {
                sleep(ASK_AGAIN).await;
            }
        };
        timeout(PATIENCE, ended).await.expect("it stops in time");
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether it says anything, be it that no node answers.
    async fn answers(&self) -> std::io::Result<bool> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).await?;
        if self.is_told_of_clients {
            connection.write_all(b"PROXY TCP4 127.0.0.1 127.0.0.1 1000 80\r\n").await?;
        }
        connection
            .write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await?;
        let mut said = [0; 5];
        connection.read_exact(&mut said).await?;
        Ok(said == *b"HTTP/")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            signal("TERM", child.id());
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("{:?} logged:\n{}", self.kind, self.log());
        }
    }
}

impl GatewayKind {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Nginx, Self::Varnish];

    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Varnish => "varnishd",
        }
    }

    fn packages(self) -> &'static str {
        match self {
            Self::Nginx => "nginx libnginx-mod-http-js",
            Self::Varnish => "varnish varnish-modules",
        }
    }
}

fn is_installed(program: &str) -> bool {
    // Debian has them where the PATH of other users than root does not lead.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.into_iter().any(|folder| folder.join(program).is_file())
}

/// Replaces what must be there.
#[track_caller]
fn replace(file: &Path, pairs: &[(&str, &str)]) {
    let mut text = fs::read_to_string(file).expect("what is shipped can be read");
    for (from, to) in pairs {
        assert!(text.contains(from), "{} has no `{from}`", file.display());
        text = text.replace(from, to);
    }
    fs::write(file, text).expect("a copy can be written");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("deploy/ can be read").flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy_folder(&path, &to),
            false => drop(fs::copy(path, to).expect("a file can be copied")),
        }
    }
}
