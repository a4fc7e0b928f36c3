//! A process that is measured: its memory, and its end.

use std::{
    fs,
    process::{Child, Command, ExitStatus},
    time::Duration,
};

/// A process that is killed when dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

/// What a process holds, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// All of its pages that are in memory, also those that it shares.
    pub(crate) resident: u64,
    /// Its pages, the shared ones divided by who shares them.
    pub(crate) proportional: u64,
}

impl Process {
    /// Starts one.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}")))
    }

    /// The running process.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// What it holds now, from `/proc` (proc_pid_smaps(5)).
    pub(crate) fn memory(&self) -> Memory {
        let path = format!("/proc/{}/smaps_rollup", self.0.id());
        let text = fs::read_to_string(&path).expect("a process tells its memory");
        let bytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024
        };
        Memory { resident: bytes("Rss:"), proportional: bytes("Pss:") }
    }

    /// The processor time it has used, from `/proc` (proc_pid_stat(5)).
    pub(crate) fn processor_time(&self) -> Duration {
        // Linux counts in hundredths of a second for whoever looks, whatever it does itself.
        const TICK: Duration = Duration::from_millis(10);
        let path = format!("/proc/{}/stat", self.0.id());
        let text = fs::read_to_string(&path).expect("a process tells its times");
        // The name, in brackets, may hold anything.
        let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = fields.split_whitespace().skip(11).take(2);
        TICK * ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum::<u32>()
    }

    /// Sends it a signal, such as `-STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        let told = Command::new("kill").args([signal, &pid]).status().expect("kill can be run");
        assert!(told.success(), "the process is gone already");
    }

    /// Asks it to stop (SIGTERM), and waits for that.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("-TERM");
        self.0.wait().expect("it ends")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
