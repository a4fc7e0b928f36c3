//! How a relay is doing, for whoever watches it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use events::Position;

use super::{RelayError, checkpoint::Checkpoint, measure, telling::Telling};

/// How a relay is doing. Clones are of the same relay.
#[derive(Debug, Clone)]
pub struct RelayStatus(Arc<Mutex<State>>);

/// How a relay is doing at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayReport {
    /// Whether it is the one that publishes.
    pub leads: bool,
    /// Up to where the log is published, as far as this process knows. `None`: it does not know yet.
    pub position: Option<Position>,
    /// How many events of the log are not published, as far as this process knows.
    pub lag_events: Option<u64>,
    /// For how long and why nothing has been published, where something stands in the way.
    pub trouble: Option<(Duration, String)>,
}

#[derive(Debug, Default)]
struct State {
    /// For how long events may wait before that is trouble.
    wait_max: Duration,
    /// Since when events wait of which none was published.
    waits_since: Option<Instant>,
    leads: bool,
    published: Option<Checkpoint>,
    /// How many events the log has.
    logged: Option<u64>,
    /// Why this relay does not publish.
    work: Option<Trouble>,
    /// Why it cannot see what is published.
    sight: Option<Trouble>,
    telling: Telling,
}

#[derive(Debug)]
struct Trouble {
    since: Instant,
    reason: String,
}

impl RelayStatus {
    /// Of one that has not begun. Events that wait for longer than `wait_max`, and none is published, by
    /// whichever relay, are trouble.
    pub(super) fn new(wait_max: Duration) -> Self {
        Self(Arc::new(Mutex::new(State { wait_max, ..State::default() })))
    }

    /// How it is doing now.
    #[must_use]
    pub fn report(&self) -> RelayReport {
        let state = self.state();
        let since = [&state.work, &state.sight].into_iter().flatten().map(|trouble| trouble.since);
        let reason = state.work.as_ref().or(state.sight.as_ref()).map(|trouble| &trouble.reason);
        RelayReport {
            leads: state.leads,
            position: state.published.as_ref().map(|published| published.position),
            lag_events: state.lag(),
            trouble: since.min().zip(reason).map(|(since, why)| (since.elapsed(), why.clone())),
        }
    }

    /// It publishes from here on.
    pub(super) fn leads(&self, from: &Checkpoint) {
        tracing::info!(
            position = from.position.0,
            published = from.digest.count,
            "this relay leads: it publishes what follows"
        );
        let mut state = self.state();
        state.leads = true;
        state.published = Some(from.clone());
        state.measure();
    }

    /// It does not publish.
    pub(super) fn follows(&self) {
        let mut state = self.state();
        if std::mem::take(&mut state.leads) {
            tracing::info!("this relay leads no more");
        }
        state.measure();
    }

    /// It has published so many events, up to here.
    pub(super) fn published(&self, up_to: &Checkpoint, events: usize, took: Duration) {
        measure::published(events, took);
        let mut state = self.state();
        state.published = Some(up_to.clone());
        state.work = None;
        state.waits_since = None;
        state.is_over();
        state.measure();
    }

    /// It cannot publish.
    pub(super) fn failed(&self, error: &RelayError) {
        let mut state = self.state();
        let reason = error.to_string();
        state.telling.trouble(&reason);
        let since = state.work.take().map_or_else(Instant::now, |known| known.since);
        state.work = Some(Trouble { since, reason });
        state.measure();
    }

    /// What was found on Kafka, where it could be seen.
    pub(super) fn saw(&self, published: Result<Option<Checkpoint>, RelayError>) {
        let mut state = self.state();
        match published {
            Ok(published) => {
                state.sight = None;
                // Who leads knows better, and sooner.
                if !state.leads {
                    let published = published.unwrap_or(Checkpoint::START);
                    let before = state.published.replace(published);
                    let moved = before.is_some() && before != state.published;
                    if moved || state.lag() == Some(0) {
                        state.work = None;
                        state.waits_since = None;
                    }
                }
                state.is_over();
            }
            Err(error) => {
                let reason = error.to_string();
                // Who has lost the lead, or never had it, finds out nowhere else.
                state.telling.trouble(&reason);
                let since = state.sight.take().map_or_else(Instant::now, |trouble| trouble.since);
                state.sight = Some(Trouble { since, reason });
            }
        }
        state.measure();
    }

    /// The log has so many events.
    pub(super) fn logged(&self, events: u64) {
        let mut state = self.state();
        state.logged = Some(events);
        state.look_at_what_waits();
        state.measure();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lag(&self) -> Option<u64> {
        let published = self.published.as_ref()?.digest.count;
        // What was published a moment ago may be more than was in the log when that was looked at.
        Some(self.logged?.saturating_sub(published))
    }

    /// That nobody publishes is trouble, also where nothing fails: a group that elects nobody and a claim that
    /// is never answered keep a relay waiting as one does that leads.
    fn look_at_what_waits(&mut self) {
        if self.lag().unwrap_or(0) == 0 {
            self.waits_since = None;
            return;
        }
        let since = *self.waits_since.get_or_insert_with(Instant::now);
        if self.work.is_none() && since.elapsed() >= self.wait_max {
            let reason = "events wait, and no relay publishes them".to_owned();
            self.telling.trouble(&reason);
            self.work = Some(Trouble { since, reason });
        }
    }

    /// Says so where nothing stands in the way any more.
    fn is_over(&mut self) {
        if self.work.is_none() && self.sight.is_none() {
            self.telling.well();
        }
    }

    fn measure(&self) {
        measure::standing(
            self.leads,
            self.work.is_some() || self.sight.is_some(),
            self.published.as_ref().map(|published| published.position),
            self.lag(),
        );
    }
}

#[cfg(test)]
mod tests {
    use events::Digest;

    use super::{super::telling::tests::logged, *};

    fn at(count: u64) -> Checkpoint {
        Checkpoint { position: Position(count), digest: Digest { count, hash: [1; 32] } }
    }

    fn patient() -> RelayStatus {
        RelayStatus::new(Duration::from_secs(3600))
    }

    fn away() -> RelayError {
        RelayError::Unavailable("connection refused".to_owned())
    }

    #[test]
    fn while_kafka_is_away_the_lag_grows_from_what_was_last_known() {
        let status = patient();
        assert_eq!(status.report().lag_events, None, "nothing is known yet");
        status.leads(&at(5));
        status.logged(5);
        assert_eq!(status.report().lag_events, Some(0));
        status.follows();
        status.failed(&away());
        status.logged(9);
        let report = status.report();
        assert_eq!((report.leads, report.lag_events), (false, Some(4)));
        assert!(report.trouble.unwrap().1.contains("connection refused"));
    }

    #[test]
    fn trouble_is_over_when_something_is_published_by_whichever_relay() {
        let status = patient();
        status.saw(Ok(Some(at(3))));
        status.logged(9);
        status.failed(&away());
        status.saw(Ok(Some(at(3))));
        assert!(status.report().trouble.is_some(), "Kafka is there, but nothing is published");
        status.saw(Ok(Some(at(4))));
        assert_eq!(status.report().trouble, None);
        status.saw(Err(away()));
        assert!(status.report().trouble.is_some());
        status.saw(Ok(Some(at(4))));
        assert_eq!(status.report().trouble, None);
    }

    #[test]
    fn events_that_nobody_publishes_for_too_long_are_trouble_until_somebody_does() {
        let patient = patient();
        patient.saw(Ok(Some(at(3))));
        patient.logged(9);
        assert_eq!(patient.report().trouble, None, "it is not too long yet");
        let status = RelayStatus::new(Duration::ZERO);
        status.logged(9);
        assert_eq!(status.report().trouble, None, "it is not known whether they wait");
        status.saw(Ok(Some(at(9))));
        status.logged(9);
        assert_eq!(status.report().trouble, None, "none waits");
        status.logged(10);
        assert!(status.report().trouble.unwrap().1.contains("no relay publishes"));
        status.saw(Ok(Some(at(9))));
        assert!(status.report().trouble.is_some(), "Kafka is there, but nothing is published");
        status.saw(Ok(Some(at(10))));
        assert_eq!(status.report().trouble, None);
    }

    #[test]
    fn a_relay_that_loses_kafka_says_why_once_and_that_it_goes_on() {
        let status = patient();
        status.leads(&at(5));
        let lines = logged(|| {
            status.follows();
            for _ in 0..3 {
                status.saw(Err(away()));
            }
            status.failed(&away());
        });
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("INFO this relay leads no more"), "{lines:?}");
        assert!(lines[1].starts_with("WARN") && lines[1].contains("refused"), "{lines:?}");
        let lines = logged(|| {
            status.saw(Ok(Some(at(5))));
            status.saw(Ok(Some(at(6))));
            status.saw(Ok(Some(at(6))));
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("INFO the relay goes on"), "{lines:?}");
    }

    #[test]
    fn trouble_lasts_from_its_beginning_whatever_is_said_of_it_later() {
        let status = patient();
        status.failed(&away());
        let first = status.state().work.as_ref().unwrap().since;
        status.failed(&RelayError::Refused("another log".to_owned()));
        let state = status.state();
        let work = state.work.as_ref().unwrap();
        assert_eq!((work.since, &work.reason[..]), (first, "another log"));
    }
}
