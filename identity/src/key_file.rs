//! The file that private keys are kept in.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{
    DatedKey, InvalidKey, read_keys, replace_private_file, write_keys, write_new_private_file,
};

/// No key file is longer, in bytes; a key has about 250.
const KEY_FILE_BYTES_MAX: u64 = 16 * 1024;

/// Why a key cannot be kept, found or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such file.
    #[error(
        "there is no key file {}; `openssl genpkey -algorithm ed25519 -out FILE` makes one, and chmod 600",
        path.display()
    )]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A key is there already; it is never overwritten, since that would void every token.
    #[error("there is a key file {} already", path.display())]
    AlreadyExists {
        /// Where it is.
        path: PathBuf,
    },
    /// Everyone on this machine can read or change the file.
    #[error("the key file {} is open to everyone (mode {mode:04o}): chmod 600 it", path.display())]
    TooOpen {
        /// Where it is.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("{} is not an Ed25519 private key in PKCS#8 PEM", path.display())]
    NotAKey {
        /// Where it is.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("the key file {} cannot be used: {source}", path.display())]
    Io {
        /// Where it is.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Reads the keys kept in `path`.
///
/// # Errors
/// Every [`KeyError`] but [`KeyError::AlreadyExists`].
pub fn load_keys(path: &Path) -> Result<Vec<DatedKey>, KeyError> {
    let failed = |source| io_error(path, source);
    let file = File::open(path).map_err(failed)?;
    refuse_open_to_everyone(path, &file)?;
    let mut bytes = Vec::new();
    file.take(KEY_FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    let not_a_key = || KeyError::NotAKey { path: path.to_owned() };
    let text = String::from_utf8(bytes).map_err(|_| not_a_key())?;
    read_keys(&text).map_err(|InvalidKey| not_a_key())
}

/// Keeps keys in a new file that its owner alone can read (mode 0600), and returns once the file is on disk:
/// whole, or not at all. A file that is there already is left alone.
///
/// # Errors
/// [`KeyError::AlreadyExists`] and [`KeyError::Io`].
pub fn save_new_keys(path: &Path, keys: &[DatedKey]) -> Result<(), KeyError> {
    let text = write_keys(keys);
    write_new_private_file(path, text.as_bytes()).map_err(|source| io_error(path, source))
}

/// Puts keys in place of those that are kept in `path`. Whoever reads the file finds the old ones or the new
/// ones, whole. Only one process at a time may do so, or one of them is forgotten.
///
/// # Errors
/// [`KeyError::Io`].
pub fn replace_keys(path: &Path, keys: &[DatedKey]) -> Result<(), KeyError> {
    let text = write_keys(keys);
    replace_private_file(path, text.as_bytes()).map_err(|source| io_error(path, source))
}

fn io_error(path: &Path, source: io::Error) -> KeyError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => KeyError::NotFound { path },
        io::ErrorKind::AlreadyExists => KeyError::AlreadyExists { path },
        _ => KeyError::Io { path, source },
    }
}

#[cfg(unix)]
fn refuse_open_to_everyone(path: &Path, file: &File) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|source| io_error(path, source))?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(KeyError::TooOpen { path: path.to_owned(), mode: mode & 0o777 });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_open_to_everyone(_: &Path, _: &File) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyPair;

    fn key(number: u8) -> DatedKey {
        KeyPair::from_seed(&[number; 32]).unwrap().into()
    }

    fn kept_in(path: &Path) -> Vec<String> {
        let keys = load_keys(path).unwrap();
        keys.iter().map(|key| key.pair.public().id().to_owned()).collect()
    }

    fn id(number: u8) -> String {
        key(number).pair.public().id().to_owned()
    }

    #[test]
    fn a_kept_key_is_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        save_new_keys(&path, &[key(1)]).unwrap();
        assert_eq!(kept_in(&path), [id(1)]);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_kept_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        save_new_keys(&path, &[key(1)]).unwrap();
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = load_keys(&path).unwrap_err();
        assert!(matches!(error, KeyError::TooOpen { mode: 0o644, .. }));
        assert!(error.to_string().ends_with("is open to everyone (mode 0644): chmod 600 it"));
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        save_new_keys(&path, &[key(1)]).unwrap();
        let other = save_new_keys(&path, &[key(2)]);
        assert!(matches!(other, Err(KeyError::AlreadyExists { .. })));
        assert_eq!(kept_in(&path), [id(1)]);
    }

    #[test]
    fn keys_are_replaced_by_others_at_once_and_only_their_owner_can_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        save_new_keys(&path, &[key(1)]).unwrap();
        replace_keys(&path, &[key(1), key(2)]).unwrap();
        assert_eq!(kept_in(&path), [id(1), id(2)]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_file_a_bad_folder_and_other_contents_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        assert!(matches!(load_keys(&path), Err(KeyError::NotFound { .. })));
        assert!(matches!(
            load_keys(folder.path()),
            Err(KeyError::TooOpen { .. } | KeyError::Io { .. })
        ));
        let half = &key(1).pair.pem[..60];
        let rsa = "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n";
        for text in ["", "not a key", half, rsa] {
            std::fs::write(&path, text).unwrap();
            make_private(&path);
            let error = load_keys(&path).unwrap_err();
            assert!(matches!(error, KeyError::NotAKey { .. }), "{error}");
        }
    }

    fn make_private(path: &Path) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        #[cfg(not(unix))]
        let _ = path;
    }
}
