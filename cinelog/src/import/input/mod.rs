//! Where records come from: files and standard input, packed or not, in whatever encoding.
//!
//! What comes out is text that ought to be UTF-8, though nobody has checked that yet. It knows nothing
//! of formats and films.

mod encoding;
mod lines;
mod measured;

use std::{
    fmt,
    fs::{File, Metadata},
    io::{self, BufRead, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
};

use encoding_rs::Encoding;
use flate2::bufread::MultiGzDecoder;

use self::{
    encoding::decoded,
    measured::{Damaged, Measured},
};

pub(crate) use self::lines::{LINE_BYTES_MAX, Line, Lines, is_damage};

/// How much of a file's beginning is looked at to know what it is, in bytes of text.
const HEAD_BYTES_MAX: u64 = 64 << 10;

/// How much is read from the system at a time.
const BUFFER_BYTES: usize = 128 << 10;

/// What archives and other packings begin with; only gzip is unpacked here.
const OTHER_PACKINGS: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"\xfd7zXZ\x00", "packed with xz"),
    (b"BZh", "packed with bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
];

/// What was named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input, `-`.
    Stdin,
    /// A text that the binary carries.
    Text {
        /// What it is called.
        name: &'static str,
        /// All of it.
        text: &'static str,
    },
}

impl Source {
    /// A source as it was typed.
    pub(crate) fn named(path: &Path) -> Self {
        if path == Path::new("-") { Self::Stdin } else { Self::File(path.to_path_buf()) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
            Self::Text { name, .. } => f.write_str(name),
        }
    }
}

/// A source that has been opened, and the beginning of its text.
pub(crate) struct Input {
    pub(crate) source: Source,
    /// The beginning, at most [`HEAD_BYTES_MAX`].
    pub(crate) head: Vec<u8>,
    /// How much of the source has been read, in bytes as they are stored.
    pub(crate) read: Arc<AtomicU64>,
    /// How large the source is, where that can be known.
    pub(crate) size: Option<u64>,
    rest: Box<dyn Read + Send>,
}

impl Input {
    /// Opens `source`, unpacks it where it is packed with gzip, and decodes it.
    ///
    /// # Errors
    /// A sentence, where it cannot be read at all.
    pub(crate) fn open(
        source: Source,
        encoding: Option<&'static Encoding>,
    ) -> Result<Self, String> {
        let unreadable = |error: io::Error| format!("{source} cannot be read: {error}");
        let (raw, size): (Box<dyn Read + Send>, _) = match &source {
            Source::File(path) => {
                let file = File::open(path).map_err(unreadable)?;
                let metadata = file.metadata().map_err(unreadable)?;
                if metadata.is_dir() {
                    return Err(format!("{source} is a folder"));
                }
                (Box::new(file), size(&metadata))
            }
            Source::Stdin => (Box::new(io::stdin()), None),
            Source::Text { text, .. } => (Box::new(text.as_bytes()), Some(text.len() as u64)),
        };
        let read = Arc::new(AtomicU64::new(0));
        let raw = Measured::new(raw, Arc::clone(&read));
        let unpacked = unpack(BufReader::with_capacity(BUFFER_BYTES, raw))
            .map_err(unreadable)?
            .map_err(|what| format!("{source} is {what}: unpack it first, or use gzip"))?;
        let mut rest = decoded(unpacked, encoding).map_err(unreadable)?;
        let mut head = Vec::new();
        match (&mut rest).take(HEAD_BYTES_MAX).read_to_end(&mut head) {
            Ok(_) => {}
            // Told where the records before it have been read.
            Err(error) if is_damage(&error) => rest = Box::new(Damaged(error)),
            Err(error) => return Err(unreadable(error)),
        }
        Ok(Self { source, head, read, size, rest })
    }

    /// All of the text, from its beginning.
    pub(crate) fn text(self) -> Box<dyn BufRead + Send> {
        let whole = Cursor::new(self.head).chain(self.rest);
        Box::new(BufReader::with_capacity(BUFFER_BYTES, whole))
    }
}

/// How large a regular file is. Pipes and devices do not say.
fn size(metadata: &Metadata) -> Option<u64> {
    metadata.is_file().then_some(metadata.len())
}

/// The bytes that are packed in `raw`, or what it is that cannot be unpacked.
fn unpack(
    mut raw: impl BufRead + Send + 'static,
) -> io::Result<Result<Box<dyn BufRead + Send>, &'static str>> {
    let start = raw.fill_buf()?;
    if start.starts_with(b"\x1f\x8b") {
        let unpacked = MultiGzDecoder::new(raw);
        return Ok(Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, unpacked))));
    }
    match OTHER_PACKINGS.iter().find(|(magic, _)| start.starts_with(magic)) {
        Some((_, what)) => Ok(Err(what)),
        None => Ok(Ok(Box::new(raw))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn open(bytes: &[u8]) -> Result<String, String> {
        let file = file(bytes);
        let input = Input::open(Source::named(file.path()), None)?;
        let mut text = String::new();
        input.text().read_to_string(&mut text).map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_known_by_its_first_bytes_and_may_have_several_members() {
        let text = "a film a line\n".repeat(20_000);
        let mut bytes = packed(&text);
        bytes.extend(packed("and more"));
        assert_eq!(open(&bytes).unwrap(), text + "and more");
    }

    #[test]
    fn what_breaks_off_is_read_up_to_there_and_then_said_to_be_damaged() {
        let bytes = packed(&"a film a line\n".repeat(100));
        let error = open(&bytes[..bytes.len() - 6]).unwrap_err();
        assert!(error.contains("end of file"), "{error}");
        let file = file(&bytes[..bytes.len() - 6]);
        let input = Input::open(Source::named(file.path()), None).unwrap();
        assert!(input.head.starts_with(b"a film a line"));
    }

    #[test]
    fn other_packings_are_named() {
        assert!(open(b"PK\x03\x04rest").unwrap_err().contains("a ZIP archive"));
        assert!(open(b"\x28\xb5\x2f\xfd").unwrap_err().contains("zstd"));
    }

    #[test]
    fn byte_order_marks_are_no_part_of_the_text() {
        assert_eq!(open(b"\xef\xbb\xbfRan").unwrap(), "Ran");
        assert_eq!(open(b"\xff\xfeR\0a\0n\0").unwrap(), "Ran");
        assert_eq!(open(b"\xfe\xff\0R\0a\0n").unwrap(), "Ran");
        assert_eq!(open(b"").unwrap(), "");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let gone = Source::named(Path::new("/nowhere/films.csv"));
        let error = Input::open(gone, None).map(|_| ()).unwrap_err();
        assert!(error.contains("/nowhere/films.csv cannot be read"), "{error}");
    }
}
