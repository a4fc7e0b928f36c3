//! How a projector is doing, for whoever watches it: readiness, the command line, the switch to
//! another generation. Knows nothing of HTTP.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use events::{Digest, Position};
use read_model::Checkpoint;

use crate::PoisonPolicy;

/// How long a projector may keep failing before it counts as ill: a lock or a full disk that passes
/// within seconds is nobody's concern.
pub const FAILING_MAX: Duration = Duration::from_secs(5);

/// How long a projector may go without getting anything done, when it has only to look whether there is
/// anything to do once a second. Longer than a large batch takes.
pub const STANDSTILL_MAX: Duration = Duration::from_secs(60);

/// How a projector is doing. Clones share it; looking costs next to nothing.
#[derive(Debug, Clone, Default)]
pub struct Status(Arc<Mutex<Report>>);

/// What a log and a read model are called, for people: where they are. No password is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The log.
    pub log: String,
    /// The read model.
    pub read_model: String,
}

/// How a projector was doing at one moment.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Where the read model is. `None` until that has been found out.
    pub checkpoint: Option<Checkpoint>,
    /// Whether this projector is the one that writes. Another one may be, of another process; this one
    /// then follows, and is as well as one that leads.
    pub leads: bool,
    /// The end of the log when it was last looked for.
    pub head: Position,
    /// Since when and why nothing gets through. `None` while all is well.
    pub failing: Option<Failing>,
    /// When it last got something done: a batch, or finding out that there is nothing to fold in. `None`
    /// before it has begun and once it has ended.
    pub progressed: Option<Instant>,
    /// Whether the read model holds what the log holds.
    pub completeness: Completeness,
    /// How many streams a poison event has stopped.
    pub parked_streams: u64,
    /// Where the log and the read model are, where that was told.
    pub addresses: Option<Arc<Addresses>>,
    /// What is done with poison events. `None` until the projector has begun.
    pub poison: Option<PoisonPolicy>,
    /// Where the projector that leads has its events from.
    pub fed_by: FedBy,
}

/// Where a projector has its events from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FedBy {
    /// The log, as is configured; or nothing, where another one leads.
    #[default]
    Log,
    /// The log, until what comes by Kafka follows on it.
    CatchingUp,
    /// Kafka.
    Kafka,
    /// The log for now, since something is wrong with what comes by Kafka.
    LogInstead(Why),
}

/// What was wrong with what came by Kafka, so that the log was read instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The log had gone on, and nothing came.
    Late,
    /// Events came, and one before them did not.
    Missing,
    /// What came was not what the log holds.
    Altered,
    /// What came could not be read from the read model's store.
    Unreadable,
}

impl Why {
    /// All that there are.
    pub(crate) const ALL: [Self; 4] = [Self::Late, Self::Missing, Self::Altered, Self::Unreadable];

    /// As the label of a metric.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "nothing came by Kafka while the log went on",
            Self::Missing => "an event did not come by Kafka and those after it did",
            Self::Altered => "what came by Kafka is not what the log holds",
            Self::Unreadable => "what came by Kafka cannot be read from the inbox",
        })
    }
}

/// Since when and why nothing gets through.
#[derive(Debug, Clone)]
pub struct Failing {
    /// The first failure after the last success.
    pub since: Instant,
    /// What the last failure was.
    pub reason: String,
}

/// Whether what was folded in or parked is what the log holds up to the same position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Completeness {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    /// Count and hash are the same.
    Complete(Position),
    /// They are not: an event was skipped, folded in twice, or changed in the log.
    Incomplete {
        /// Up to where was looked.
        position: Position,
        /// What the log has.
        log: Digest,
        /// What was folded in or parked.
        read_model: Digest,
    },
    /// The read model has more than the log: an older log was put in place, or the checkpoint is wrong.
    Ahead {
        /// Where the read model is.
        position: Position,
        /// Where the log ends.
        head: Position,
    },
}

impl Status {
    /// How it is doing now.
    #[must_use]
    pub fn report(&self) -> Report {
        self.lock().clone()
    }

    /// Where the read model is; before that has been found out, at the start.
    #[must_use]
    pub fn position(&self) -> Position {
        self.lock().checkpoint.map_or(Position::START, |checkpoint| checkpoint.position)
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.lock());
    }

    pub(crate) fn failed(&self, now: Instant, reason: String) {
        let since = self.lock().failing.as_ref().map_or(now, |failing| failing.since);
        self.update(|report| report.failing = Some(Failing { since, reason }));
    }

    fn lock(&self) -> MutexGuard<'_, Report> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report {
    /// What is worth knowing of a projector that is well: that it reads the log instead of what comes by
    /// Kafka, and why. `None` where there is nothing.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self.fed_by {
            FedBy::LogInstead(why) => Some(format!("reads the log: {why}")),
            FedBy::Log | FedBy::CatchingUp | FedBy::Kafka => None,
        }
    }

    /// Why this read model should not be relied on. `None` while all is well.
    #[must_use]
    pub fn trouble(&self, now: Instant) -> Option<String> {
        if let Some(Failing { since, reason }) = &self.failing
            && now.saturating_duration_since(*since) > FAILING_MAX
        {
            return Some(format!("the projector keeps failing: {reason}"));
        }
        if let Some(progressed) = self.progressed
            && now.saturating_duration_since(progressed) > STANDSTILL_MAX
        {
            let seconds = STANDSTILL_MAX.as_secs();
            return Some(format!("the projector has got nothing done for more than {seconds} s"));
        }
        if let Some(disagreement) = self.disagreement() {
            return Some(disagreement);
        }
        if self.poison == Some(PoisonPolicy::Halt) && self.parked_streams > 0 {
            return Some(format!("{} streams are parked", self.parked_streams));
        }
        None
    }

    /// That the read model is not of this log, which both are, and what to do. `None` where it is, or nobody
    /// has looked.
    #[must_use]
    pub fn disagreement(&self) -> Option<String> {
        let (mut log, mut read_model) = ("the log".to_owned(), "the read model".to_owned());
        if let Some(addresses) = &self.addresses {
            log = format!("{log} ({})", addresses.log);
            read_model = format!("{read_model} ({})", addresses.read_model);
        }
        let (what, or) = match self.completeness {
            Completeness::Unknown | Completeness::Complete(_) => return None,
            Completeness::Incomplete { position, .. } => (
                format!("{read_model} is not what {log} holds up to {position}"),
                "one of the two was altered",
            ),
            Completeness::Ahead { position, head } => (
                format!(
                    "{read_model} is at position {position}, ahead of {log}, which ends at {head}"
                ),
                "an older log was put in place",
            ),
        };
        Some(format!(
            "{what}: it was made of another log, or {or}. Until they agree this projector folds nothing in and \
             does not lead. If this is the wrong log, set log.url to the right one; if it is the right one, \
             `cinelog rebuild` makes a read model of it"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_passes_within_seconds_is_no_trouble() {
        let (status, start) = (Status::default(), Instant::now());
        status.failed(start, "locked".to_owned());
        assert_eq!(status.report().trouble(start + FAILING_MAX), None);
        let late = start + FAILING_MAX + Duration::from_millis(1);
        status.failed(late, "the disk is full".to_owned());
        assert!(status.report().trouble(late).unwrap().contains("the disk is full"));
        status.update(|report| report.failing = None);
        assert_eq!(status.report().trouble(late), None);
    }

    #[test]
    fn a_projector_that_stands_still_without_failing_is_trouble_until_it_has_ended() {
        let start = Instant::now();
        let mut report = Report { progressed: Some(start), ..Report::default() };
        assert_eq!(report.trouble(start + STANDSTILL_MAX), None);
        let late = start + STANDSTILL_MAX + Duration::from_millis(1);
        assert!(report.trouble(late).unwrap().contains("nothing done"));
        report.progressed = None;
        assert_eq!(report.trouble(late), None);
    }

    #[test]
    fn a_read_model_that_is_not_what_the_log_holds_is_trouble() {
        let (position, read_model) = (Position(7), Digest::EMPTY);
        let log = Digest { count: 7, ..Digest::EMPTY };
        let completeness = Completeness::Incomplete { position, log, read_model };
        let report = Report { completeness, ..Report::default() };
        assert!(report.trouble(Instant::now()).unwrap().contains('7'));
    }

    #[test]
    fn who_refuses_a_read_model_of_another_log_names_both_and_says_what_to_do() {
        let addresses =
            Addresses { log: "sqlite:log.db".into(), read_model: "postgres://db/films".into() };
        let (position, head) = (Position(9), Position(4));
        let (log, read_model) = (Digest::EMPTY, Digest::EMPTY);
        for completeness in [
            Completeness::Incomplete { position, log, read_model },
            Completeness::Ahead { position, head },
        ] {
            let addresses = Some(Arc::new(addresses.clone()));
            let report = Report { completeness, addresses, ..Report::default() };
            let trouble = report.trouble(Instant::now()).unwrap();
            for part in ["(sqlite:log.db)", "(postgres://db/films)", "log.url", "cinelog rebuild"] {
                assert!(trouble.contains(part), "{part} in {trouble}");
            }
        }
    }

    #[test]
    fn parked_streams_are_trouble_only_where_poison_shall_halt() {
        let parked = |poison| Report { parked_streams: 1, poison: Some(poison), ..<_>::default() };
        assert_eq!(parked(PoisonPolicy::Park).trouble(Instant::now()), None);
        assert!(parked(PoisonPolicy::Halt).trouble(Instant::now()).is_some());
    }
}
