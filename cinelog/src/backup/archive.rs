//! The archive: a plain tar of regular files, the manifest first. It is read strictly: what is not as
//! the manifest says is refused, and nothing in it chooses a path.

use std::io::{self, BufWriter, Read, Write};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    error::BackupError,
    manifest::{Manifest, Member, MemberName},
};

/// How much is read or written at a time, in bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// Writes an archive: the manifest, then each member from its reader.
pub(super) fn write<R: Read>(
    to: impl Write,
    manifest: &Manifest,
    mut open: impl FnMut(MemberName) -> io::Result<R>,
) -> io::Result<()> {
    let mut archive = tar::Builder::new(BufWriter::with_capacity(CHUNK_BYTES, to));
    let mut json = serde_json::to_vec_pretty(manifest)?;
    json.push(b'\n');
    let head = header(Manifest::NAME, json.len() as u64, manifest.made_at)?;
    archive.append(&head, json.as_slice())?;
    for member in &manifest.members {
        let head = header(member.name.as_str(), member.bytes, manifest.made_at)?;
        archive.append(&head, open(member.name)?.take(member.bytes))?;
    }
    archive.into_inner()?.flush()
}

fn header(name: &str, bytes: u64, at: Timestamp) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(bytes);
    header.set_mtime(u64::try_from(at.as_second()).unwrap_or(0));
    header.set_cksum();
    Ok(header)
}

/// Reads an archive to its end and checks every byte. Each member is handed to `take`, which may read
/// it as far as it likes; its hash is compared after that.
///
/// # Errors
/// What is wrong with the archive, and what `take` fails with. What was taken is worth nothing then.
pub(super) fn read(
    from: impl Read,
    mut take: impl FnMut(MemberName, &mut dyn Read) -> Result<(), BackupError>,
) -> Result<Manifest, BackupError> {
    let mut archive = tar::Archive::new(io::BufReader::with_capacity(CHUNK_BYTES, from));
    // Raw: no extension of tar is understood, none can rename a member or make it larger.
    let mut entries = archive.entries().map_err(not_a_backup)?.raw(true);
    let manifest = {
        let entry = entries.next().transpose().map_err(not_a_backup)?;
        let Some(mut entry) = entry.filter(|entry| is_file(entry, Manifest::NAME)) else {
            let what = format!("its first file is not {}", Manifest::NAME);
            return Err(BackupError::NotABackup(what));
        };
        let mut json = Vec::new();
        entry.by_ref().take(Manifest::BYTES_MAX).read_to_end(&mut json).map_err(broken)?;
        Manifest::parse(&json)?
    };
    for member in &manifest.members {
        let name = member.name.as_str();
        let entry = entries.next().transpose().map_err(broken)?;
        let Some(mut entry) = entry else {
            return Err(BackupError::Damaged(format!("{name} is missing")));
        };
        if !is_file(&entry, name) {
            return Err(BackupError::Damaged(format!("{name} is not where it should be")));
        }
        if entry.size() != member.bytes {
            return Err(BackupError::Damaged(format!("{name} has another length")));
        }
        let mut hashed = Hashed::new(&mut entry);
        take(member.name, &mut hashed)?;
        hashed.check(member)?;
    }
    match entries.next().transpose().map_err(broken)? {
        None => Ok(manifest),
        Some(_) => Err(BackupError::Damaged("it holds more than its manifest says".to_owned())),
    }
}

fn is_file<R: Read>(entry: &tar::Entry<'_, R>, name: &str) -> bool {
    entry.header().entry_type() == tar::EntryType::Regular
        && entry.path_bytes().as_ref() == name.as_bytes()
}

fn not_a_backup(error: io::Error) -> BackupError {
    BackupError::NotABackup(error.to_string())
}

fn broken(error: io::Error) -> BackupError {
    BackupError::Damaged(error.to_string())
}

/// The length and the SHA-256, in hexadecimal, of all that `from` gives.
pub(super) fn measure(from: impl Read) -> io::Result<(u64, String)> {
    let mut hashed = Hashed::new(from);
    let bytes = hashed.drain()?;
    Ok((bytes, hashed.hex()))
}

/// Hashes what is read through it.
struct Hashed<R> {
    from: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Hashed<R> {
    fn new(from: R) -> Self {
        Self { from, hash: Sha256::new(), bytes: 0 }
    }

    /// Reads what is left; gives how much it was altogether.
    fn drain(&mut self) -> io::Result<u64> {
        let mut chunk = vec![0; CHUNK_BYTES];
        while self.read(&mut chunk)? > 0 {}
        Ok(self.bytes)
    }

    fn hex(self) -> String {
        self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn check(mut self, member: &Member) -> Result<(), BackupError> {
        let name = member.name.as_str();
        if self.drain().map_err(broken)? < member.bytes {
            return Err(BackupError::Damaged(format!("it ends in the middle of {name}")));
        }
        match self.hex() == member.sha256 {
            true => Ok(()),
            false => Err(BackupError::Damaged(format!("{name} is not what was backed up"))),
        }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(into)?;
        self.hash.update(&into[..length]);
        self.bytes += length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
