//! Where the requests on a connection begin and end, and which of them cannot be read without doubt.
//!
//! hyper follows RFC 9112 where it may be lenient: a line may end in LF alone, `Content-Length` beside
//! `Transfer-Encoding` is dropped. What one server forgives another one before it reads differently, and a
//! request is smuggled in between (RFC 9112 section 11.2). So all of that is found here before hyper sees the
//! head, and refused. Of bodies only the end is looked for: hyper refuses those that are broken.
//!
//! Pure: knows bytes and no sockets.

use http_kit::Unreadable;

use super::request_line::{self, is_host_and_port, is_token, malformed};

/// The largest head of a request, in bytes, the address with it.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The most headers of a request; hyper's parser has room for so many.
const HEADERS_MAX: usize = 100;

/// The most digits of the size of a chunk: what a `u64` holds.
const CHUNK_DIGITS_MAX: u32 = 16;

/// Follows the bytes of a connection.
#[derive(Debug, Default)]
pub(super) struct Framing {
    at: At,
    head: Head,
}

/// What comes next.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The head of a request, or the rest of it.
    #[default]
    Head,
    /// So many bytes of a body.
    Body(u64),
    /// The size of a chunk, of which so much is known, by so many digits.
    ChunkSize(u64, u32),
    /// The rest of the line of a size, of which this byte was the last.
    ChunkLine(u64, u8),
    /// So many bytes of a chunk, the end of its line with them.
    Chunk(u64),
    /// Fields after the last chunk.
    Trailer(Trailer),
    /// Something that hyper will refuse.
    Lost,
}

/// Where in the fields after the last chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trailer {
    /// At the beginning of a line.
    Start,
    /// After the CR of the empty line that is the end.
    StartCr,
    /// In a field.
    Field,
    /// After its CR.
    FieldCr,
}

/// What is known of a head that is not there as a whole.
#[derive(Debug, Default)]
struct Head {
    /// How many of its bytes have been looked at.
    seen: usize,
    /// Where its last line begins.
    line: usize,
    /// How many lines are complete.
    lines: usize,
    facts: Facts,
}

/// What the complete lines of a head say.
#[derive(Debug, Default)]
struct Facts {
    is_http_10: bool,
    hosts: usize,
    length: Option<u64>,
    is_chunked: bool,
}

/// What there is among some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// So many of them are whole heads, and bodies.
    pub(super) whole: usize,
    /// How many heads end among them.
    pub(super) heads: u64,
    /// Why what follows cannot be read.
    pub(super) refused: Option<Unreadable>,
}

impl Framing {
    /// Whether a body is arriving.
    pub(super) fn is_in_body(&self) -> bool {
        self.at != At::Head
    }

    /// Looks at more bytes. Where they end within a head, they begin with it the next time again: what is not
    /// [whole](Found::whole) must be kept.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Found {
        let (mut whole, mut heads) = (0, 0);
        while whole < bytes.len() {
            let rest = &bytes[whole..];
            match self.at {
                At::Head => match self.head.read(rest) {
                    Ok(Some(length)) => {
                        let facts = std::mem::take(&mut self.head).facts;
                        self.at = facts.body();
                        whole += length;
                        heads += 1;
                    }
                    Ok(None) => break,
                    Err(why) => return Found { whole, heads, refused: Some(why) },
                },
                At::Body(left) => whole += self.pass(left, rest, At::Body, At::Head),
                At::Chunk(left) => whole += self.pass(left, rest, At::Chunk, At::ChunkSize(0, 0)),
                At::Lost => whole = bytes.len(),
                at => {
                    self.at = at.after(rest[0]);
                    whole += 1;
                }
            }
        }
        Found { whole, heads, refused: None }
    }

    /// Passes over bytes of a body; gives how many.
    fn pass(&mut self, left: u64, bytes: &[u8], more: fn(u64) -> At, end: At) -> usize {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - here as u64;
        self.at = if left == 0 { end } else { more(left) };
        here
    }
}

impl At {
    /// What comes after this byte of what stands around chunks.
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::ChunkSize(size, digits), byte) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                match digits < CHUNK_DIGITS_MAX {
                    true => Self::ChunkSize((size << 4) | u64::from(digit), digits + 1),
                    false => Self::Lost,
                }
            }
            (Self::ChunkSize(size, 1..), byte) => Self::ChunkLine(size, byte).ended(byte),
            (Self::ChunkLine(size, b'\r'), b'\n') => match size {
                0 => Self::Trailer(Trailer::Start),
                size => size.checked_add(2).map_or(Self::Lost, Self::Chunk),
            },
            (Self::ChunkLine(_, b'\r'), _) => Self::Lost,
            (Self::ChunkLine(size, _), byte) => Self::ChunkLine(size, byte).ended(byte),
            (Self::Trailer(Trailer::Start), b'\r') => Self::Trailer(Trailer::StartCr),
            (Self::Trailer(Trailer::StartCr), b'\n') => Self::Head,
            (Self::Trailer(Trailer::Field), b'\r') => Self::Trailer(Trailer::FieldCr),
            (Self::Trailer(Trailer::FieldCr), b'\n') => Self::Trailer(Trailer::Start),
            (Self::Trailer(Trailer::Start | Trailer::Field), _) => Self::Trailer(Trailer::Field),
            _ => Self::Lost,
        }
    }

    /// The line of a size ends in CR and LF, and in nothing else.
    fn ended(self, byte: u8) -> Self {
        if byte == b'\n' { Self::Lost } else { self }
    }
}

impl Head {
    /// The length of the head that these bytes begin with; `None` while it is not there as a whole.
    fn read(&mut self, bytes: &[u8]) -> Result<Option<usize>, Unreadable> {
        while let Some(end) = bytes[self.seen..].iter().position(|&byte| byte == b'\n') {
            let end = self.seen + end;
            let line = &bytes[self.line..end];
            if end >= HEAD_BYTES_MAX {
                return Err(self.too_large());
            }
            (self.seen, self.line) = (end + 1, end + 1);
            let Some(line) = line.strip_suffix(b"\r") else {
                return Err(malformed("A line ends in LF alone; each must end in CR and LF."));
            };
            match (self.lines, line) {
                // A client may have sent one line too many after the body before (RFC 9112 section 2.2).
                (0, []) if end == 1 => continue,
                (0, line) => self.facts.is_http_10 = request_line::read(line)?,
                (_, []) => return self.facts.check().map(|()| Some(end + 1)),
                (lines, _) if lines > HEADERS_MAX => return Err(Unreadable::HeadTooLarge),
                (_, line) => self.facts.field(line)?,
            }
            self.lines += 1;
        }
        self.seen = bytes.len();
        if self.seen > HEAD_BYTES_MAX { Err(self.too_large()) } else { Ok(None) }
    }

    fn too_large(&self) -> Unreadable {
        if self.lines == 0 { Unreadable::UriTooLong } else { Unreadable::HeadTooLarge }
    }
}

impl Facts {
    /// A header.
    fn field(&mut self, line: &[u8]) -> Result<(), Unreadable> {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Err(malformed("A header goes on in the next line, which is out of use."));
        }
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        if name.is_empty() || value.is_empty() || !name.iter().all(is_token) {
            return Err(malformed("A header is not a name, a colon and a value."));
        }
        let value = &value[1..];
        if value.iter().any(|&byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
            return Err(malformed("A header holds a character that no header may hold."));
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(value)?,
            14 if name.eq_ignore_ascii_case(b"content-length") => self.content_length(value)?,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.transfer_encoding(value)?
            }
            _ => {}
        }
        Ok(())
    }

    /// A client that has no name for the server sends an empty one.
    fn host(&mut self, value: &[u8]) -> Result<(), Unreadable> {
        let host = value.trim_ascii();
        if !host.is_empty() && !is_host_and_port(host) {
            return Err(malformed(
                "Host is neither a name nor an address, with or without a port.",
            ));
        }
        self.hosts += 1;
        Ok(())
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Unreadable> {
        if self.length.is_some() {
            return Err(malformed("Content-Length is there twice."));
        }
        let digits = value.trim_ascii();
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(digits).ok().filter(|_| is_number);
        self.length = text.and_then(|text| text.parse().ok());
        // hyper keeps the two largest numbers for itself.
        match self.length {
            Some(length) if length < u64::MAX - 1 => Ok(()),
            _ => Err(malformed("Content-Length is no number of bytes.")),
        }
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Unreadable> {
        if self.is_chunked || !value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            return Err(malformed("Transfer-Encoding can be `chunked`, once, and nothing else."));
        }
        self.is_chunked = true;
        Ok(())
    }

    /// What holds of a head as a whole.
    fn check(&self) -> Result<(), Unreadable> {
        if self.is_chunked && (self.length.is_some() || self.is_http_10) {
            return Err(malformed(
                "Transfer-Encoding stands beside Content-Length, or in a request of HTTP/1.0.",
            ));
        }
        if self.hosts > 1 || (self.hosts == 0 && !self.is_http_10) {
            return Err(malformed("Host must be there, once."));
        }
        Ok(())
    }

    /// What comes after the head.
    fn body(&self) -> At {
        match self.length {
            _ if self.is_chunked => At::ChunkSize(0, 0),
            Some(length @ 1..) => At::Body(length),
            _ => At::Head,
        }
    }
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
