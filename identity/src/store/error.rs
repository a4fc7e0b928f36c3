//! What can go wrong with the store of identities.

/// What a store's own software said.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or is busy, full or read-only. The same may succeed later.
    #[error("the identity store is unavailable: {0}")]
    Unavailable(Source),
    /// Its tables are those of a newer version.
    #[error("the identity store was written by a newer version")]
    Newer,
    /// It refuses what is asked of it, or holds what cannot have been written.
    #[error("the identity store is damaged: {0}")]
    Damaged(Source),
}

impl StoreError {
    /// What holds data that cannot be read.
    pub(crate) fn damaged(error: impl Into<Source>) -> Self {
        Self::Damaged(error.into())
    }

    /// Whether the same may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
