//! Why a rating refuses a command.

/// Why a film cannot be rated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RatingRefusal {
    /// There never was such a film.
    #[error("there is no such film")]
    MovieUnknown,
    /// The film is not in the catalogue now.
    #[error("the film has been deleted")]
    MovieDeleted,
}
