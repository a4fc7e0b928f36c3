//! Where paths lead, and whether two are of one file: so that nothing is written over what is read or
//! kept. Knows not whose files they are.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
};

/// So many links are followed from a name that leads nowhere yet.
const LINKS_MAX: usize = 40;

/// What SQLite puts beside a database file.
pub(crate) const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Whether two paths lead to one file, over links of either kind too. One that is not there is none.
pub(crate) fn is_same_file(a: &Path, b: &Path) -> bool {
    let is_same_path = matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    let is_same_entry = || match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => is_same_entry(&a, &b),
        _ => false,
    };
    is_same_path || is_same_entry()
}

/// Where a path leads over all links, also where nothing is at its end yet.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    for _ in 0..LINKS_MAX {
        if let Ok(there) = path.canonicalize() {
            return there;
        }
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if folder.as_os_str().is_empty() => {
            resolved(Path::new(".")).join(name)
        }
        (Some(folder), Some(name)) => resolved(folder).join(name),
        _ => path,
    }
}

/// Whether two paths lead to one place, whether something is there or not.
pub(crate) fn is_same_place(a: &Path, b: &Path) -> bool {
    is_same_file(a, b) || resolved(a) == resolved(b)
}

/// Whether a path leads to a file that lies directly in `folder`, by whatever name.
pub(crate) fn is_file_of(path: &Path, folder: &Path) -> bool {
    resolved(path).parent() == Some(resolved(folder).as_path()) || is_linked_from(path, folder)
}

/// Whether something in `folder` is the file that is at `path`.
pub(crate) fn is_linked_from(path: &Path, folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    path.exists() && entries.map(|entry| entry.path()).any(|entry| is_same_file(&entry, path))
}

/// A database file and what SQLite puts beside it.
pub(crate) fn with_side_files(database: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    std::iter::once("").chain(SIDE_FILES).map(|ending| {
        let mut name = database.as_os_str().to_owned();
        name.push(ending);
        name.into()
    })
}

/// Whether the system says that it is one file. Not everywhere does it say so.
pub(crate) fn is_same_entry(a: &Metadata, b: &Metadata) -> bool {
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

    #[test]
    fn a_link_to_what_is_not_there_yet_leads_there_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("later", path("soft")).unwrap();
        std::os::unix::fs::symlink("round", path("round")).unwrap();
        assert!(is_same_place(&path("soft"), &path("later")));
        assert!(is_same_place(&path("none/a"), &path("./none/a")));
        assert_eq!(resolved(&path("round")), resolved(folder.path()).join("round"));
        assert!(is_file_of(&path("soft"), folder.path()));
        assert!(!is_file_of(&path("none/a"), folder.path()));
        let other = tempfile::tempdir().unwrap();
        fs::write(path("a"), "one").unwrap();
        fs::hard_link(path("a"), other.path().join("hard")).unwrap();
        assert!(is_file_of(&other.path().join("hard"), folder.path()));
    }
}
