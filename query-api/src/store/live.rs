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
/// Clients never see the position go back because another store takes over. So this remembers the furthest
/// position that was shown, and which one the current store has to reach before it may answer.
#[derive(Debug, Clone)]
pub struct LiveStore(Arc<RwLock<Live>>);

/// What is shared.
#[derive(Debug)]
struct Live {
    current: Arc<dyn Store>,
    /// The furthest that somebody was shown, by any store.
    shown: AtomicU64,
    /// The furthest position that earlier stores have shown, until the current one has shown as much; then 0. From
    /// then on its own positions are good enough.
    owed: AtomicU64,
}

impl LiveStore {
    /// Queries read `store` first.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        let nothing = || AtomicU64::new(Position::START.0);
        let live = Live { current: store, shown: nothing(), owed: nothing() };
        Self(Arc::new(RwLock::new(live)))
    }

    /// Lets `store` answer from now on. Reads of the one before go on to their end.
    ///
    /// `store` should have reached what was [`shown`](Self::shown): until it has, nobody is answered. The caller
    /// then tells the change feed of the new generation, so that no answers of the old one stay cached.
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

    /// To be called when somebody is shown the read model at this checkpoint, or may be shown it from now on.
    pub fn shows(&self, checkpoint: Checkpoint) {
        let Checkpoint { generation, position: Position(position) } = checkpoint;
        // Within the lock: either a switch comes later and counts this in, or it is noticed here.
        let live = self.live();
        live.shown.fetch_max(position, Ordering::AcqRel);
        if generation != live.current.generation() {
            // Read before the switch, and shown only now.
            live.owed.fetch_max(position, Ordering::AcqRel);
            return;
        }
        let owed = live.owed.load(Ordering::Acquire);
        if owed != Position::START.0 && position >= owed {
            // This fails if more has come to be owed meanwhile: a later read settles that.
            let settled = Position::START.0;
            let _ = live.owed.compare_exchange(owed, settled, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// The furthest position that was shown. A database that was restored from a backup may not have reached it.
    #[must_use]
    pub fn shown(&self) -> Position {
        Position(self.live().shown.load(Ordering::Acquire))
    }

    /// The position that the current store has to reach before it may answer, since an earlier one has shown it.
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
