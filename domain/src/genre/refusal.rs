//! Why a genre refuses a command.

/// Why a genre cannot be described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GenreRefusal {
    /// It was to be new, but it has been described.
    #[error("this genre has been described already")]
    Exists,
}
