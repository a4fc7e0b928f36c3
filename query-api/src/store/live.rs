//! Which store answers now. A rebuilt read model takes over while the server runs.

use std::sync::{
    Arc, PoisonError, RwLock, RwLockReadGuard,
    atomic::{AtomicU64, Ordering},
};

use events::Position;
use read_model::Checkpoint;

use super::Store;

/// The store that queries read, until another takes its place. Clones share it.
///
/// Positions that somebody was shown never go back, whichever store showed them: it remembers how far
/// that is, and what the store of now must have reached before it answers.
#[derive(Debug, Clone)]
pub struct LiveStore(Arc<RwLock<Live>>);

/// What is shared.
#[derive(Debug)]
struct Live {
    current: Arc<dyn Store>,
    /// The furthest that somebody was shown, by any store.
    shown: AtomicU64,
    /// The furthest that a store before this one has shown, until this one has shown as much: whatever it
    /// is asked after that, it does not go back by itself.
    owed: AtomicU64,
}

impl LiveStore {
    /// Begins with `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        let nothing = || AtomicU64::new(Position::START.0);
        let live = Live { current: store, shown: nothing(), owed: nothing() };
        Self(Arc::new(RwLock::new(live)))
    }

    /// Lets `store` answer from now on. What is being read from the one before is read to its end.
    ///
    /// `store` should have reached what was [`shown`](Self::shown): until it has, nobody is answered.
    /// Whoever calls this then tells the change feed of the new generation, so that nothing of the old
    /// one stays in memory.
    pub fn switch_to(&self, store: Arc<dyn Store>) {
        let mut live = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let shown = *live.shown.get_mut();
        *live.owed.get_mut() = shown;
        live.current = store;
    }

    /// The store that answers now.
    #[must_use]
    pub fn current(&self) -> Arc<dyn Store> {
        self.live().current.clone()
    }

    /// Somebody is shown the read model as it is at this checkpoint, or may be from now on.
    pub fn shows(&self, checkpoint: Checkpoint) {
        let Checkpoint { generation, position: Position(position) } = checkpoint;
        // Within the lock: either the switch counts this in, or it is known here that there was one.
        let live = self.live();
        live.shown.fetch_max(position, Ordering::AcqRel);
        if generation != live.current.generation() {
            // Read before the switch, and shown only now.
            live.owed.fetch_max(position, Ordering::AcqRel);
            return;
        }
        let owed = live.owed.load(Ordering::Acquire);
        if owed != Position::START.0 && position >= owed {
            // In vain where it has become more meanwhile: another read finds out.
            let settled = Position::START.0;
            let _ = live.owed.compare_exchange(owed, settled, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// The furthest that somebody was shown. After a restore there may be less than this.
    #[must_use]
    pub fn shown(&self) -> Position {
        Position(self.live().shown.load(Ordering::Acquire))
    }

    /// What the store of now must have reached before it answers, since another one has shown it.
    pub(crate) fn owed(&self) -> Position {
        Position(self.live().owed.load(Ordering::Acquire))
    }

    fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ReadModel, film};

    #[tokio::test]
    async fn from_the_switch_on_the_other_store_answers_and_the_one_before_is_still_read() {
        let old = ReadModel::with(&[film("Old")]).await;
        let new = ReadModel::with(&[film("New")]).await;
        let live = LiveStore::new(old.store());
        let seen_by_all = live.clone();
        let before = live.current();
        seen_by_all.switch_to(new.store());
        assert!(before.movie(film("Old").id).await.unwrap().1.is_some());
        assert!(live.current().movie(film("New").id).await.unwrap().1.is_some());
        assert!(live.current().movie(film("Old").id).await.unwrap().1.is_none());
    }

    fn at(generation: u64, position: u64) -> Checkpoint {
        Checkpoint { generation, position: Position(position) }
    }

    #[tokio::test]
    async fn what_one_store_has_shown_the_next_one_owes_until_it_has_shown_as_much() {
        let model = ReadModel::new().await;
        let live = LiveStore::new(model.store());
        live.shows(at(1, 100));
        assert_eq!((live.shown(), live.owed()), (Position(100), Position(0)));
        model.rebuild().await;
        live.switch_to(model.store());
        assert_eq!(live.owed(), Position(100));
        // Read from the old one before the switch, and shown after it.
        live.shows(at(1, 101));
        live.shows(at(2, 100));
        assert_eq!((live.shown(), live.owed()), (Position(101), Position(101)));
        live.shows(at(2, 101));
        assert_eq!(live.owed(), Position(0));
    }
}
