//! How guessing is slowed down: failed tries are counted, and the next may be made later and later.
//!
//! They are counted for each name, whether there is such an account or not; and for each device that somebody
//! has logged in from before by itself, so that strangers who try a name in vain do not lock its owner out
//! (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). The port [`LoginAttempts`], on SQLite and
//! on Postgres; what a count means is said here, without either.

mod sql;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::store::StoreError;

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// A hash of the name that is tried.
    pub name: [u8; 32],
    /// The hash of the device, where it is known; all others are counted together.
    pub device: Option<[u8; 32]>,
}

impl Counted {
    /// As it is stored.
    pub(crate) fn device(&self) -> &[u8] {
        self.device.as_ref().map_or(&[], |hash| &hash[..])
    }
}

/// A count as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) failures: u32,
    /// Nobody may try before this.
    pub(crate) blocked_until: Timestamp,
    /// From then on it is as if nobody had tried.
    pub(crate) forget_at: Timestamp,
}

/// The next try may not be made yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failed tries; the next may be made at {until}")]
pub struct Blocked {
    /// When it may be made.
    pub until: Timestamp,
}

/// Failed tries that cost nothing: people mistype.
const FREE: u32 = 5;

/// The wait after the first that is not free; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait: whoever goes on guessing has about a hundred tries a day.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);

/// How long a count is kept that has cost nobody anything. To wait for that gains a guesser nothing: it is the
/// same hundred a day.
const KEPT_FREE: Duration = Duration::from_secs(60 * 60);

/// How long others are kept.
const KEPT: Duration = Duration::from_secs(6 * 60 * 60);

impl Count {
    /// The count with one more try, or for how long there may be none. A try is counted as failed before it is
    /// looked at, so that many at once are not more than one after the other; success takes it away.
    pub(crate) fn next(before: Option<Self>, now: Timestamp) -> Result<Self, Blocked> {
        let before = before.filter(|count| count.forget_at > now);
        if let Some(count) = before.filter(|count| count.blocked_until > now) {
            return Err(Blocked { until: count.blocked_until });
        }
        let failures = before.map_or(0, |count| count.failures).saturating_add(1);
        let wait = wait(failures);
        let kept = if wait.is_zero() { KEPT_FREE } else { KEPT };
        let after = |time| now.saturating_add(time).unwrap_or(Timestamp::MAX);
        Ok(Self { failures, blocked_until: after(wait), forget_at: after(kept) })
    }
}

/// How long after so many failures nobody may try.
fn wait(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_WAIT.saturating_mul(1 << doublings.min(20)).min(WAIT_MAX),
    }
}

/// Tries to log in.
///
/// Each call is atomic. What is counted may be lost in a power cut, a few seconds of it.
///
/// All errors are [`StoreError`]s: the store cannot be read or written.
#[async_trait]
pub trait LoginAttempts: Send + Sync {
    /// Counts a try, as failed, unless there may be none yet.
    async fn count_try(
        &self,
        counted: &Counted,
        now: Timestamp,
    ) -> Result<Result<(), Blocked>, StoreError>;

    /// Forgets what was counted: the try has succeeded.
    async fn forget_tries(&self, counted: &Counted) -> Result<(), StoreError>;

    /// Forgets counts that need not be kept at `now`, at most `limit`; gives how many.
    async fn forget_old_tries(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// Tries as fast as allowed for a time, and counts.
    fn tries_within(seconds: i64, pause_when_blocked: bool) -> u32 {
        let (mut count, mut now, mut tries) = (None, 0, 0);
        while now < seconds {
            match Count::next(count, at(now)) {
                Ok(next) => {
                    count = Some(next);
                    tries += 1;
                    now += 1;
                    if pause_when_blocked && next.failures == FREE - 1 {
                        now = next.forget_at.as_second();
                    }
                }
                Err(Blocked { until }) => now = until.as_second().max(now + 1),
            }
        }
        tries
    }

    #[test]
    fn the_first_tries_cost_nothing_and_then_each_waits_longer() {
        let waits: Vec<u64> = (1..=16).map(|failures| wait(failures).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(wait(u32::MAX), WAIT_MAX);
    }

    #[test]
    fn who_is_blocked_is_told_until_when_and_is_not_blocked_longer_for_asking() {
        let mut count = None;
        for _ in 0..FREE {
            count = Some(Count::next(count, at(0)).unwrap());
        }
        assert_eq!(Count::next(count, at(0)), Err(Blocked { until: at(1) }));
        assert_eq!(Count::next(count, at(1)).unwrap().failures, FREE + 1);
    }

    #[test]
    fn a_day_of_guessing_is_about_a_hundred_tries_whatever_the_guesser_does() {
        const DAY: i64 = 24 * 60 * 60;
        for pauses in [false, true] {
            let tries = tries_within(DAY, pauses);
            assert!((90..=120).contains(&tries), "{tries} with pauses: {pauses}");
        }
    }

    #[test]
    fn after_a_while_it_is_as_if_nobody_had_tried() {
        let count = Count::next(None, at(0)).unwrap();
        let later = at(0) + KEPT_FREE;
        assert_eq!(Count::next(Some(count), later).unwrap().failures, 1);
    }
}
