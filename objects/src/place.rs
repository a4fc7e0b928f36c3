//! Where the objects of a store are, and how the two kinds of stores differ.

use std::{fmt, path::PathBuf};

/// Where objects are.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// Below a folder of this machine.
    Folder(PathBuf),
    /// In a bucket, as people write it.
    #[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "made by the feature s3"))]
    Bucket(String),
}

impl Place {
    /// Whether the store can note the type of an object, for clients that fetch it without us.
    pub(crate) fn notes_types(&self) -> bool {
        matches!(self, Self::Bucket(_))
    }

    /// Whether it lists names in their order.
    pub(crate) fn lists_in_order(&self) -> bool {
        matches!(self, Self::Bucket(_))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "the folder {}", path.display()),
            Self::Bucket(name) => f.write_str(name),
        }
    }
}
