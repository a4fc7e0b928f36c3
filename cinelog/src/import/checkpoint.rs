//! How far an import has come, so that one which was interrupted goes on there.
//!
//! A checkpoint is written after what it speaks of is in the log. It may be behind: what is imported
//! twice then changes nothing. It belongs to one file as it was, to the way in which it was read, and to
//! the log that the films are in; of any other it says nothing.

use std::{
    fmt::Debug,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use event_log::{EventLog, LogError};
use events::Position;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{lock::Lock, summary::Summary};

/// How much of a file's beginning tells it from another of the same size and time, in bytes.
const HEAD_BYTES: u64 = 64 << 10;

/// A file as it was, and how it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    path: PathBuf,
    bytes: u64,
    modified_ns: u128,
    head: String,
    settings: String,
}

/// How far a log had come, and what it told up to there. No two logs are alike in that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    position: u64,
    digest: String,
}

impl Standing {
    /// Where `log` stands now.
    pub(crate) async fn of(log: &dyn EventLog) -> Result<Self, LogError> {
        Self::at(log, log.head().await?).await
    }

    async fn at(log: &dyn EventLog, position: Position) -> Result<Self, LogError> {
        let digest = log.digest(position).await?.to_string();
        Ok(Self { position: position.0, digest })
    }

    /// Whether `log` still tells the same up to there.
    pub(crate) async fn is_of(&self, log: &dyn EventLog) -> Result<bool, LogError> {
        Ok(Self::at(log, Position(self.position)).await? == *self)
    }
}

/// How far an import has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// So many records have been dealt with.
    pub(crate) records: u64,
    /// What they came to.
    pub(crate) summary: Summary,
    /// Where what was refused is, and how many bytes of that were written.
    pub(crate) rejects: Option<(PathBuf, u64)>,
    /// Whether that was all of the file.
    pub(crate) is_done: bool,
    /// The log that has all of it.
    pub(crate) log: Standing,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    identity: Identity,
    progress: Progress,
}

/// The checkpoint of one file, which nobody else imports meanwhile.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
    identity: Identity,
    _lock: Lock,
}

/// Why there is no checkpoint of a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckpointError {
    /// Two imports of one file would write over each other's checkpoints.
    #[error("another import of this file is under way")]
    UnderWay,
    /// The file cannot be read, or nothing can be written about it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Checkpoint {
    /// The checkpoint of `file` in `folder`; `settings` is everything that says how it is read.
    pub(crate) fn of(
        folder: &Path,
        file: &Path,
        settings: &impl Debug,
    ) -> Result<Self, CheckpointError> {
        let metadata = fs::metadata(file)?;
        let path = file.canonicalize()?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut head = Vec::new();
        File::open(file)?.take(HEAD_BYTES).read_to_end(&mut head)?;
        let identity = Identity {
            bytes: metadata.len(),
            modified_ns: modified.as_nanos(),
            head: digest(&head),
            settings: digest(format!("{settings:?}").as_bytes()),
            path,
        };
        let name = digest(identity.path.as_os_str().as_encoded_bytes());
        let path = folder.join(format!("{}.json", &name[..16]));
        let lock = Lock::take(&path.with_extension("lock"))?.ok_or(CheckpointError::UnderWay)?;
        Ok(Self { path, identity, _lock: lock })
    }

    /// How far an earlier import of the same file has come, if it was interrupted.
    pub(crate) fn load(&self) -> Option<Progress> {
        let text = fs::read(&self.path).ok()?;
        // One that cannot be read is worth nothing, and does no harm.
        let stored: Stored = serde_json::from_slice(&text).ok()?;
        (stored.identity == self.identity).then_some(stored.progress)
    }

    /// Writes it, whole or not at all.
    pub(crate) fn save(&self, progress: &Progress) -> io::Result<()> {
        let stored = Stored { identity: self.identity.clone(), progress: progress.clone() };
        let new = self.path.with_extension("new");
        fs::write(&new, serde_json::to_vec(&stored)?)?;
        fs::rename(&new, &self.path)
    }

    /// Takes it away. That there is none is no failure.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        Progress {
            records: 7,
            summary: Summary { created: 7, ..Summary::default() },
            rejects: Some(("r".into(), 3)),
            is_done: false,
            log: Standing { position: 7, digest: "7:ab".to_owned() },
        }
    }

    #[test]
    fn a_checkpoint_is_of_one_file_as_it_was_and_one_way_to_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.csv");
        fs::write(&file, "title\nRan\n").unwrap();
        let of = |settings| Checkpoint::of(folder.path(), &file, &settings).unwrap();
        assert_eq!(of("a").load(), None);
        of("a").save(&progress()).unwrap();
        assert_eq!(of("a").load(), Some(progress()));
        assert_eq!(of("b").load(), None, "it is read in another way");
        fs::write(&file, "title\nRan!\n").unwrap();
        assert_eq!(of("a").load(), None, "it is another file");
        of("a").remove().unwrap();
        of("a").remove().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_not_imported_twice_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("f.csv"), folder.path().join("g.csv"));
        fs::write(&file, "x").unwrap();
        fs::write(&other, "x").unwrap();
        let first = Checkpoint::of(folder.path(), &file, &"a").unwrap();
        let refused = Checkpoint::of(folder.path(), &file, &"b");
        assert!(matches!(refused, Err(CheckpointError::UnderWay)), "{refused:?}");
        Checkpoint::of(folder.path(), &other, &"a").unwrap();
        drop(first);
        Checkpoint::of(folder.path(), &file, &"b").unwrap();
    }

    #[test]
    fn a_checkpoint_that_is_torn_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.csv");
        fs::write(&file, "x").unwrap();
        let checkpoint = Checkpoint::of(folder.path(), &file, &"a").unwrap();
        fs::write(&checkpoint.path, "{\"identity\": {\"pa").unwrap();
        assert_eq!(checkpoint.load(), None);
    }
}
