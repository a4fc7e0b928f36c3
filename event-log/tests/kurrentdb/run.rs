//! Runs behaviours one by one, each with a runtime of its own, and says what became of each.

use std::{
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
};

use event_log::suite::{Behaviour, guarded};

use crate::promises;

/// What became of all that were run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: Vec<&'static str>,
    pub(crate) not_promised: usize,
}

/// Runs those whose names contain one of `filters`; all, where there is none.
pub(crate) fn all(behaviours: &[Behaviour], filters: &[String], out: &mut dyn Write) -> Tally {
    let mut tally = Tally::default();
    for behaviour in behaviours {
        let name = behaviour.name;
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
            continue;
        }
        let said = if let Some(why) = promises::why_not(name) {
            tally.not_promised += 1;
            format!("not promised: {why}")
        } else if catch_unwind(AssertUnwindSafe(|| run(behaviour))).is_ok() {
            tally.passed += 1;
            "ok".to_owned()
        } else {
            tally.failed.push(name);
            "FAILED".to_owned()
        };
        writeln!(out, "test {name} ... {said}").unwrap();
    }
    tally
}

fn run(behaviour: &Behaviour) {
    let mut builder = match behaviour.on_one_thread {
        true => tokio::runtime::Builder::new_current_thread(),
        false => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(guarded((behaviour.run)()));
    runtime.shutdown_background();
}
