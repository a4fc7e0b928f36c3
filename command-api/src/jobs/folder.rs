//! The files of jobs. What is said to be there is on disk.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use axum::BoxError;
use bytes::{Bytes, BytesMut};
use futures::{Stream, TryStreamExt, stream};
use tokio::io::{AsyncRead, AsyncReadExt};
use uuid::Uuid;

use super::record::Record;

/// A folder that has no name yet ends in this, and one that has none any more.
const NAMELESS: &str = "tmp";

/// How much of a file is read at a time.
const PIECE_BYTES: usize = 64 << 10;

/// The folder of all jobs.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Opens the folder, and reads what jobs there are; with each goes how many bytes its results have.
    pub(super) fn open(path: PathBuf) -> io::Result<(Self, Vec<(Record, u64)>)> {
        make_folder(&path)?;
        let mut records = Vec::new();
        for entry in fs::read_dir(&path)? {
            let job = entry?.path();
            if job.extension().is_some_and(|ending| ending == NAMELESS) {
                fs::remove_dir_all(&job)?;
                continue;
            }
            let read = fs::read(job.join("job.json")).map_err(BoxError::from);
            match read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(BoxError::from)) {
                Ok(record) => {
                    let results = fs::metadata(job.join("results.ndjson"));
                    records.push((record, results.map_or(0, |results| results.len())));
                }
                Err(error) => {
                    tracing::error!(path = %job.display(), %error, "a job cannot be read");
                }
            }
        }
        Ok((Self(path), records))
    }

    fn of(&self, id: Uuid) -> PathBuf {
        self.0.join(id.to_string())
    }

    pub(super) fn input(&self, id: Uuid) -> PathBuf {
        self.of(id).join("input.ndjson")
    }

    pub(super) fn results(&self, id: Uuid) -> PathBuf {
        self.of(id).join("results.ndjson")
    }

    /// Makes a folder without a name, for the input of a job to come.
    pub(super) async fn prepare(&self, id: Uuid) -> io::Result<Nameless> {
        let path = self.of(id).with_extension(NAMELESS);
        make_folder(&path)?;
        let input = tokio::fs::File::create(path.join("input.ndjson")).await?;
        Ok(Nameless { path, input })
    }

    /// Gives the job its name, once all of it is on disk.
    pub(super) async fn name(&self, job: Nameless, record: Record) -> io::Result<()> {
        job.input.sync_all().await?;
        let (all, name) = (self.0.clone(), self.of(record.id));
        blocking(move || {
            write_record(&job.path, &record)?;
            fs::rename(&job.path, &name)?;
            sync_folder(&all)
        })
        .await
    }

    /// Replaces what is known of a job.
    pub(super) async fn save(&self, record: Record) -> io::Result<()> {
        let job = self.of(record.id);
        blocking(move || write_record(&job, &record)).await
    }

    /// Removes a job: its name first, then its files. Goes on where it was broken off before.
    pub(super) async fn remove(&self, id: Uuid) -> io::Result<()> {
        let (name, nameless) = (self.of(id), self.of(id).with_extension(NAMELESS));
        blocking(move || {
            unless_gone(fs::rename(&name, &nameless))?;
            unless_gone(fs::remove_dir_all(&nameless))
        })
        .await
    }
}

/// What is not there needs no removing.
fn unless_gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// A job whose input is arriving. Its files go away with it unless they get a name.
pub(super) struct Nameless {
    path: PathBuf,
    pub(super) input: tokio::fs::File,
}

impl Drop for Nameless {
    fn drop(&mut self) {
        // Gone already where it has its name; what stays is removed at the next start.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// What a file or a part of one holds, piece by piece.
pub(crate) fn stream(
    file: impl AsyncRead + Send + Unpin,
) -> impl Stream<Item = Result<Bytes, BoxError>> {
    stream::try_unfold(file, |mut file| async move {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        let read = file.read_buf(&mut piece).await?;
        Ok((read > 0).then(|| (piece.freeze(), file)))
    })
    .map_err(|error: io::Error| BoxError::from(error))
}

/// Work on files that waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

fn write_record(job: &Path, record: &Record) -> io::Result<()> {
    let (path, new) = (job.join("job.json"), job.join("job.json.new"));
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec_pretty(record)?)?;
    file.sync_all()?;
    fs::rename(new, path)?;
    sync_folder(job)
}

/// A name survives a power cut only once its folder is on disk too.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
