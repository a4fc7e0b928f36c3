//! Removing a database with the files beside it.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::names::with_suffix;
use crate::GenerationError;

/// What SQLite may have beside a file.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Removes a database and what SQLite has beside it.
pub(super) fn remove_database(path: &Path) -> Result<(), GenerationError> {
    // The file itself last: as long as it exists, the rest is found by its name.
    BESIDE.into_iter().chain([""]).try_for_each(|suffix| remove_file(with_suffix(path, suffix)))
}

/// Removes a file, if it exists.
pub(super) fn remove_file(path: PathBuf) -> Result<(), GenerationError> {
    match fs::remove_file(&path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(GenerationError::File { path, source })
        }
        _ => Ok(()),
    }
}
