//! What answers are about, and when each such thing last changed.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering},
};

/// How many stamps there are: half a MiB of them. A power of two.
const STAMPS: usize = 1 << 16;

/// Something that answers are about. Two things may share a topic by chance; then the one makes answers
/// about the other look out of date, which costs a read and is never wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic(u16);

impl Topic {
    /// The topic of whatever `thing` names.
    #[must_use]
    pub fn of(thing: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        thing.hash(&mut hasher);
        let [low, high, ..] = hasher.finish().to_le_bytes();
        Self(u16::from_le_bytes([low, high]))
    }

    /// Its number. That of one thing is the same on every node that runs the same build; who shares it with
    /// others finds out first whether theirs are the same.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }

    pub(super) fn numbered(number: u16) -> Self {
        Self(number)
    }
}

/// The version in which each topic last changed. Its size does not depend on how many things there are.
pub(super) struct Stamps(Box<[AtomicU64; STAMPS]>);

impl Stamps {
    /// Nothing has changed yet.
    pub(super) fn new() -> Self {
        Self(Box::new([const { AtomicU64::new(0) }; STAMPS]))
    }

    /// A topic has changed in this version.
    pub(super) fn stamp(&self, topic: Topic, version: u64) {
        self.0[usize::from(topic.0)].fetch_max(version, Ordering::AcqRel);
    }

    /// Whether none of these topics has changed after this version.
    pub(super) fn are_as_in(&self, version: u64, topics: &[Topic]) -> bool {
        topics.iter().all(|topic| self.0[usize::from(topic.0)].load(Ordering::Acquire) <= version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_as_in_every_version_from_its_last_change_on() {
        let (stamps, film, other) = (Stamps::new(), Topic::of(("film", 1)), Topic::of(("film", 2)));
        assert_ne!(film, other);
        stamps.stamp(film, 7);
        assert!(stamps.are_as_in(7, &[film]) && stamps.are_as_in(8, &[film]));
        assert!(!stamps.are_as_in(6, &[film]) && !stamps.are_as_in(6, &[other, film]));
        assert!(stamps.are_as_in(0, &[other]));
    }

    #[test]
    fn a_change_that_is_told_late_does_not_hide_a_later_one() {
        let (stamps, film) = (Stamps::new(), Topic::of("film"));
        stamps.stamp(film, 7);
        stamps.stamp(film, 5);
        assert!(!stamps.are_as_in(6, &[film]));
    }
}
