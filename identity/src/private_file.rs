//! Files that hold a secret: there whole or not at all, and for their owner's eyes alone.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// How many names are tried for the temporary file; one is taken while another process writes, or
/// since one was killed while it wrote.
const TEMPORARY_NAMES_MAX: u32 = 100;

/// Writes a new file that its owner alone can read (mode 0600), and returns once it is on disk. Whoever
/// reads the file meanwhile, or after a crash, finds all of it or no file. One that is there already is
/// left alone.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] where there is such a file, [`ErrorKind::NotFound`] where there is no
/// such folder, and whatever else the operating system says, such as that the folder's file system has
/// no hard links.
pub fn write_new_private_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = new_temporary_file(path)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        // Unlike a renaming, a link never replaces what is there.
        .and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    written.and(removed)?;
    sync_folder_of(path)
}

/// Writes a file in place of the one that is there, and returns once it is on disk. It has the owner, the group
/// and the mode of the one before, but is never open to everyone. Whoever reads the file meanwhile, or after a
/// crash, finds all of the old one or all of the new one.
///
/// # Errors
/// [`ErrorKind::PermissionDenied`] where it belongs to somebody else, who could not read the new one; and
/// whatever else the operating system says, such as that the folder cannot be written.
pub fn replace_private_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = new_temporary_file(path)?;
    let replaced = keep_rights(path, &file)
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        fs::remove_file(&temporary)?;
    }
    replaced?;
    sync_folder_of(path)
}

/// Gives a file the owner, the group and the mode of the one at `path`.
#[cfg(unix)]
fn keep_rights(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let (before, now) = (path.metadata()?, file.metadata()?);
    if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
        fchown(file, Some(before.uid()), Some(before.gid())).map_err(|error| {
            let whose = format!("user {}, group {}", before.uid(), before.gid());
            io::Error::new(
                error.kind(),
                format!("it belongs to {whose}, who must do this: {error}"),
            )
        })?;
    }
    file.set_permissions(PermissionsExt::from_mode(before.mode() & 0o770))
}

#[cfg(not(unix))]
fn keep_rights(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// An empty file beside `path`.
fn new_temporary_file(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for number in 0..TEMPORARY_NAMES_MAX {
        let mut temporary = OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{number}.new"));
        let temporary = path.with_file_name(temporary);
        match options.open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!(
        "{TEMPORARY_NAMES_MAX} temporary files of unfinished attempts are in its folder: remove them"
    )))
}

/// A new file survives a power cut only once its folder is on disk too.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_written_file_stands_alone_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_new_private_file(&path, b"s3cret").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"s3cret");
        assert_eq!(names(folder.path()), ["secret"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_new_private_file(&path, b"s3cret").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_put_in_place_of_another_has_its_owner_and_its_mode() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "old").unwrap();
        // Only root may give a file away; whoever else runs this sees to the mode.
        let _ = chown(&path, Some(4711), Some(4712));
        let before = path.metadata().unwrap();
        for (mode, kept) in [(0o640, 0o640), (0o600, 0o600), (0o644, 0o640)] {
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            replace_private_file(&path, b"new").unwrap();
            let after = path.metadata().unwrap();
            assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
            assert_eq!(after.mode() & 0o777, kept);
            assert_eq!(fs::read(&path).unwrap(), b"new");
        }
    }

    #[test]
    fn a_file_that_is_there_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_new_private_file(&path, b"first").unwrap();
        let error = write_new_private_file(&path, b"second").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(folder.path()), ["secret"]);
    }

    #[test]
    fn what_a_crash_left_behind_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(folder.path().join(".secret.0.new"), "s3").unwrap();
        write_new_private_file(&path, b"s3cret").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"s3cret");
    }

    #[test]
    fn of_many_at_once_one_writes_and_nobody_reads_half_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let start = Barrier::new(8);
        let write_and_read = |number: u8| {
            start.wait();
            let wrote = write_new_private_file(&path, &[number; 100_000]).is_ok();
            (wrote, fs::read(&path).unwrap())
        };
        let outcomes: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|number| scope.spawn(move || write_and_read(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|(wrote, _)| *wrote).count(), 1);
        for (_, bytes) in &outcomes {
            assert_eq!(bytes.len(), 100_000);
            assert!(bytes.iter().all(|byte| *byte == bytes[0]));
        }
    }
}
