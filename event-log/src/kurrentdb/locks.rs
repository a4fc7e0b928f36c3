//! What appends of this process wait for each other for: those of one stream come one after another,
//! in the order in which they were asked, and a stream that others depend upon does not move between
//! their look at it and their append.
//!
//! The server knows nothing of these locks; between processes its expected revisions decide.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// How many locks there are. Streams that share one by chance wait for each other needlessly.
const LOCKS: usize = 4096;

/// How a lock is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Want {
    /// What is locked must not move.
    ToStay,
    /// It is about to move.
    ToMove,
}

/// The locks, shared by all appends.
#[derive(Debug, Clone)]
pub(super) struct Locks(Arc<[Arc<RwLock<()>>]>);

/// Held until dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "a guard is there to be dropped")]
pub(super) enum Guard {
    Stays(OwnedRwLockReadGuard<()>),
    Moves(OwnedRwLockWriteGuard<()>),
}

impl Locks {
    pub(super) fn new() -> Self {
        Self((0..LOCKS).map(|_| Arc::default()).collect())
    }

    /// Waits for all of them. They are taken in one order by everybody, so that nobody waits for
    /// somebody who waits for them.
    pub(super) async fn hold(&self, wanted: &[(&str, Want)]) -> Vec<Guard> {
        let mut by_lock = BTreeMap::new();
        for (name, want) in wanted {
            let strongest = by_lock.entry(place(name)).or_insert(*want);
            *strongest = (*strongest).max(*want);
        }
        let mut guards = Vec::with_capacity(by_lock.len());
        for (lock, want) in by_lock {
            let lock = Arc::clone(&self.0[lock]);
            guards.push(match want {
                Want::ToStay => Guard::Stays(lock.read_owned().await),
                Want::ToMove => Guard::Moves(lock.write_owned().await),
            });
        }
        guards
    }
}

#[expect(clippy::cast_possible_truncation, reason = "any part of a hash will do")]
fn place(name: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish() as usize % LOCKS
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, future::join_all};

    use super::{Locks, Want};

    #[tokio::test]
    async fn who_moves_a_stream_waits_for_those_who_want_it_to_stay() {
        let locks = Locks::new();
        let staying =
            [locks.hold(&[("a", Want::ToStay)]).await, locks.hold(&[("a", Want::ToStay)]).await];
        assert!(locks.hold(&[("a", Want::ToMove)]).now_or_never().is_none());
        drop(staying);
        assert!(locks.hold(&[("a", Want::ToMove)]).now_or_never().is_some());
    }

    #[tokio::test]
    async fn one_stream_wanted_in_two_ways_is_locked_once() {
        let locks = Locks::new();
        let held = locks.hold(&[("a", Want::ToStay), ("a", Want::ToMove)]).await;
        assert_eq!(held.len(), 1);
        assert!(locks.hold(&[("a", Want::ToStay)]).now_or_never().is_none());
    }

    #[tokio::test]
    async fn those_who_want_the_same_two_never_wait_for_each_other_for_ever() {
        let locks = Locks::new();
        let tasks = (0..100).map(|n| {
            let locks = locks.clone();
            tokio::spawn(async move {
                let wanted = [("a", Want::ToMove), ("b", Want::ToMove)];
                let reversed = [wanted[1], wanted[0]];
                locks.hold(if n % 2 == 0 { &wanted } else { &reversed }).await;
            })
        });
        for task in join_all(tasks).await {
            task.unwrap();
        }
    }
}
