//! What can go wrong with the read model.

/// What a store's own software said.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why the read model could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no read model where one was expected; or it is gone, not complete yet, or not visible to us.
    #[error(
        "there is no complete read model at {0}, or this process may not see it: the projector makes it"
    )]
    Missing(String),
    /// There is something, but its tables are not those of a read model.
    #[error("{place} holds no read model that this version can read: {reason}")]
    Foreign {
        /// Where.
        place: String,
        /// What is wrong with it.
        reason: Source,
    },
    /// The store cannot be reached or is busy, or its machine is short of something. Trying again later may help.
    #[error("the read model is unavailable: {0}")]
    Unavailable(Source),
    /// Reading took longer than a read may, and was given up.
    #[error("the read took too long")]
    TooSlow(#[source] Source),
    /// The store refuses what is asked of it, or holds what the projector cannot have written.
    #[error("the read model is damaged")]
    Damaged(#[source] Source),
}

impl StoreError {
    /// The store holds data that cannot be read.
    pub(crate) fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Damaged(Box::new(error))
    }

    /// A copy, for another caller who waits for the same read.
    pub(crate) fn again(&self) -> Self {
        let same = |reason: &Source| Source::from(reason.to_string());
        match self {
            Self::Missing(place) => Self::Missing(place.clone()),
            Self::Foreign { place, reason } => {
                Self::Foreign { place: place.clone(), reason: same(reason) }
            }
            Self::Unavailable(reason) => Self::Unavailable(same(reason)),
            Self::TooSlow(reason) => Self::TooSlow(same(reason)),
            Self::Damaged(reason) => Self::Damaged(same(reason)),
        }
    }

    /// The error of a store that is being opened at `place`: what seems damaged there is no read model at all.
    pub(crate) fn at(self, place: &str) -> Self {
        match self {
            Self::Damaged(reason) => Self::Foreign { place: place.to_owned(), reason },
            other => other,
        }
    }
}
