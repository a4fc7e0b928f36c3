//! Files to be imported: any bytes, named as anything, must end in films and refusals.
//!
//! The importer lives in the binary, so its parser's sources are compiled in here. The first byte
//! chooses the file's name, which is one of the things that its format is guessed from.

#![no_main]
#![allow(
    dead_code,
    unused_imports,
    reason = "the sources under test are whole, only their parsers used"
)]

#[path = "../../cinelog/src/import"]
mod import {
    pub(crate) mod convert;
    pub(crate) mod format;
    pub(crate) mod imdb;
    pub(crate) mod input;
    pub(crate) mod mapping;
    pub(crate) mod opened;
    pub(crate) mod reader;
    pub(crate) mod row;
    pub(crate) mod settings;

    /// Reads a file to its end; gives how many records there were.
    pub(crate) fn read(path: &std::path::Path, settings: &settings::Settings) -> Option<usize> {
        let source = input::Source::named(path);
        let opened = opened::Opened::open(source, settings).ok()?;
        let (sender, mut pieces) = tokio::sync::mpsc::channel(PIECES_MAX);
        reader::read_all(opened, settings, false, &sender).ok()?;
        drop(sender);
        Some(std::iter::from_fn(|| pieces.try_recv().ok()).map(|piece| piece.len()).sum())
    }

    /// More pieces than an input can be.
    const PIECES_MAX: usize = 64;
}

use std::{fs, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// What has been said of the time, so that every run is the same.
const THIS_YEAR: i16 = 2026;

const NAMES: [&str; 6] = ["a.ndjson", "a.json", "a.csv", "a.tsv", "a.gz", "a"];

static FOLDER: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap());

fuzz_target!(|bytes: &[u8]| {
    let [which, bytes @ ..] = bytes else { return };
    let path = FOLDER.path().join(NAMES[usize::from(*which) % NAMES.len()]);
    fs::write(&path, bytes).unwrap();
    let settings = import::settings::Settings::usual(THIS_YEAR);
    let records = import::read(&path, &settings);
    assert_eq!(records, import::read(&path, &settings), "the same bytes are read the same");
});
