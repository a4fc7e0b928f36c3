//! A private folder beside a file that is being made: what is right is renamed out of it, and the rest
//! goes with it.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::error::{BackupError, at};

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder `.NAME.new` beside the file NAME, for its owner alone: secrets are written
    /// there. What an attempt that was cut short has left there is removed first.
    pub(super) fn beside(file: &Path) -> Result<Self, BackupError> {
        let nameless = || at(file)(io::Error::from(ErrorKind::InvalidInput));
        let mut name = OsString::from(".");
        name.push(file.file_name().ok_or_else(nameless)?);
        name.push(".new");
        let folder = file.with_file_name(name);
        remove(&folder).map_err(at(&folder))?;
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(at(&folder))?;
        Ok(Self(folder))
    }

    /// A name in the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a temporary folder stays behind");
        }
    }
}

/// Makes a file for its owner alone.
pub(super) fn create(path: &Path) -> Result<File, BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(at(path))
}

/// Gives a file that is on the disk its own name, in place of what is there; returns once that is on
/// the disk too.
pub(super) fn put(file: &Path, place: &Path) -> Result<(), BackupError> {
    fs::rename(file, place).map_err(at(place))?;
    sync_folder_of(place)
}

/// The same where nothing may be replaced, not even what has come there this very moment.
pub(super) fn put_new(file: &Path, place: &Path) -> Result<(), BackupError> {
    match fs::hard_link(file, place) {
        Ok(()) => fs::remove_file(file).map_err(at(file))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(BackupError::Occupied(vec![place.to_path_buf()]));
        }
        // A file system without links. Nothing on it does both in one step.
        Err(_) if place.symlink_metadata().is_err() => {
            fs::rename(file, place).map_err(at(place))?;
        }
        Err(error) => return Err(at(place)(error)),
    }
    sync_folder_of(place)
}

fn sync_folder_of(place: &Path) -> Result<(), BackupError> {
    if cfg!(unix) {
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
    }
    Ok(())
}

/// Removes a folder with all that is in it; links in it are not followed.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn what_is_not_put_in_its_place_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("films.tar");
        let scratch = Scratch::beside(&place).unwrap();
        create(&scratch.file("archive")).unwrap();
        create(&scratch.file("rest")).unwrap();
        put(&scratch.file("archive"), &place).unwrap();
        drop(scratch);
        assert_eq!(names(folder.path()), ["films.tar"]);
    }

    #[test]
    fn what_is_there_is_not_replaced_unless_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let (new, place) = (folder.path().join("new"), folder.path().join("place"));
        fs::write(&new, "new").unwrap();
        fs::write(&place, "old").unwrap();
        let refused = put_new(&new, &place).unwrap_err();
        assert!(matches!(refused, BackupError::Occupied(_)), "{refused}");
        assert_eq!(fs::read(&place).unwrap(), b"old");
        put(&new, &place).unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"new");
        put_new(&place, &new).unwrap();
        assert_eq!(names(folder.path()), ["new"]);
    }

    #[test]
    fn what_an_earlier_attempt_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".films.tar.new")).unwrap();
        fs::write(folder.path().join(".films.tar.new/archive"), "half").unwrap();
        let scratch = Scratch::beside(&folder.path().join("films.tar")).unwrap();
        assert_eq!(names(&scratch.file("")), Vec::<OsString>::new());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_look_into_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::beside(&folder.path().join("films.tar")).unwrap();
        let mode = scratch.file("").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let file = create(&scratch.file("archive")).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_was_planted_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::create_dir(&victim).unwrap();
        fs::write(victim.join("file"), "untouched").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join(".films.tar.new")).unwrap();
        let _ = Scratch::beside(&folder.path().join("films.tar"));
        assert_eq!(fs::read(victim.join("file")).unwrap(), b"untouched");
        assert_eq!(names(&victim), ["file"]);
    }
}
