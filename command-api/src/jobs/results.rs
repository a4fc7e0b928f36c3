//! The results of a job, written as they come, and gone on with where they end.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::PathBuf,
    time::Duration,
};

use bytes::BytesMut;
use serde::Deserialize;
use tokio::{io::AsyncWriteExt, time::Instant};

use super::{
    folder::{blocking, sync_folder},
    record::Progress,
};
use crate::bulk::LineResult;

/// How long what was written may not be on disk yet.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// The file that results are written to.
pub(super) struct Results {
    file: tokio::fs::File,
    /// What is not written yet.
    buffer: BytesMut,
    /// When what was written has to be on disk, where it is not yet.
    sync_at: Option<Instant>,
    written: Written,
}

/// What the file holds, and the buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// The last line that has a result.
    pub(super) line: u64,
    succeeded: u64,
    refused: u64,
    pub(super) bytes: u64,
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
            let mut file = options.open(&path)?;
            path.parent().map_or(Ok(()), sync_folder)?;
            let written = read(&file)?;
            file.set_len(written.bytes)?;
            file.seek(SeekFrom::End(0))?;
            Ok((file, written))
        })
        .await?;
        let file = tokio::fs::File::from_std(file);
        Ok(Self { file, buffer: BytesMut::new(), sync_at: None, written })
    }

    pub(super) fn written(&self) -> Written {
        self.written
    }

    /// Takes a result, which is written with the next [`Self::write`]; but not where there is no room for
    /// as many bytes as `claim` is asked for.
    pub(super) fn push(
        &mut self,
        result: &LineResult,
        claim: impl FnOnce(u64) -> bool,
    ) -> io::Result<()> {
        let before = self.buffer.len();
        result.write_to(&mut self.buffer)?;
        match claim((self.buffer.len() - before) as u64) {
            true => self.written.count(result.line(), result.is_success()),
            false => self.buffer.truncate(before),
        }
        Ok(())
    }

    /// How many bytes the results have, those that are not written yet among them.
    pub(super) fn bytes(&self) -> u64 {
        self.written.bytes + self.buffer.len() as u64
    }

    /// How much is not written yet, in bytes.
    pub(super) fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Writes what was taken. What has been written for a while is then on disk.
    pub(super) async fn write(&mut self) -> io::Result<()> {
        let bytes = self.buffer.len() as u64;
        self.file.write_all_buf(&mut self.buffer).await?;
        self.file.flush().await?;
        self.written.bytes += bytes;
        let sync_at = *self.sync_at.get_or_insert_with(|| Instant::now() + SYNC_EVERY);
        if sync_at <= Instant::now() { self.sync().await } else { Ok(()) }
    }

    /// Waits until it is time for [`Self::sync`], for ever where all is on disk.
    pub(super) async fn sync_due(&self) {
        match self.sync_at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// Waits until what was written is on disk.
    pub(super) async fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all().await?;
        self.sync_at = None;
        Ok(())
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
