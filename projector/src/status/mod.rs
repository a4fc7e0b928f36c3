//! How a projector is doing, for whoever watches it: readiness, the command line, the switch to
//! another generation. Knows nothing of HTTP.

mod completeness;
mod fed_by;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use events::Position;
use read_model::Checkpoint;

pub use self::{
    completeness::{Addresses, Completeness},
    fed_by::{FedBy, Why},
};
use crate::PoisonPolicy;

/// How long a projector may keep failing before that is reported: a lock or a full disk that passes within seconds
/// needs nobody's attention.
pub const FAILING_MAX: Duration = Duration::from_secs(5);

/// How long a projector may go without progress before that is reported. Even an idle one makes some every second,
/// by looking for events; a large batch takes less than this.
const STANDSTILL_MAX: Duration = Duration::from_secs(60);

/// How a projector is doing. Clones share it; reading it is cheap.
#[derive(Debug, Clone, Default)]
pub struct Status(Arc<Mutex<Report>>);

/// How a projector was doing at one moment.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Where the read model is. `None` until that has been found out.
    pub checkpoint: Option<Checkpoint>,
    /// Whether this projector is the one that writes. If not, a projector of another process may lead while this
    /// one follows, which is just as well.
    pub leads: bool,
    /// The end of the log when it was last looked for.
    pub head: Position,
    /// Since when and why nothing succeeds. `None` while all is well.
    pub failing: Option<Failing>,
    /// When it last made progress: by a batch, or by finding out that there is nothing to fold in. `None`
    /// before it has begun and after it has ended.
    pub progressed: Option<Instant>,
    /// Whether the read model holds what the log holds.
    pub completeness: Completeness,
    /// How many streams a poison event has stopped.
    pub parked_streams: u64,
    /// Where the log and the read model are, if that is known.
    pub addresses: Option<Arc<Addresses>>,
    /// What is done with poison events. `None` until the projector has begun.
    pub poison: Option<PoisonPolicy>,
    /// Where the projector that leads has its events from.
    pub fed_by: FedBy,
}

/// Since when and why nothing succeeds.
#[derive(Debug, Clone)]
pub struct Failing {
    /// The first failure after the last success.
    pub since: Instant,
    /// What the last failure was.
    pub reason: String,
}

impl Status {
    /// How the projector is doing now.
    #[must_use]
    pub fn report(&self) -> Report {
        self.lock().clone()
    }

    /// Where the read model is; the start, as long as that is not known.
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
    /// What is worth knowing although all is well: that the projector reads the log instead of Kafka, and why.
    /// `None`: nothing.
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

    /// That the read model was not made of this log, with the names of both and what to do. `None`: it was, or they
    /// were not compared yet.
    #[must_use]
    pub fn disagreement(&self) -> Option<String> {
        self.completeness.disagreement(self.addresses.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use events::Digest;

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
