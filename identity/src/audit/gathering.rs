//! Refusals that wait to be written, the same ones as one.
//!
//! A guess that is made a thousand times a minute is one line, and says how often. So neither the trail nor
//! the disk grows with how fast somebody knocks.

use std::{
    collections::{HashMap, hash_map},
    time::Duration,
};

use tokio::time::Instant;

use super::{Entry, entry::What};

/// How many different ones are kept in mind. More than these are counted, and not written.
pub(super) const DIFFERENT_MAX: usize = 4096;

/// How long repeats of what was written are gathered, before they are written as one.
const REPEATS: Duration = Duration::from_secs(60);

/// What waits, and what was written lately.
#[derive(Debug, Default)]
pub(super) struct Gathering(HashMap<What, Waiting>);

#[derive(Debug)]
struct Waiting {
    /// `None` where it was written, and has not come again.
    entry: Option<Entry>,
    written: Option<Instant>,
}

impl Gathering {
    /// Takes an entry. `false` where there is no room for another one.
    pub(super) fn add(&mut self, entry: Entry) -> bool {
        let room = self.0.len() < DIFFERENT_MAX;
        match self.0.entry(entry.what.clone()) {
            hash_map::Entry::Occupied(mut there) => match &mut there.get_mut().entry {
                Some(first) => first.times = first.times.saturating_add(entry.times),
                none => *none = Some(entry),
            },
            hash_map::Entry::Vacant(free) if room => {
                free.insert(Waiting { entry: Some(entry), written: None });
            }
            hash_map::Entry::Vacant(_) => return false,
        }
        true
    }

    /// At most `most` of those whose time has come, to be written now. All that wait, where nothing will
    /// come any more.
    pub(super) fn take(&mut self, now: Instant, most: usize, is_last: bool) -> Vec<Entry> {
        let is_over = |written: Option<Instant>| {
            written.is_none_or(|then| now.duration_since(then) >= REPEATS)
        };
        let mut taken = Vec::new();
        self.0.retain(|_, waiting| {
            if taken.len() < most
                && (is_last || is_over(waiting.written))
                && let Some(entry) = waiting.entry.take()
            {
                taken.push(entry);
                waiting.written = Some(now);
            }
            waiting.entry.is_some() || !is_over(waiting.written)
        });
        taken
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::{super::Kind, *};

    fn refusal(route: u32) -> Entry {
        let id = Uuid::from_u128(u128::from(route));
        let entry = Entry::new(id, Timestamp::UNIX_EPOCH, Kind::Refused);
        entry.request("POST", &format!("/v1/{route}"), 403)
    }

    fn times(entries: &[Entry]) -> Vec<u32> {
        entries.iter().map(|entry| entry.times).collect()
    }

    #[test]
    fn what_is_the_same_is_written_at_once_and_then_once_a_minute() {
        let (mut gathering, start) = (Gathering::default(), Instant::now());
        gathering.add(refusal(1));
        assert_eq!(times(&gathering.take(start, 9, false)), [1]);
        for _ in 0..1000 {
            assert!(gathering.add(refusal(1)));
        }
        assert!(gathering.take(start + REPEATS / 2, 9, false).is_empty());
        assert_eq!(times(&gathering.take(start + REPEATS, 9, false)), [1000]);
        assert!(gathering.take(start + REPEATS * 2, 9, false).is_empty());
        assert!(gathering.0.is_empty());
    }

    #[test]
    fn a_bounded_number_is_written_at_once_and_none_is_lost() {
        let (mut gathering, start) = (Gathering::default(), Instant::now());
        for route in 0..5 {
            gathering.add(refusal(route));
        }
        let sizes: Vec<usize> = (0..4).map(|_| gathering.take(start, 2, false).len()).collect();
        assert_eq!(sizes, [2, 2, 1, 0]);
    }

    #[test]
    fn no_more_different_ones_are_kept_in_mind_than_there_is_room_for() {
        let mut gathering = Gathering::default();
        for route in 0..u32::try_from(DIFFERENT_MAX).unwrap() {
            assert!(gathering.add(refusal(route)));
        }
        assert!(!gathering.add(refusal(u32::MAX)));
        assert!(gathering.add(refusal(7)), "one that is known there is always room for");
    }

    #[test]
    fn nothing_waits_for_its_minute_at_the_end() {
        let (mut gathering, start) = (Gathering::default(), Instant::now());
        gathering.add(refusal(1));
        gathering.take(start, 9, false);
        gathering.add(refusal(1));
        assert_eq!(times(&gathering.take(start, 9, true)), [1]);
    }
}
