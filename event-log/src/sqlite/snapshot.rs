//! A copy of a log that is in use.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use super::{
    SqliteLogOptions,
    failure::{cannot_open, log_error},
};
use crate::LogError;

/// What stands behind the name of a copy that is not complete.
const PARTIAL: &str = "partial";

/// Copies the log at `path` into the new file `into`: all that is committed when the copy begins, and
/// nothing that comes later. Writers go on meanwhile. When this returns, the copy is on the disk; a
/// file of that name is never a part of one.
pub(super) async fn take(path: &Path, into: &Path) -> Result<(), LogError> {
    if into.exists() {
        return Err(unavailable(into, "it exists already"));
    }
    let partial = with_suffix(into);
    remove(&partial)?;
    let copied = copy(path, &partial).await;
    if copied.is_err() {
        // The reason why it failed says more than that this may fail too.
        remove(&partial).ok();
    }
    copied?;
    let (partial, into) = (partial, into.to_owned());
    tokio::task::spawn_blocking(move || publish(&partial, &into))
        .await
        .map_err(|error| LogError::Unavailable(error.to_string()))?
}

async fn copy(path: &Path, partial: &Path) -> Result<(), LogError> {
    let Some(name) = partial.to_str() else {
        return Err(unavailable(partial, "its name is not UTF-8"));
    };
    let options: SqliteConnectOptions = SqliteLogOptions::at(path).reader();
    let mut reader = options.connect().await.map_err(|error| cannot_open(path, error))?;
    let copied = sqlx::query("VACUUM INTO ?").bind(name.to_owned()).execute(&mut reader).await;
    reader.close().await.map_err(log_error)?;
    copied.map(drop).map_err(log_error)
}

/// Brings the copy to the disk, then gives it its name, and brings that to the disk too.
fn publish(partial: &Path, into: &Path) -> Result<(), LogError> {
    let failed = |error: std::io::Error| unavailable(into, &error.to_string());
    OpenOptions::new()
        .write(true)
        .open(partial)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(partial, into).map_err(failed)?;
    sync_folder_of(into).map_err(failed)
}

/// Makes the names in a file's folder durable.
pub(super) fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn with_suffix(into: &Path) -> PathBuf {
    let mut name = into.as_os_str().to_owned();
    name.push(".");
    name.push(PARTIAL);
    PathBuf::from(name)
}

fn remove(path: &Path) -> Result<(), LogError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(unavailable(path, &error.to_string()))
        }
        _ => Ok(()),
    }
}

fn unavailable(path: &Path, reason: &str) -> LogError {
    LogError::Unavailable(format!("cannot write {}: {reason}", path.display()))
}
