//! Runs behaviours, a few at the same time, each with a runtime of its own, and says what became of each.

use std::{
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
    time::Instant,
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

/// Runs those whose names contain one of `filters`; all, where there is none. So many at the same time.
pub(crate) fn all(
    behaviours: &[Behaviour],
    filters: &[String],
    at_once: usize,
    out: &mut (dyn Write + Send),
) -> Tally {
    let is_wanted = |name: &str| {
        filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()))
    };
    let waiting = Mutex::new(behaviours.iter().filter(|behaviour| is_wanted(behaviour.name)));
    let told = Mutex::new((Tally::default(), out));
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(behaviour) = next(&waiting) {
                    let started = Instant::now();
                    let outcome = outcome(behaviour);
                    let (tally, out) = &mut *told.lock().unwrap();
                    let (name, seconds) = (behaviour.name, started.elapsed().as_secs_f64());
                    let said = tally.note(name, outcome);
                    writeln!(out, "test {name} ... {said} ({seconds:.1} s)").unwrap();
                }
            });
        }
    });
    told.into_inner().unwrap().0
}

fn next<'a>(waiting: &Mutex<impl Iterator<Item = &'a Behaviour>>) -> Option<&'a Behaviour> {
    waiting.lock().unwrap().next()
}

/// What became of one.
enum Outcome {
    Passed,
    Failed,
    NotPromised(&'static str),
}

fn outcome(behaviour: &Behaviour) -> Outcome {
    if let Some(why) = promises::why_not(behaviour.name) {
        return Outcome::NotPromised(why);
    }
    match catch_unwind(AssertUnwindSafe(|| run(behaviour))) {
        Ok(()) => Outcome::Passed,
        Err(_) => Outcome::Failed,
    }
}

impl Tally {
    fn note(&mut self, name: &'static str, outcome: Outcome) -> String {
        match outcome {
            Outcome::Passed => {
                self.passed += 1;
                "ok".to_owned()
            }
            Outcome::Failed => {
                self.failed.push(name);
                "FAILED".to_owned()
            }
            Outcome::NotPromised(why) => {
                self.not_promised += 1;
                format!("not promised: {why}")
            }
        }
    }
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
