//! Processes of a test's own: how they are started, signalled, and cleaned up after. Which servers they
//! are is not known here.

use std::{
    fs, io,
    net::TcpListener,
    path::Path,
    process::{self, Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU16, Ordering},
        mpsc,
    },
    thread,
};

use crate::owner::{Owner, owner_of};

/// Where ports are looked for: below those that the system gives to outgoing connections, so that a
/// stopped server finds its own again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A port of 127.0.0.1 that nothing listens on, and that the system gives to no outgoing connection.
///
/// # Panics
/// Where none is free.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    // Each process begins somewhere else, so that they rarely ask for the same.
    let first = (process::id().wrapping_mul(97) % u32::from(count)) as u16;
    for _ in 0..count {
        let port = PORTS.start + (first + NEXT.fetch_add(1, Ordering::Relaxed) % count) % count;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port of {PORTS:?} is free");
}

/// Sends the signal `name` to a process.
pub(crate) fn signal(name: &str, pid: u32) {
    // That it is gone already is fine: whoever waits for the end finds that out.
    let kill =
        Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status();
    kill.expect("kill can be run");
}

/// Deletes the folders of tests that were killed.
pub(crate) fn delete_leftovers(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let name = name.split('-').next().unwrap_or_default();
        if owner_of(name) == Some(Owner::Dead) {
            match fs::remove_dir_all(entry.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    eprintln!("{} stays: {error}", entry.path().display());
                }
                _ => {}
            }
        }
    }
}

type Request = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts a process from a thread that lives as long as this process: the signal that a child gets at
/// its parent's death comes at the death of the thread that started it.
pub(crate) fn spawn(command: Command) -> Child {
    static SPAWNER: OnceLock<Mutex<mpsc::Sender<Request>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        thread::spawn(move || {
            for (mut command, answer) in requests {
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (sender, answer) = mpsc::channel();
    let asked = spawner.lock().expect("nobody panics with it").send((command, sender));
    asked.expect("the thread goes on");
    answer.recv().expect("it answers").expect("setpriv can be run")
}
