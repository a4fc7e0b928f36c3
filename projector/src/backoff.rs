//! How often and how fast something that failed is tried again.

use std::time::Duration;

/// Waits that double from try to try, up to a bound, for a bounded number of tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How often something is tried again before it counts as failed for good.
    pub retries_max: u32,
    /// The wait before the first retry.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for Backoff {
    /// Ten retries in about half a minute.
    fn default() -> Self {
        Self { retries_max: 10, first: Duration::from_millis(50), longest: Duration::from_secs(5) }
    }
}

impl Backoff {
    /// How long to wait before retry number `retry`, from 1. `None` where there have been enough.
    #[must_use]
    pub fn delay(&self, retry: u32) -> Option<Duration> {
        let doubled = 2u32.saturating_pow(retry.saturating_sub(1));
        (retry <= self.retries_max).then(|| self.first.saturating_mul(doubled).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_then_end() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(5));
        let backoff = Backoff { retries_max: 5, first, longest };
        let waits: Vec<_> =
            (1..).map_while(|retry| backoff.delay(retry)).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }

    #[test]
    fn no_retry_number_is_too_large() {
        let backoff = Backoff { retries_max: u32::MAX, ..Backoff::default() };
        assert_eq!(backoff.delay(u32::MAX), Some(backoff.longest));
    }
}
