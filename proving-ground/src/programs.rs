//! The programs of Postgres: where they are, and as whom they run. They refuse to run as root.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

/// Where Debian keeps a folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Ends a server whose test was killed: at once, with all its processes.
const SIGNAL_AT_DEATH: &str = "QUIT";

/// Programs of one version of Postgres.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// User and group that they run as, where root runs the tests.
    account: Option<(u32, u32)>,
}

impl Programs {
    /// The newest that are installed.
    pub(crate) fn find() -> Self {
        let folder = debian().or_else(in_path).expect(
            "a Postgres of one's own needs its programs here: apt-get install postgresql \
             (scripts/services up postgres does it where no Docker engine answers)",
        );
        let is_root = fs::metadata("/proc/self").expect("/proc is mounted").uid() == 0;
        Self { folder, account: is_root.then(unprivileged) }
    }

    /// Makes `folder` theirs.
    pub(crate) fn hand_over(&self, folder: &Path) {
        if let Some((user, group)) = self.account {
            chown(folder, Some(user), Some(group)).expect("root may give a folder away");
        }
    }

    /// Runs one to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = S>,
    ) {
        let output = self.command(program).args(arguments).output().expect("setpriv can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {said}");
    }

    /// One to be run, from `/`. Ends when the process does that starts it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.current_dir("/").args(["--pdeathsig", SIGNAL_AT_DEATH]);
        if let Some((user, group)) = self.account {
            let (user, group) = (user.to_string(), group.to_string());
            command.args(["--reuid", &user, "--regid", &group, "--clear-groups"]);
        }
        command.args(["env", "HOME=/"]).arg(self.path(program));
        command
    }

    /// Where one is.
    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

fn debian() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).ok()?.flatten();
    let versions = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let newest = versions
        .map(|version| (version, Path::new(DEBIAN).join(version.to_string()).join("bin")))
        .filter(|(_, folder)| folder.join("postgres").is_file())
        .max()?;
    Some(newest.1)
}

fn in_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join("postgres").is_file())
}

/// User and group `postgres`, or those of `nobody`.
fn unprivileged() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").expect("/etc/passwd can be read");
    let account = |name: &str| {
        let mut fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let fields = fields.find(|fields| fields[0] == name && fields.len() > 3)?;
        Some((fields[2].parse().ok()?, fields[3].parse().ok()?))
    };
    account("postgres").or_else(|| account("nobody")).expect("there is a user nobody")
}
