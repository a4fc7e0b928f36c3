//! Backups of real logs, restored and refused.

mod making;
mod restoring;

use std::{fs, path::PathBuf};

use event_log::{
    Append, EventLog, Expected,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{EventId, Metadata, NewEvent, Position, StreamName};
use jiff::Timestamp;
use serde_json::value::RawValue;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{config::Config, data_dir::DataDir};

/// A folder with room for data folders and archives.
struct Ground(TempDir);

impl Ground {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The places of a data folder, which is made.
    fn places(&self, data: &str) -> Places {
        Places::of(&Config::default(), &DataDir::open(&self.path(data)).unwrap()).unwrap()
    }

    async fn log(&self, data: &str) -> SqliteLog {
        DataDir::open(&self.path(data)).unwrap();
        let path = self.path(data).join("log.db");
        SqliteLog::open(SqliteLogOptions::at(path)).await.unwrap()
    }

    /// A data folder with keys and a log of three events, which is closed.
    async fn history(&self, data: &str) -> Places {
        let log = self.log(data).await;
        append(&log, 1..=3).await;
        log.close().await;
        let folder = DataDir::open(&self.path(data)).unwrap();
        folder.signing_keys().unwrap();
        folder.cursor_key().unwrap();
        self.places(data)
    }

    async fn make(&self, places: &Places, file: &str) -> Result<Made, BackupError> {
        make(places, &self.path(file), false, Timestamp::UNIX_EPOCH).await
    }

    /// The names in a folder.
    fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

async fn append(log: &SqliteLog, ids: std::ops::RangeInclusive<u128>) {
    for id in ids {
        let event = NewEvent {
            id: EventId(Uuid::from_u128(id)),
            event_type: "SomethingHappened".to_owned(),
            schema_version: 1,
            metadata: Metadata::at(Timestamp::UNIX_EPOCH),
            data: RawValue::from_string(format!("{{\"number\":{id}}}")).unwrap(),
        };
        let stream = StreamName::new("movie-1").unwrap();
        log.append(Append::new(stream, Expected::Any, vec![event])).await.unwrap();
    }
}
