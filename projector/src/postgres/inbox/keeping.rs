//! How long the log is kept to once the inbox was no good: for twice as long each time, whoever subscribes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long next time. Clones share it: a subscription that ends with an error of the log is followed by
/// another, and what the inbox is worth is no other thing by that.
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

    /// How long this time, where the inbox was good for so long before.
    pub(super) fn next(&self, good_for: Duration) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        // What was good for long has no bad name.
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
