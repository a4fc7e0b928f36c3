//! Processes of one catalogue: each has a role or several, all share a Postgres database and their keys.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use tempfile::TempDir;

use crate::{Output, Server, process::run_in};

/// What signs cursors on all nodes.
const CURSOR_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A database, and a folder for what its nodes keep. Deleted when dropped.
pub struct Cluster {
    folder: TempDir,
    url: String,
}

impl Cluster {
    /// On the database at `url`, which nobody has written to yet, or others of these nodes have.
    pub fn on(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cluster = Self { folder, url: url.to_owned() };
        // A command makes the key that all of them are to share.
        let data = cluster.data("first");
        let arguments = ["token", "--role", "viewer", "--data"].map(OsStr::new);
        run_in(&[], arguments.into_iter().chain([data.as_os_str()])).expect_success();
        std::fs::rename(data.join("signing-key.pem"), cluster.key()).expect("it has made a key");
        cluster
    }

    /// Starts a node with a role, or all of them where it is empty; its data folder is that of its name.
    /// `url` is how it reaches the database, where that is not the direct way.
    pub fn node(&self, name: &str, role: &str, url: Option<&str>) -> Server {
        self.node_with(name, role, url, &[])
    }

    /// The same, with more in its environment.
    pub fn node_with(
        &self,
        name: &str,
        role: &str,
        url: Option<&str>,
        more: &[(&str, String)],
    ) -> Server {
        let environment = self.environment(url.unwrap_or(&self.url));
        let environment = environment.iter().map(|(name, value)| (*name, value.as_os_str()));
        let more = more.iter().map(|(name, value)| (*name, OsStr::new(value)));
        let environment = environment.chain(more);
        let flags: &[&str] = if role.is_empty() { &[] } else { &["--role", role] };
        Server::start_in(&environment.collect::<Vec<_>>(), &self.data(name), flags)
    }

    /// Runs a command to its end, on a machine of its own.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let environment = self.environment(&self.url);
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| (*name, value.as_os_str())).collect();
        let data = self.data("elsewhere");
        let arguments = arguments.iter().map(OsStr::new);
        run_in(&environment, arguments.chain([OsStr::new("--data"), data.as_os_str()]))
    }

    /// A token with `role` for a new account, good at all nodes.
    pub fn token(&self, role: &str) -> String {
        self.run(&["token", "--role", role]).expect_success().stdout.trim().to_owned()
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("signing-key.pem")
    }

    fn environment(&self, url: &str) -> Vec<(&'static str, OsString)> {
        vec![
            ("CINELOG__LOG__URL", url.into()),
            ("CINELOG__READ_MODEL__URL", url.into()),
            ("CINELOG__IDENTITY__URL", url.into()),
            ("CINELOG__IDENTITY__SIGNING_KEY_FILE", self.key().into()),
            ("CINELOG__QUERY__CURSOR_KEY", CURSOR_KEY.into()),
        ]
    }
}
