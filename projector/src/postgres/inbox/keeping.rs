//! How long the log is read before the inbox is tried again: twice as long each time that the inbox fails.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long next time. Clones share it, so that it outlives a subscription: one that ends with an error of the log is
/// followed by another, and the inbox is no better then.
#[derive(Clone)]
pub(super) struct Keeping {
    first: Duration,
    longest: Duration,
    next: Arc<Mutex<Duration>>,
}

impl Keeping {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: Arc::new(Mutex::new(first)) }
    }

    /// How long this time, if the inbox has just worked for `good_for`.
    pub(super) fn next(&self, good_for: Duration) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        // An inbox that worked for long starts anew.
        let now = if good_for > self.longest { self.first } else { *next };
        *next = (now * 2).min(self.longest);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_longest_and_begins_again_after_a_good_while() {
        let keeping = Keeping::new(Duration::from_secs(1), Duration::from_secs(5));
        let next = |good_for| keeping.next(Duration::from_secs(good_for)).as_secs();
        assert_eq!([0, 5, 0, 0, 0].map(next), [1, 2, 4, 5, 5]);
        assert_eq!([6, 0].map(next), [1, 2]);
    }
}
