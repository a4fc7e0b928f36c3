//! How fast something that failed is tried again.

use std::time::Duration;

/// Waits that double from try to try, up to a bound. The number of tries has no bound: a full disk, for example,
/// may take any time to be put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait before the first retry.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(50), longest: Duration::from_secs(5) }
    }
}

impl Backoff {
    /// How long to wait before retry number `retry`, from 1.
    #[must_use]
    pub fn delay(&self, retry: u32) -> Duration {
        let doubled = 2u32.saturating_pow(retry.saturating_sub(1));
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(5) };
        let waits: Vec<_> = (1..6).map(|retry| backoff.delay(retry).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }

    #[test]
    fn no_retry_number_is_too_large() {
        let backoff = Backoff::default();
        assert_eq!(backoff.delay(u32::MAX), backoff.longest);
    }
}
