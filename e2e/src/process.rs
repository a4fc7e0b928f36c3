//! Commands of the binary: run to their end, or cut short.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::store;

/// What a finished command left behind.
#[derive(Debug)]
pub struct Output {
    /// Whether it exited with success.
    pub success: bool,
    /// The status that it exited with. `None` where a signal ended it.
    pub status: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

/// Runs a command of the binary to its end.
pub fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    run_in(&[], arguments)
}

/// The same, with more in its environment.
pub fn run_in<S: AsRef<OsStr>>(
    environment: &[(&str, &OsStr)],
    arguments: impl IntoIterator<Item = S>,
) -> Output {
    let mut command = command(arguments);
    command.envs(environment.iter().copied());
    Output::of(&command.output().expect("cinelog can be run"))
}

impl Output {
    fn of(output: &std::process::Output) -> Self {
        Self {
            success: output.status.success(),
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The output, if the command succeeded.
    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert!(self.success, "{}{}", self.stdout, self.stderr);
        self
    }
}

/// The binary, to be run with these arguments, on the store that tests run on.
pub(crate) fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let arguments: Vec<OsString> =
        arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
    let mut command = Command::new(binary());
    // Settings of the person who runs the tests must not reach the server under test.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CINELOG__") {
            command.env_remove(name);
        }
    }
    command.envs(store::environment(&arguments)).args(arguments);
    command
}

/// `target/debug/cinelog` for tests in `target/debug/deps/`.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("CINELOG_BINARY") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("a test knows where it is");
    let binary = test.ancestors().nth(2).expect("target/<profile>").join("cinelog");
    assert!(binary.is_file(), "{} is missing: run `cargo build` first", binary.display());
    binary
}

/// A command of the binary that is under way. Killed when dropped.
pub struct Process(Option<Child>);

impl Process {
    /// Starts a command.
    pub fn start<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let mut command = command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(Some(command.spawn().expect("cinelog can be run")))
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        let child = self.0.as_mut().expect("it has not been waited for");
        child.try_wait().expect("it can be asked").is_some()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Output {
        let child = self.0.take().expect("it is waited for once");
        Output::of(&child.wait_with_output().expect("it ends"))
    }

    /// Ends it as a power cut would; gives what it had said by then.
    pub fn kill(mut self) -> Output {
        let mut child = self.0.take().expect("it is waited for once");
        child.kill().expect("it can be killed");
        Output::of(&child.wait_with_output().expect("it ends"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
