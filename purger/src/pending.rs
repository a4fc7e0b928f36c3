//! The groups that a gateway has not been told yet.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use http_kit::CacheGroup;
use tokio::{sync::Notify, time::Instant};

/// How many groups are remembered one by one. If there are more, everything is purged.
pub(crate) const GROUPS_MAX: usize = 2_000;

/// Groups to be purged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Groups {
    /// None.
    #[default]
    Nothing,
    /// These; never empty.
    These(BTreeSet<CacheGroup>),
    /// Everything.
    All,
}

impl Groups {
    /// These groups, if there are any.
    pub(crate) fn of(groups: impl IntoIterator<Item = CacheGroup>) -> Self {
        let groups: BTreeSet<CacheGroup> = groups.into_iter().collect();
        match groups.len() {
            0 => Self::Nothing,
            1..=GROUPS_MAX => Self::These(groups),
            _ => Self::All,
        }
    }

    /// Adds others.
    pub(crate) fn add(&mut self, others: Self) {
        *self = match (mem::take(self), others) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (groups, Self::Nothing) | (Self::Nothing, groups) => groups,
            (Self::These(groups), Self::These(others)) => {
                Self::of(groups.into_iter().chain(others))
            }
        };
    }

    /// How many there are. Everything counts as one more than can be remembered.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::These(groups) => groups.len(),
            Self::All => GROUPS_MAX + 1,
        }
    }
}

/// The queue of one gateway. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    groups: Groups,
    /// Since when the first of them has been waiting.
    since: Option<Instant>,
}

impl Pending {
    /// Adds groups, and wakes whoever sends them.
    pub(crate) fn add(&self, groups: Groups) {
        self.put_back(groups, Instant::now());
    }

    /// Adds groups that have been waiting for a while.
    pub(crate) fn put_back(&self, groups: Groups, since: Instant) {
        if groups == Groups::Nothing {
            return;
        }
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.groups.add(groups);
        waiting.since = Some(waiting.since.map_or(since, |other| other.min(since)));
        drop(waiting);
        self.0.news.notify_one();
    }

    /// Waits until there are groups, and takes all of them. Also gives since when the first has been waiting.
    pub(crate) async fn take(&self) -> (Groups, Instant) {
        loop {
            {
                let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(since) = waiting.since.take() {
                    return (mem::take(&mut waiting.groups), since);
                }
            }
            self.0.news.notified().await;
        }
    }

    /// How many groups are waiting.
    pub(crate) fn count(&self) -> usize {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).groups.count()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn some(numbers: std::ops::Range<u128>) -> Groups {
        Groups::of(numbers.map(|number| CacheGroup::one(Uuid::from_u128(number))))
    }

    #[test]
    fn groups_are_remembered_once_each_up_to_a_number() {
        let mut groups = some(0..3);
        groups.add(some(2..5));
        assert_eq!(groups.count(), 5);
        groups.add(some(0..GROUPS_MAX as u128));
        assert_eq!(groups.count(), GROUPS_MAX);
        groups.add(some(GROUPS_MAX as u128..GROUPS_MAX as u128 + 1));
        assert_eq!(groups, Groups::All);
        groups.add(some(0..1));
        assert_eq!(groups, Groups::All, "everything stays everything");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_put_back_is_taken_with_what_came_since_and_has_waited_as_long() {
        let pending = Pending::default();
        pending.add(some(0..1));
        let began = Instant::now();
        let (groups, since) = pending.take().await;
        tokio::time::advance(std::time::Duration::from_secs(3)).await;
        pending.add(some(1..2));
        pending.put_back(groups, since);
        assert_eq!(pending.take().await, (some(0..2), began));
        assert_eq!(pending.count(), 0);
    }
}
