//! Counting in one window. Pure: time is an argument.

/// What was taken from a window, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) count: u32,
    /// In milliseconds of the clock of the counters.
    pub(crate) ends_at_ms: u64,
}

impl Counted {
    /// A window that begins now.
    pub(crate) fn beginning(now_ms: u64, length_ms: u64) -> Self {
        Self { count: 0, ends_at_ms: now_ms.saturating_add(length_ms) }
    }

    /// This window while it lasts, and then a new one.
    pub(crate) fn at(self, now_ms: u64, length_ms: u64) -> Self {
        let lasts = now_ms < self.ends_at_ms && self.ends_at_ms <= now_ms.saturating_add(length_ms);
        if lasts { self } else { Self::beginning(now_ms, length_ms) }
    }

    /// Whether `cost` still fits into `quota`.
    pub(crate) fn fits(self, cost: u32, quota: u32) -> bool {
        cost == 0 || self.count.checked_add(cost).is_some_and(|sum| sum <= quota)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lasts_until_its_end_and_not_a_millisecond_longer() {
        let counted = Counted { count: 7, ends_at_ms: 60_000 };
        assert_eq!(counted.at(59_999, 60_000), counted);
        assert_eq!(counted.at(60_000, 60_000), Counted { count: 0, ends_at_ms: 120_000 });
    }

    #[test]
    fn a_window_that_would_last_longer_than_it_is_long_is_none_of_ours() {
        let odd = Counted { count: 7, ends_at_ms: u64::MAX };
        assert_eq!(odd.at(1_000, 60_000), Counted::beginning(1_000, 60_000));
    }

    #[test]
    fn nothing_always_fits_and_no_sum_overflows() {
        let full = Counted { count: u32::MAX, ends_at_ms: 1 };
        assert!(full.fits(0, 1) && !full.fits(1, u32::MAX));
        assert!(
            Counted { count: 9, ..full }.fits(1, 10) && !Counted { count: 10, ..full }.fits(1, 10)
        );
    }
}
