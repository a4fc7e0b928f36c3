//! Secrets of the configuration: each is given there itself, or in a file of its own. Knows not what they are
//! for.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::{config::Secret, error::Failure};

/// No secret's file is larger, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 16 * 1024;

/// The secret that is given as `value`, or in `file` without the line ends after it. `None` where neither is
/// there. The one is set by `key`, such as `mail.password`, and the other by the same with `_file` after it.
///
/// # Errors
/// [`Failure::KeyFile`] where the file cannot be read, is empty, too large or no text, or its secret begins or ends
/// with white space. Nothing of it is shown.
pub(crate) fn secret(
    key: &str,
    value: &Secret,
    file: Option<&Path>,
) -> Result<Option<String>, Failure> {
    let unusable = |path: &Path, error| Failure::KeyFile {
        key: format!("{key}_file"),
        reason: format!("{}: {error}", path.display()),
    };
    match (value.reveal(), file) {
        (Some(value), _) => Ok(Some(value.to_owned())),
        (None, Some(path)) => in_file(path).map(Some).map_err(|error| unusable(path, error)),
        (None, None) => Ok(None),
    }
}

/// White space around a secret is nearly always a slip, and makes another secret of it that a server refuses without
/// saying why. Taken off, it would change a password that is meant so: that one can stand in the configuration.
fn in_file(path: &Path) -> io::Result<String> {
    let text = text(path, FILE_BYTES_MAX)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    match secret.trim() {
        "" => Err(io::Error::other("it is empty")),
        bare if bare.len() < secret.len() => Err(io::Error::other(
            "it begins or ends with white space (line ends after the secret are left out)",
        )),
        _ => Ok(secret.to_owned()),
    }
}

/// The text of a file that holds secrets. Of one that has no end, no more is read than `bytes_max`.
///
/// # Errors
/// Where it cannot be read, is larger, or is no text. Nothing of it is shown.
pub(crate) fn text(path: &Path, bytes_max: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if read as u64 > bytes_max {
        return Err(io::Error::other(format!("it has more than {bytes_max} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is no text"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn written(bytes: &[u8]) -> Result<Option<String>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let name = file.path().display().to_string();
        let read = secret("a.key", &Secret::default(), Some(file.path()));
        read.map_err(|error| error.to_string().replace(&name, "FILE"))
    }

    #[test]
    fn a_secret_is_what_stands_in_its_file_without_the_line_ends_after_it() {
        for (bytes, secret) in [("s3cret", "s3cret"), ("s3 cret\r\n\n", "s3 cret")] {
            assert_eq!(written(bytes.as_bytes()), Ok(Some(secret.to_owned())));
        }
        let largest = "x".repeat(FILE_BYTES_MAX as usize);
        assert_eq!(written(largest.as_bytes()), Ok(Some(largest)));
    }

    #[test]
    fn a_file_that_is_empty_or_too_large_or_no_text_is_refused_with_its_key_and_not_shown() {
        let too_large = "é".repeat(FILE_BYTES_MAX as usize / 2 + 1);
        for (bytes, said) in [
            (&b""[..], "it is empty"),
            (b" \t\r\n", "it is empty"),
            (too_large.as_bytes(), "it has more than 16384 bytes"),
            (b"s3cret\xff", "it is no text"),
        ] {
            assert_eq!(written(bytes), Err(format!("a.key_file: FILE: {said}")));
        }
    }

    #[test]
    fn white_space_before_or_after_a_secret_is_refused_and_said() {
        let said = "it begins or ends with white space (line ends after the secret are left out)";
        for bytes in
            [" s3cret", "s3cret ", "s3cret\t\n", "\ns3cret\n", "s3cret \r\n", "s3cret\n \n"]
        {
            assert_eq!(
                written(bytes.as_bytes()),
                Err(format!("a.key_file: FILE: {said}")),
                "{bytes:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_an_end_is_not_read_to_it() {
        assert!(text(Path::new("/dev/zero"), FILE_BYTES_MAX).is_err());
    }

    #[test]
    fn a_secret_of_the_configuration_itself_needs_no_file_and_none_is_none() {
        let given: Secret = serde_json::from_str("\"s3cret\"").unwrap();
        assert_eq!(secret("a.key", &given, None).unwrap().as_deref(), Some("s3cret"));
        assert_eq!(secret("a.key", &Secret::default(), None).unwrap(), None);
    }
}
