//! A disk that is full, or whose fsync fails, when a test says so. Linux only: a library that is loaded
//! into Cinelog stands between it and the kernel (`e2e/shim/faults.c`).

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{Output, Server, process::run_in};

/// A disk that fails when it is told to. Files whose path begins with a prefix have it for their disk.
pub struct FailingDisk {
    folder: TempDir,
    library: PathBuf,
    orders: PathBuf,
}

impl FailingDisk {
    /// Builds the library with `cc`. `None` where there is no such thing, which is said aloud.
    pub fn new() -> Option<Self> {
        if !cfg!(target_os = "linux") {
            eprintln!(
                "SKIPPED: disks can be made to fail on Linux only; this promise is not tested"
            );
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (library, orders) = (folder.path().join("faults.so"), folder.path().join("orders"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim/faults.c");
        let status = Command::new("cc")
            .args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .status()
            .expect("there is a C compiler: the build needs one too");
        assert!(status.success(), "{} is compiled", source.display());
        let disk = Self { folder, library, orders };
        disk.heal();
        Some(disk)
    }

    /// A folder on it, for data folders and others. As the kernel calls it: prefixes are compared with
    /// what that says.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("it is there")
    }

    /// Starts a server that has it.
    pub fn start(&self, data: &Path) -> Server {
        Server::start_in(&self.environment(), data, &[])
    }

    /// Runs a command that has it, to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        run_in(&self.environment(), arguments)
    }

    fn environment(&self) -> [(&'static str, &OsStr); 3] {
        [
            ("LD_PRELOAD", self.library.as_os_str()),
            ("CINELOG_FAULTS", self.orders.as_os_str()),
            // What is of interest when a test fails is not each request.
            ("CINELOG__LOGGING__FILTER", OsStr::new("warn")),
        ]
    }

    /// There is no space from now on for files whose path begins with `prefix`.
    pub fn fill(&self, prefix: &Path) {
        self.order(&format!("full {}\n", prefix.display()));
    }

    /// fsync fails from now on for files whose path begins with `prefix`.
    pub fn fail_sync(&self, prefix: &Path) {
        self.order(&format!("nosync {}\n", prefix.display()));
    }

    /// All is well again.
    pub fn heal(&self) {
        self.order("");
    }

    /// Nobody reads half an order.
    fn order(&self, orders: &str) {
        let new = self.orders.with_extension("new");
        fs::write(&new, orders).expect("orders can be written");
        fs::rename(&new, &self.orders).expect("orders can be given");
    }
}
