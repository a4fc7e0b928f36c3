//! Making a backup: a copy of the log at one moment, checked event by event, and one of the accounts a moment
//! later, in an archive that is read back before it gets its name.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use event_log::{
    EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use identity::store::SqliteIdentity;
use jiff::Timestamp;

use super::{
    Places, archive,
    error::{BackupError, at},
    examine::{self, History},
    manifest::{FORMAT, Manifest, Member, MemberName},
    progress,
    scratch::{self, Scratch},
};

/// What a backup came to.
#[derive(Debug)]
pub(crate) struct Made {
    /// How many events it holds.
    pub(crate) events: u64,
    /// The position of the last one.
    pub(crate) position: events::Position,
    /// The length of the archive.
    pub(crate) bytes: u64,
    /// Whether it holds accounts.
    pub(crate) has_accounts: bool,
}

/// Copies at rest of what is in use.
struct Copies {
    log: PathBuf,
    identity: PathBuf,
}

/// Backs up `places`, beside whatever else works on them, to the new archive `file`. All that was
/// acknowledged before is in it. One that is there already is replaced where `replace` says so, and
/// stays until the new one is whole and checked.
pub(crate) async fn make(
    places: &Places,
    file: &Path,
    replace: bool,
    now: Timestamp,
) -> Result<Made, BackupError> {
    places.refuse_own(file)?;
    refuse_existing(file, replace)?;
    let log = places.log();
    if !log.is_file() {
        return Err(BackupError::NoLog(log.to_path_buf()));
    }
    places.refuse_missing_keys()?;
    let _lock = lock(&places.lock)?;
    let scratch = Scratch::beside(file)?;
    let [copy, identity] =
        [MemberName::Log, MemberName::Identity].map(|m| scratch.file(m.as_str()));
    let copies = Copies { log: copy, identity };
    let archive = scratch.file("archive");

    let history = copy_log(log, &copies.log).await?;
    // After the log: whoever acts in it has an account then.
    let has_accounts = copy_accounts(places, &copies.identity).await?;
    let manifest = Manifest {
        format: FORMAT,
        cinelog: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now,
        position: history.position,
        digest: history.digest,
        members: members(places, &copies)?,
    };
    let bytes = write(&archive, &manifest, places, &copies)?;
    read_back(&archive, &manifest, bytes)?;
    places.refuse_own(file)?;
    refuse_existing(file, replace)?;
    scratch::put(&archive, file)?;
    let (events, position) = (history.digest.count, history.position);
    Ok(Made { events, position, bytes, has_accounts })
}

fn refuse_existing(file: &Path, replace: bool) -> Result<(), BackupError> {
    match file.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(file)(error)),
        Ok(there) if !there.is_file() => Err(BackupError::NotAFile(file.to_path_buf())),
        Ok(_) if !replace => Err(BackupError::Exists(file.to_path_buf())),
        Ok(_) => Ok(()),
    }
}

/// Keeps other backups of this folder out for as long as it lives, also when the process is killed.
/// The file stays: to remove it would let two in.
fn lock(path: &Path) -> Result<File, BackupError> {
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(path).map_err(at(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BackupError::UnderWay),
        Err(TryLockError::Error(error)) => Err(at(path)(error)),
    }
}

/// Copies the log and checks that the copy tells the log's own story.
async fn copy_log(log: &Path, copy: &Path) -> Result<History, BackupError> {
    let progress = progress::of_unknown_length("Copying the event log");
    let copied = SqliteLog::snapshot(log, copy).await;
    progress.finish_and_clear();
    copied?;
    let history = examine::history(copy).await?;
    let original = SqliteLog::open_reader(SqliteLogOptions::at(log)).await?;
    let digest = original.digest(history.position).await;
    original.close().await;
    let digest = digest?;
    if digest != history.digest {
        let (ours, copied) = (digest, history.digest);
        let what = format!("the log's own digest is {ours}, that of the copied events is {copied}");
        return Err(BackupError::Damaged(what));
    }
    Ok(history)
}

/// Copies the accounts, where they are in a file and there are any; gives whether.
async fn copy_accounts(places: &Places, copy: &Path) -> Result<bool, BackupError> {
    let Some(store) = places.identity().filter(|store| store.is_file()) else { return Ok(false) };
    SqliteIdentity::snapshot(store, copy).await?;
    SqliteIdentity::check(copy).await?;
    Ok(true)
}

/// What the archive will hold. A key that has never been used is not there, nor are accounts where there are
/// none.
fn members(places: &Places, copies: &Copies) -> Result<Vec<Member>, BackupError> {
    let mut members = Vec::new();
    let all =
        [MemberName::SigningKey, MemberName::CursorKey, MemberName::Identity, MemberName::Log];
    for name in all {
        let path = source(name, places, copies);
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && name != MemberName::Log => {
                continue;
            }
            file => file.map_err(at(path))?,
        };
        let (bytes, sha256) = archive::measure(file).map_err(at(path))?;
        members.push(Member { name, bytes, sha256 });
    }
    Ok(members)
}

fn source<'a>(name: MemberName, places: &'a Places, copies: &'a Copies) -> &'a Path {
    match name {
        MemberName::Log => &copies.log,
        MemberName::Identity => &copies.identity,
        MemberName::SigningKey => places.signing_key(),
        MemberName::CursorKey => places.cursor_key(),
    }
}

/// Writes the archive to the disk; gives its length.
fn write(
    archive: &Path,
    manifest: &Manifest,
    places: &Places,
    copies: &Copies,
) -> Result<u64, BackupError> {
    let bytes = manifest.members.iter().map(|member| member.bytes).sum();
    let progress = progress::of_bytes("Writing the archive", bytes);
    let mut file = scratch::create(archive)?;
    archive::write(&mut file, manifest, |name| {
        File::open(source(name, places, copies)).map(|file| progress.wrap_read(file))
    })
    .and_then(|()| file.sync_all())
    .map_err(at(archive))?;
    progress.finish_and_clear();
    file.metadata().map(|metadata| metadata.len()).map_err(at(archive))
}

/// Reads the archive as a restore would.
fn read_back(archive: &Path, manifest: &Manifest, bytes: u64) -> Result<(), BackupError> {
    let progress = progress::of_bytes("Reading it back", bytes);
    let file = File::open(archive).map_err(at(archive))?;
    let read = archive::read(progress.wrap_read(file), |_, member| {
        io::copy(member, &mut io::sink()).map(drop).map_err(at(archive))
    })?;
    progress.finish_and_clear();
    match read == *manifest {
        true => Ok(()),
        false => Err(BackupError::Damaged("its manifest is not what was written".to_owned())),
    }
}
