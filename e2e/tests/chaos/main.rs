//! Chaos: processes, and the servers that they stand on, are killed, paused and cut off at random moments,
//! while clients write and read. Afterwards one checker looks at everything that anybody was told.
//!
//! `CINELOG_CHAOS_SECONDS=600` makes it longer, `CINELOG_CHAOS_SEED=n` gives the same faults again: who
//! suffers what, when and for how long is a function of the seed alone. How clients and processes get on
//! with each other meanwhile is not.

mod clients;
mod distributed;
mod embedded;
mod nodes;
mod published;
mod report;
mod schedule;
mod servers;
mod settling;

use std::time::Duration;

/// How long a storm is where nobody asks for more, in seconds.
const SECONDS: u64 = 60;

/// Commands that must be acknowledged when it is over, before anything is looked at.
const AFTERWARDS: usize = 50;

/// What was asked for.
struct Storm {
    seed: u64,
    length: Duration,
}

impl Storm {
    fn wanted() -> Self {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
        };
        let length = Duration::from_secs(number("CINELOG_CHAOS_SECONDS").unwrap_or(SECONDS));
        Self { seed: e2e::seed("CINELOG_CHAOS_SEED"), length }
    }
}
