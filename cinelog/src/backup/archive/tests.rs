//! Archives that are whole, and many that are not.

use events::{Digest as EventsDigest, Position};

use super::*;

const KEY: &[u8] = b"a key";

fn log() -> Vec<u8> {
    (0..2000_u32).flat_map(u32::to_le_bytes).collect()
}

fn member(name: MemberName, content: &[u8]) -> Member {
    let (bytes, sha256) = measure(content).unwrap();
    Member { name, bytes, sha256 }
}

fn manifest() -> Manifest {
    Manifest {
        format: 1,
        cinelog: "0.1.0".to_owned(),
        made_at: Timestamp::UNIX_EPOCH,
        position: Position(3),
        digest: EventsDigest::EMPTY,
        members: vec![member(MemberName::SigningKey, KEY), member(MemberName::Log, &log())],
    }
}

fn content(name: MemberName) -> Vec<u8> {
    match name {
        MemberName::Log => log(),
        _ => KEY.to_vec(),
    }
}

fn archive() -> Vec<u8> {
    let mut archive = Vec::new();
    write(&mut archive, &manifest(), |name| Ok(io::Cursor::new(content(name)))).unwrap();
    archive
}

type Contents = Vec<(MemberName, Vec<u8>)>;

/// Reads everything, as a restore does.
fn read_all(archive: &[u8]) -> Result<(Manifest, Contents), String> {
    let mut members = Contents::new();
    let manifest = read(archive, |name, member| {
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        members.push((name, bytes));
        Ok(())
    });
    manifest.map(|manifest| (manifest, members)).map_err(|error| error.to_string())
}

/// An archive of the manifest and whatever follows.
fn with_members(manifest: &Manifest, members: &[(tar::Header, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let json = serde_json::to_vec(manifest).unwrap();
    let head = header(Manifest::NAME, json.len() as u64, manifest.made_at).unwrap();
    archive.append(&head, json.as_slice()).unwrap();
    for (header, content) in members {
        archive.append(header, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn head(name: &str, content: &[u8]) -> tar::Header {
    header(name, content.len() as u64, Timestamp::UNIX_EPOCH).unwrap()
}

#[test]
fn what_was_written_is_read() {
    let (read, members) = read_all(&archive()).unwrap();
    assert_eq!(read, manifest());
    assert_eq!(members, [(MemberName::SigningKey, KEY.to_vec()), (MemberName::Log, log())]);
}

#[test]
fn any_tar_can_list_it() {
    let archive = archive();
    let mut archive = tar::Archive::new(archive.as_slice());
    let names: Vec<_> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["manifest.json", "signing-key.pem", "log.db"]);
}

#[test]
fn an_archive_that_ends_anywhere_is_damaged() {
    let archive = archive();
    // The last two blocks are zeros, which say no more than that it ends.
    let needed = archive.len() - 1024;
    for length in (0..needed).step_by(97).chain([needed - 1]) {
        read_all(&archive[..length]).unwrap_err();
    }
    read_all(&archive[..needed]).unwrap();
}

#[test]
fn a_byte_that_changed_in_a_file_is_found() {
    let archive = archive();
    let at = |needle: &[u8]| archive.windows(needle.len()).position(|w| w == needle).unwrap();
    for at in [at(KEY), at(&log()[..100]), at(&log()[..100]) + log().len() - 1] {
        let mut changed = archive.clone();
        changed[at] ^= 1;
        let error = read_all(&changed).unwrap_err();
        assert!(error.contains("is not what was backed up"), "{error}");
    }
}

#[test]
fn what_is_no_archive_is_told() {
    for content in [&b""[..], b"not a tar", &[0; 4096], &[7; 4096]] {
        let error = read_all(content).unwrap_err();
        assert!(error.starts_with("this is not a backup of Cinelog"), "{error}");
    }
    let other = with_members(&manifest(), &[]);
    let renamed = String::from_utf8_lossy(&other).replacen("manifest.json", "manifest.yaml", 1);
    assert!(read_all(renamed.as_bytes()).unwrap_err().contains("not a backup"));
}

#[test]
fn files_that_are_missing_swapped_or_too_many_are_found() {
    let (key, log) = (KEY, log());
    let key_head = || head("signing-key.pem", key);
    let log_head = || head("log.db", &log);
    let read = |members: &[(tar::Header, &[u8])]| read_all(&with_members(&manifest(), members));
    read(&[(key_head(), key), (log_head(), &log)]).unwrap();
    assert!(read(&[(key_head(), key)]).unwrap_err().contains("log.db is missing"));
    let swapped = read(&[(log_head(), &log), (key_head(), key)]).unwrap_err();
    assert!(swapped.contains("signing-key.pem is not where it should be"), "{swapped}");
    let more = read(&[(key_head(), key), (log_head(), &log), (log_head(), &log)]).unwrap_err();
    assert!(more.contains("more than its manifest says"), "{more}");
}

#[test]
fn a_file_that_is_longer_than_the_manifest_says_is_not_unpacked() {
    let long = [KEY, b" and more"].concat();
    let archive = with_members(&manifest(), &[(head("signing-key.pem", &long), &long)]);
    let mut taken = 0;
    let error = read(archive.as_slice(), |_, _| {
        taken += 1;
        Ok(())
    });
    assert!(error.unwrap_err().to_string().contains("has another length"));
    assert_eq!(taken, 0);
}

#[test]
fn names_links_and_extensions_that_lead_elsewhere_are_refused() {
    let mut outside = head("signing-key.pem", KEY);
    outside.as_old_mut().name[..13].copy_from_slice(b"../../outside");
    outside.as_old_mut().name[13..].fill(0);
    outside.set_cksum();
    let mut headers = vec![outside];
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Directory,
        tar::EntryType::GNULongName,
        tar::EntryType::XHeader,
        tar::EntryType::GNUSparse,
    ] {
        let mut header = head("signing-key.pem", KEY);
        header.set_entry_type(kind);
        header.set_cksum();
        headers.push(header);
    }
    for header in headers {
        let archive = with_members(&manifest(), &[(header, KEY), (head("log.db", &log()), &log())]);
        let error = read_all(&archive).unwrap_err();
        assert!(error.contains("is not where it should be"), "{error}");
    }
}
