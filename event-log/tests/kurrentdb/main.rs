//! The log on KurrentDB keeps what the port promises, on a real server.
//!
//! The server is at `CINELOG_TEST_KURRENTDB_URL`. Where that is not set nothing is tested, and this says
//! so on standard error, where no test runner keeps it back. The program reads nothing but its arguments
//! and that variable: it may be carried to wherever there is a server. Arguments are parts of names of
//! behaviours; `--list` lists them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "it is made of tests")]

mod fixture;
mod ordinal;
mod promises;
mod run;

use std::{
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
};

use event_log::suite::Behaviour;
use fixture::KurrentFixture;

const URL: &str = "CINELOG_TEST_KURRENTDB_URL";

/// Behaviours at the same time.
const AT_ONCE: usize = 4;

/// A log that no other test has, of this run or of another.
async fn fresh() -> KurrentFixture {
    static LAST: AtomicU64 = AtomicU64::new(0);
    static RUN: std::sync::LazyLock<uuid::Uuid> = std::sync::LazyLock::new(run_id);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let url = std::env::var(URL).unwrap();
    KurrentFixture::open(fixture::options(&url, format!("suite-{}-{number}", *RUN))).await
}

#[expect(clippy::disallowed_methods, reason = "a run of the tests is told from all others")]
fn run_id() -> uuid::Uuid {
    uuid::Uuid::new_v4()
}

/// All that are asked of a log, and of one that can be copied.
fn behaviours() -> Vec<Behaviour> {
    let mut behaviours = event_log::behaviour_suite!(listed fresh);
    behaviours.extend(event_log::behaviour_suite!(listed copying fresh));
    behaviours
}

fn main() -> ExitCode {
    let behaviours = behaviours();
    let (flags, filters): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    if flags.iter().any(|flag| flag == "--list") {
        for behaviour in &behaviours {
            println!("{}: test", behaviour.name);
        }
        return ExitCode::SUCCESS;
    }
    if std::env::var_os(URL).is_none() {
        say_skipped(behaviours.len());
        return ExitCode::SUCCESS;
    }
    let tally = run::all(&behaviours, &filters, AT_ONCE, &mut std::io::stdout());
    let run::Tally { passed, failed, not_promised } = &tally;
    println!("\n{passed} passed, {} failed, {not_promised} not promised", failed.len());
    failed.iter().for_each(|name| println!("    failed: {name}"));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say_skipped(count: usize) {
    let line = "!".repeat(78);
    eprintln!("\n{line}");
    eprintln!(
        "!!  SKIPPED: {count} behaviours of the event log on a real KurrentDB were NOT tested."
    );
    eprintln!("!!  There is no server: set {URL}, such as");
    eprintln!("!!      {URL}='kurrentdb://127.0.0.1:2113?tls=false'");
    eprintln!("!!  This program can be carried to a machine that has one: docs/kurrentdb.md.");
    eprintln!("{line}\n");
}
