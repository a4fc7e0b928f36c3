//! Metrics of the link. Handles are looked up once.

use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

use crate::LinkError;

const UP: &str = "cinelog_redis_up";
const COMMANDS: &str = "cinelog_redis_commands_total";
const DURATION: &str = "cinelog_redis_command_duration_seconds";
const OUTCOMES: [&str; 6] = ["ok", "away", "busy", "late", "lost", "refused"];

/// The handles.
pub(crate) struct Measure {
    up: Gauge,
    duration: Histogram,
    commands: [(&'static str, Counter); OUTCOMES.len()],
}

impl Measure {
    pub(crate) fn new() -> Self {
        describe_gauge!(UP, "Whether Redis answers in time: 1, or 0.");
        describe_counter!(COMMANDS, Unit::Count, "Commands to Redis, by what came of them.");
        describe_histogram!(DURATION, Unit::Seconds, "Time that commands to Redis took.");
        let measure = Self {
            up: gauge!(UP),
            duration: histogram!(DURATION),
            commands: OUTCOMES.map(|outcome| (outcome, counter!(COMMANDS, "outcome" => outcome))),
        };
        measure.up(false);
        measure.commands.iter().for_each(|(_, counter)| counter.absolute(0));
        measure
    }

    pub(crate) fn up(&self, is_up: bool) {
        self.up.set(if is_up { 1.0 } else { 0.0 });
    }

    /// A command has ended. `took` is `None` if it was not sent.
    pub(crate) fn command<T>(&self, result: &Result<T, LinkError>, took: Option<Duration>) {
        let outcome = result.as_ref().err().map_or("ok", LinkError::outcome);
        if let Some((_, counter)) = self.commands.iter().find(|(name, _)| *name == outcome) {
            counter.increment(1);
        }
        if let Some(took) = took {
            self.duration.record(took);
        }
    }
}
