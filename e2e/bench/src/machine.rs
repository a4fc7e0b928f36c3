//! What is measured on, as far as it can be told.

use std::{fs, process::Command, thread};

/// A line on the machine and the state of the source.
pub(crate) fn description() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let text = |path| fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim());
        value.unwrap_or("unknown").to_owned()
    };
    let processor = after(&text("/proc/cpuinfo"), "model name");
    let memory = after(&text("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse::<u64>();
    let gibibytes = memory.map_or(0, |kibibytes| kibibytes >> 20);
    let kernel = text("/proc/sys/kernel/osrelease").trim().to_owned();
    let load = text("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
    let commit = output("git", &["describe", "--always", "--dirty"]);
    format!(
        "{processor}, {cores} cores, {gibibytes} GiB, Linux {kernel}; load average at the start \
         {load}; source {commit}."
    )
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}
