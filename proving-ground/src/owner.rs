//! Who made a thing that outlives its process, so that a later run can tell whether it is still in use.

use std::{
    fs, process,
    sync::atomic::{AtomicU64, Ordering},
};

/// How many names this process has given out.
static GIVEN_OUT: AtomicU64 = AtomicU64::new(0);

/// What the names of all things made here begin with.
const PREFIX: &str = "cinelog_test";

/// A name for something new: it says which process made it, and on which machine.
pub(crate) fn new_name() -> String {
    let number = GIVEN_OUT.fetch_add(1, Ordering::Relaxed);
    let pid = process::id();
    let started = started_at(pid).unwrap_or_default();
    format!("{PREFIX}_{}_{pid}_{started}_{number}", home())
}

/// What a name tells of the process that made it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// It may still be using it.
    Alive,
    /// It is gone.
    Dead,
    /// It ran on another machine, in another container, or before this machine was started.
    Elsewhere,
}

/// The owner of what is called `name`. `None`: it was not made here.
pub(crate) fn owner_of(name: &str) -> Option<Owner> {
    let rest = name.strip_prefix(PREFIX)?.strip_prefix('_')?;
    let parts: Vec<&str> = rest.split('_').collect();
    let [boot, namespace, pid, started, _number] = parts[..] else { return None };
    if format!("{boot}_{namespace}") != home() {
        return Some(Owner::Elsewhere);
    }
    let alive = started_at(pid.parse().ok()?) == Some(started.parse().ok()?);
    Some(if alive { Owner::Alive } else { Owner::Dead })
}

/// Where process numbers mean the same: this start of this machine, this container.
fn home() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let digits =
        namespace.to_string_lossy().chars().filter(char::is_ascii_digit).collect::<String>();
    format!("{}_{digits}", boot.chars().take(8).collect::<String>())
}

/// When a process started, in ticks since the machine did. `None`: there is no such process.
fn started_at(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, which may hold anything.
    let after_name = &stat[stat.rfind(')')? + 1..];
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_running_process_made_is_alive_and_what_others_made_is_not_ours() {
        assert_eq!(owner_of(&new_name()), Some(Owner::Alive));
        assert_eq!(owner_of("postgres"), None);
        assert_eq!(owner_of("cinelog_test_of_my_own"), None);
        assert!(new_name().len() <= 63, "a name in Postgres has 63 bytes at most");
    }

    #[test]
    fn what_a_process_made_is_dead_once_another_has_its_number() {
        let name = format!("{PREFIX}_{}_{}_1_0", home(), process::id());
        assert_eq!(owner_of(&name), Some(Owner::Dead));
    }

    #[test]
    fn what_was_made_before_the_machine_was_started_is_from_elsewhere() {
        let name = format!("{PREFIX}_00000000_1_{}_1_0", process::id());
        assert_eq!(owner_of(&name), Some(Owner::Elsewhere));
    }
}
