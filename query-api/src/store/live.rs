//! Which store answers now. A rebuilt read model takes over while the server runs.

use std::sync::{Arc, PoisonError, RwLock};

use super::Store;

/// The store that queries read, until another takes its place. Clones share it.
#[derive(Debug, Clone)]
pub struct LiveStore {
    current: Arc<RwLock<Arc<dyn Store>>>,
}

impl LiveStore {
    /// Begins with `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { current: Arc::new(RwLock::new(store)) }
    }

    /// Lets `store` answer from now on. What is being read from the one before is read to its end.
    ///
    /// `store` must have reached what the one before has shown: positions that clients have seen never
    /// go back. Whoever calls this then tells the change feed of the new generation, so that nothing
    /// of the old one stays in memory.
    pub fn switch_to(&self, store: Arc<dyn Store>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = store;
    }

    /// The store that answers now.
    #[must_use]
    pub fn current(&self) -> Arc<dyn Store> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
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
}
