//! The results of a job, written as they come, and gone on with where they end.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::PathBuf,
};

use bytes::BytesMut;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::{folder::blocking, record::Progress};
use crate::bulk::LineResult;

/// The file that results are written to.
pub(super) struct Results {
    file: tokio::fs::File,
    /// What is not written yet.
    buffer: BytesMut,
    written: Written,
}

/// What the file holds, and the buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// The last line that has a result.
    pub(super) line: u64,
    succeeded: u64,
    refused: u64,
    bytes: u64,
}

/// As much of a result as is needed to go on after it.
#[derive(Deserialize)]
struct Seen {
    line: u64,
    status: u16,
}

impl Results {
    /// Opens the file, made where it is missing, and finds where to go on: after the last result that
    /// is whole. What follows that is cut off.
    pub(super) async fn resume(path: PathBuf) -> io::Result<Self> {
        let (file, written) = blocking(move || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let mut file = options.open(path)?;
            let written = read(&file)?;
            file.set_len(written.bytes)?;
            file.seek(SeekFrom::End(0))?;
            Ok((file, written))
        })
        .await?;
        let file = tokio::fs::File::from_std(file);
        Ok(Self { file, buffer: BytesMut::new(), written })
    }

    pub(super) fn written(&self) -> Written {
        self.written
    }

    /// Takes a result, which is written with the next [`Self::write`].
    pub(super) fn push(&mut self, result: &LineResult) -> io::Result<()> {
        result.write_to(&mut self.buffer)?;
        self.written.count(result.line(), result.is_success());
        Ok(())
    }

    /// How much is not written yet, in bytes.
    pub(super) fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Writes what was taken.
    pub(super) async fn write(&mut self) -> io::Result<()> {
        let bytes = self.buffer.len() as u64;
        self.file.write_all_buf(&mut self.buffer).await?;
        self.file.flush().await?;
        self.written.bytes += bytes;
        Ok(())
    }

    /// Waits until what was written is on disk.
    pub(super) async fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all().await
    }
}

impl Written {
    fn count(&mut self, line: u64, is_success: bool) {
        self.line = line;
        let counter = if is_success { &mut self.succeeded } else { &mut self.refused };
        *counter += 1;
    }

    /// As part of a job's progress.
    pub(super) fn note(&self, progress: &mut Progress) {
        progress.succeeded = self.succeeded;
        progress.refused = self.refused;
        progress.results_bytes = self.bytes;
    }
}

/// Reads results up to the last that is whole.
fn read(file: &File) -> io::Result<Written> {
    let mut reader = BufReader::new(file);
    let (mut written, mut line) = (Written::default(), Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        let seen = serde_json::from_slice::<Seen>(&line)
            .ok()
            .filter(|seen| line.last() == Some(&b'\n') && seen.line > written.line);
        let Some(Seen { line, status }) = seen else { return Ok(written) };
        written.count(line, status < 400);
        written.bytes += length as u64;
    }
}
