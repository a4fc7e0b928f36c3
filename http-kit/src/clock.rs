//! Where time and ids come from. Everything further in takes them as arguments.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// A source of time and ids: the system's, or one that a test controls. Clones share their state.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Fixed(Arc<Mutex<Fixed>>),
}

#[derive(Debug)]
struct Fixed {
    now: Timestamp,
    ids: u64,
}

impl Clock {
    /// The system's clock and random numbers.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now` until it is told to [`advance`](Self::advance), with ids that are
    /// the same in every run.
    #[must_use]
    pub fn fixed(now: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(Fixed { now, ids: 0 }))))
    }

    /// What time it is.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the place the lint points to")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Fixed(fixed) => fixed.lock().unwrap_or_else(PoisonError::into_inner).now,
        }
    }

    /// A new id: a UUIDv7, so that ids sort by the time they were made (RFC 9562 section 5.7).
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the place the lint points to")]
    pub fn new_id(&self) -> Uuid {
        match &self.0 {
            Source::System => Uuid::now_v7(),
            Source::Fixed(fixed) => fixed.lock().unwrap_or_else(PoisonError::into_inner).new_id(),
        }
    }

    /// 32 bytes that nobody can guess, for a token or a key; those of a fixed clock are the same in every
    /// run.
    ///
    /// # Panics
    /// Where the operating system has no random numbers: nothing that it guards could be kept then.
    #[must_use]
    #[expect(clippy::panic, reason = "a secret that can be guessed is worse than no server")]
    pub fn new_secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        match &self.0 {
            Source::System => getrandom::fill(&mut secret)
                .unwrap_or_else(|error| panic!("the system gives no random numbers: {error}")),
            Source::Fixed(_) => {
                let (first, last) = secret.split_at_mut(16);
                first.copy_from_slice(self.new_id().as_bytes());
                last.copy_from_slice(self.new_id().as_bytes());
            }
        }
        secret
    }

    /// A number that nobody can guess and that will not come again, for a trace.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the place the lint points to")]
    pub(crate) fn new_trace(&self) -> u128 {
        match &self.0 {
            Source::System => Uuid::new_v4().as_u128(),
            Source::Fixed(_) => self.new_id().as_u128(),
        }
    }

    /// Moves a fixed clock forward. The system's clock moves by itself and is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed(fixed) = &self.0 {
            let mut fixed = fixed.lock().unwrap_or_else(PoisonError::into_inner);
            fixed.now = fixed.now.saturating_add(by).unwrap_or(Timestamp::MAX);
        }
    }
}

impl Fixed {
    fn new_id(&mut self) -> Uuid {
        self.ids += 1;
        let mut counter = [0; 10];
        counter[2..].copy_from_slice(&self.ids.to_be_bytes());
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millis, &counter).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.clone().advance(Duration::from_secs(60));
        assert_eq!(clock.now().as_second(), 60);
    }

    #[test]
    fn ids_of_a_fixed_clock_are_the_same_in_every_run_and_never_repeat() {
        let ids = |clock: Clock| (0..1000).map(|_| clock.new_id()).collect::<Vec<_>>();
        let first = ids(Clock::fixed(Timestamp::UNIX_EPOCH));
        assert_eq!(first, ids(Clock::fixed(Timestamp::UNIX_EPOCH)));
        assert!(first.is_sorted_by(|a, b| a < b));
        assert!(first.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn secrets_never_repeat_and_those_of_a_fixed_clock_are_the_same_in_every_run() {
        let fixed = Clock::fixed(Timestamp::UNIX_EPOCH);
        let first = fixed.new_secret();
        assert_ne!(first, fixed.new_secret());
        assert_eq!(first, Clock::fixed(Timestamp::UNIX_EPOCH).new_secret());
        assert_ne!(Clock::system().new_secret(), Clock::system().new_secret());
    }

    #[test]
    fn ids_of_the_system_are_version_7() {
        let clock = Clock::system();
        assert_eq!(clock.new_id().get_version_num(), 7);
        assert_ne!(clock.new_id(), clock.new_id());
    }
}
