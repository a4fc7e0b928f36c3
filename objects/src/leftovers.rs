//! What killed writers have left in a folder: files that are no objects.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{Objects, ObjectsError, name::PARTS_MAX, place::Place};

/// The most files and folders that are looked at.
const LOOKED_AT_MAX: usize = 1_000_000;

impl Objects {
    /// Deletes files that killed writers have left in a folder, if they were last written to `older_than`
    /// before `now` or earlier. Gives how many. Does nothing in a bucket, which has rules of its own for that.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub async fn delete_leftovers(
        &self,
        now: SystemTime,
        older_than: Duration,
    ) -> Result<usize, ObjectsError> {
        let Place::Folder(folder) = &self.place else { return Ok(0) };
        let (folder, before) = (folder.clone(), now.checked_sub(older_than));
        let swept = tokio::task::spawn_blocking(move || {
            before.map_or(Ok(0), |before| sweep(&folder, before))
        });
        match swept.await {
            Ok(Ok(count)) => Ok(count),
            Ok(Err(error)) => Err(ObjectsError::NoPlace(error.to_string())),
            Err(error) => Err(ObjectsError::Unavailable(error.to_string())),
        }
    }
}

fn sweep(folder: &Path, before: SystemTime) -> std::io::Result<usize> {
    let (mut deleted, mut looked_at) = (0, 0);
    let mut folders: Vec<(PathBuf, usize)> = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            looked_at += 1;
            if looked_at > LOOKED_AT_MAX {
                return Ok(deleted);
            }
            let about = match entry.metadata() {
                Ok(about) => about,
                // Its writer has renamed or deleted it meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if about.is_dir() && depth + 1 < PARTS_MAX {
                folders.push((entry.path(), depth + 1));
            } else if is_leftover(&entry.file_name().to_string_lossy()) {
                let is_old = about.modified().is_ok_and(|modified| modified < before);
                // If deleting fails, the next sweep tries again.
                deleted +=
                    usize::from(about.is_file() && is_old && fs::remove_file(entry.path()).is_ok());
            }
        }
    }
    Ok(deleted)
}

/// Whether a name is like `NAME#1`, as that of no object is.
fn is_leftover(name: &str) -> bool {
    let number = name.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[tokio::test]
    async fn what_killed_writers_left_is_deleted_when_it_is_old_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::in_folder(folder.path(), Limits::default()).unwrap();
        let path = |name: &str| folder.path().join("posters").join(name);
        fs::create_dir(folder.path().join("posters")).unwrap();
        for name in ["a.png", "a.png#1", "b.png#12", "notes#x", "c#"] {
            fs::write(path(name), "…").unwrap();
        }
        let written = fs::metadata(path("b.png#12")).unwrap().modified().unwrap();
        let hour = Duration::from_secs(3_600);
        assert_eq!(objects.delete_leftovers(written, hour).await, Ok(0), "they may be under way");
        assert_eq!(objects.delete_leftovers(written + 2 * hour, hour).await, Ok(2));
        for (name, stays) in [("a.png", true), ("a.png#1", false), ("notes#x", true), ("c#", true)]
        {
            assert_eq!(path(name).exists(), stays, "{name}");
        }
    }
}
