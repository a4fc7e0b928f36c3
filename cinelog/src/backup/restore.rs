//! Restoring a backup into a data folder without a history: all of it is checked before any of it gets
//! its place, and the log comes last.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
};

use identity::{store::SqliteIdentity, write_new_private_file};

use super::{
    Places, archive,
    error::{BackupError, at},
    examine::{self, History},
    manifest::{KEY_BYTES_MAX, Manifest, MemberName},
    progress,
    scratch::{self, Scratch},
};

/// What a restore came to.
#[derive(Debug)]
pub(crate) struct Restored {
    /// How many events there are.
    pub(crate) events: u64,
    /// The position of the last one.
    pub(crate) position: events::Position,
    /// The length of the archive.
    pub(crate) bytes: u64,
    /// When the backup was made.
    pub(crate) made_at: jiff::Timestamp,
    /// What became of accounts.
    pub(crate) accounts: Accounts,
}

/// What became of the accounts of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accounts {
    /// They are where they belong.
    Restored,
    /// They are in the archive, and the configuration has accounts on a server.
    LeftOut,
    /// There are none in the archive.
    None,
}

/// Reads an archive and checks that it is whole. Touches nothing else.
pub(crate) fn check(archive: &Path) -> Result<(), BackupError> {
    let checked = read(archive, "Checking the archive", |_, member| {
        io::copy(member, &mut io::sink()).map(drop).map_err(at(archive))
    });
    checked.map(drop)
}

/// Unpacks `archive`, checks every event, and puts the files in `places`, which nobody else
/// should use. Whatever has come there in spite of that is not replaced.
///
/// Cut short, it leaves a folder without a log, into which it can be done again.
pub(crate) async fn restore(archive: &Path, places: &Places) -> Result<Restored, BackupError> {
    places.refuse_occupied()?;
    let place = places.log();
    let scratch = Scratch::beside(place)?;
    let log = scratch.file(MemberName::Log.as_str());
    // Beside its own place: that may be on another disk.
    let identity =
        places.identity().map(|place| Scratch::beside(place).map(|scratch| (place, scratch)));
    let identity = identity.transpose()?;
    let identity = identity
        .as_ref()
        .map(|(place, scratch)| (*place, scratch.file(MemberName::Identity.as_str())));
    let mut accounts = Accounts::None;
    let mut keys = Vec::new();
    let (manifest, bytes) = read(archive, "Unpacking the archive", |name, member| {
        match name {
            MemberName::Log => unpack(member, &log)?,
            MemberName::Identity => match &identity {
                Some((_, file)) => {
                    unpack(member, file)?;
                    accounts = Accounts::Restored;
                }
                None => accounts = Accounts::LeftOut,
            },
            MemberName::SigningKey => {
                keys.push((places.signing_key(), in_memory(member).map_err(at(archive))?));
            }
            MemberName::CursorKey => {
                keys.push((places.cursor_key(), in_memory(member).map_err(at(archive))?));
            }
        }
        Ok(())
    })?;
    check_history(&manifest, &log).await?;
    let identity = identity.filter(|_| accounts == Accounts::Restored);
    if let Some((_, file)) = &identity {
        SqliteIdentity::check(file).await?;
    }
    // All of that took its time.
    places.refuse_occupied()?;
    for (place, key) in keys {
        put_key(&key, place)?;
    }
    if let Some((place, file)) = &identity {
        put_accounts(file, place)?;
    }
    scratch::put_new(&log, place)?;
    Ok(Restored {
        events: manifest.digest.count,
        position: manifest.position,
        bytes,
        made_at: manifest.made_at,
        accounts,
    })
}

/// Reads the archive, and gives its length too.
fn read(
    path: &Path,
    what: &'static str,
    take: impl FnMut(MemberName, &mut dyn Read) -> Result<(), BackupError>,
) -> Result<(Manifest, u64), BackupError> {
    let file = File::open(path).map_err(at(path))?;
    let metadata = file.metadata().map_err(at(path))?;
    if !metadata.is_file() {
        return Err(BackupError::NotABackup("it is no file".to_owned()));
    }
    let progress = progress::of_bytes(what, metadata.len());
    let manifest = archive::read(progress.wrap_read(file), take);
    progress.finish_and_clear();
    Ok((manifest?, metadata.len()))
}

/// Writes a member to the disk.
fn unpack(member: &mut dyn Read, path: &Path) -> Result<(), BackupError> {
    let mut file = scratch::create(path)?;
    io::copy(member, &mut file).and_then(|_| file.sync_all()).map_err(at(path))
}

fn in_memory(member: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    member.take(KEY_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes sure that the log holds the history that was backed up.
async fn check_history(manifest: &Manifest, log: &Path) -> Result<(), BackupError> {
    let promised = History { position: manifest.position, digest: manifest.digest };
    let found = examine::history(log).await?;
    if found == promised {
        return Ok(());
    }
    Err(BackupError::Damaged(format!(
        "its log holds {} up to position {}, its manifest says {} up to {}",
        found.digest, found.position, promised.digest, promised.position
    )))
}

/// Puts a key in its place, unless the same one is there, from a restore that was cut short.
fn put_key(key: &[u8], place: &Path) -> Result<(), BackupError> {
    match fs::read(place) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            write_new_private_file(place, key).map_err(at(place))
        }
        Err(error) => Err(at(place)(error)),
        Ok(there) if there == key => Ok(()),
        Ok(_) => Err(BackupError::OtherKey(place.to_path_buf())),
    }
}

/// Puts accounts in their place, unless the same ones are there, from a restore that was cut short.
fn put_accounts(file: &Path, place: &Path) -> Result<(), BackupError> {
    let measure = |path: &Path| File::open(path).and_then(archive::measure).map_err(at(path));
    match place.try_exists() {
        Err(error) => Err(at(place)(error)),
        Ok(false) => scratch::put_new(file, place),
        Ok(true) if measure(file)? == measure(place)? => Ok(()),
        Ok(true) => Err(BackupError::Occupied(vec![place.to_path_buf()])),
    }
}
