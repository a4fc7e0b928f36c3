//! Whether two names are of one file: so that what is written is never what is read.

use std::{
    fs::{self, Metadata},
    path::Path,
};

/// Whether two paths lead to one file, over links of either kind too. One that is not there is none.
pub(crate) fn is_same_file(a: &Path, b: &Path) -> bool {
    let is_same_path = matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    let is_same_entry = || match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => is_same_entry(&a, &b),
        _ => false,
    };
    is_same_path || is_same_entry()
}

/// Whether the system says that it is one file. Not everywhere does it say so.
pub(super) fn is_same_entry(a: &Metadata, b: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (a.dev(), a.ino()) == (b.dev(), b.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (a, b);
        false
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_all_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "one").unwrap();
        fs::write(path("b"), "one").unwrap();
        fs::hard_link(path("a"), path("hard")).unwrap();
        std::os::unix::fs::symlink(path("a"), path("soft")).unwrap();
        for same in ["a", "hard", "soft", "./a"] {
            assert!(is_same_file(&path("a"), &path(same)), "{same}");
        }
        for other in ["b", "none"] {
            assert!(!is_same_file(&path("a"), &path(other)), "{other}");
        }
        assert!(!is_same_file(&path("none"), &path("none")));
    }
}
