//! Why a backup was not made, or not restored. Whatever it is, nothing stands under a final name.

use std::{
    io,
    path::{Path, PathBuf},
};

use event_log::LogError;

use super::manifest::FORMAT;
use crate::config::ServerUrl;

/// Why a backup was not made or restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    /// A file stands where the backup is to go.
    #[error("{} is there already; --force replaces it", .0.display())]
    Exists(PathBuf),
    /// The backup would replace what it is made from, or be taken for a part of it.
    #[error(
        "{} is of the data folder that is backed up; choose a file outside of it", .0.display()
    )]
    OfTheData(PathBuf),
    /// Something that is no file stands where the backup is to go.
    #[error("{} is there already and is not a file", .0.display())]
    NotAFile(PathBuf),
    /// Two backups of one data folder would get into each other's way.
    #[error("another backup of this data folder is under way")]
    UnderWay,
    /// There is nothing to back up.
    #[error("there is no event log {}; is --data right?", .0.display())]
    NoLog(PathBuf),
    /// The log is in a database, which has better ways than files.
    #[error(
        "the event log is in Postgres ({0}), and a backup is of files: take one with pg_dump or with continuous archiving, or copy the log into a file with `cinelog log copy --from URL --to sqlite:backup.db`"
    )]
    OnPostgres(ServerUrl),
    /// The log is in an event store.
    #[error(
        "the event log is in KurrentDB ({0}), and a backup is of files: take one as KurrentDB's manual says, or copy the log into a file with `cinelog log copy --from URL --to sqlite:backup.db`"
    )]
    OnKurrentDb(ServerUrl),
    /// A server has made a key, and it is not where it belongs.
    #[error(
        "the key {} is missing, which the server has made; put it back, or start the server, which makes a new one",
        .0.display()
    )]
    NoKey(PathBuf),
    /// The generations of the read model cannot be told.
    #[error(transparent)]
    Generation(#[from] projector::GenerationError),
    /// The archive is something else.
    #[error("this is not a backup of Cinelog: {0}")]
    NotABackup(String),
    /// The archive was made by a Cinelog that knows more.
    #[error(
        "this backup is of format {found}, made by Cinelog {cinelog}; this Cinelog knows formats up to {FORMAT}"
    )]
    NewerFormat {
        /// Its format.
        found: u64,
        /// What made it.
        cinelog: String,
    },
    /// The archive is not what its manifest says, or the log in it not what it was.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// The data folder is in use.
    #[error(
        "there is a history already: {}; a backup is restored into a folder without one (choose another with --data, or move these away)",
        list(.0)
    )]
    Occupied(Vec<PathBuf>),
    /// Putting the backup's key there would void what the other key has signed.
    #[error("{} is there already and is another key than the backup's; move it away first", .0.display())]
    OtherKey(PathBuf),
    /// Accounts cannot be read.
    #[error(transparent)]
    Identity(#[from] identity::store::StoreError),
    /// A log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What went wrong with a file or folder.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    move |source| BackupError::Io { path: path.to_path_buf(), source }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
