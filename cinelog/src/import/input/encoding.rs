//! Text in other encodings, made UTF-8 as it is read.
//!
//! UTF-8 itself goes through as it is, broken or not: the records are checked one by one.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{is_damage, measured::Damaged};

/// How many bytes of UTF-8 are made at a time.
const CHUNK_BYTES: usize = 16 << 10;

/// Stands for what cannot be decoded: a byte that UTF-8 does not have, so that the record is refused.
const BROKEN: u8 = 0xff;

/// `input` as UTF-8. Without `encoding` a byte order mark says what it is, and without that it is
/// UTF-8.
///
/// # Errors
/// Where the first bytes cannot be read.
pub(super) fn decoded(
    mut input: Box<dyn BufRead + Send>,
    encoding: Option<&'static Encoding>,
) -> io::Result<Box<dyn Read + Send>> {
    let start = match input.fill_buf() {
        Ok(start) => start,
        // Told where the records would be read.
        Err(error) if is_damage(&error) => return Ok(Box::new(Damaged(error))),
        Err(error) => return Err(error),
    };
    let (marked, mark_bytes) = match start {
        [0xef, 0xbb, 0xbf, ..] => (Some(UTF_8), 3),
        [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
        _ => (None, 0),
    };
    input.consume(mark_bytes);
    let encoding = marked.or(encoding).unwrap_or(UTF_8);
    if encoding == UTF_8 {
        return Ok(Box::new(input));
    }
    let decoder = encoding.new_decoder_without_bom_handling();
    Ok(Box::new(Decoding { input, decoder, ready: Vec::new(), given: 0, ended: false }))
}

struct Decoding {
    input: Box<dyn BufRead + Send>,
    decoder: Decoder,
    /// Decoded, of which `given` bytes have been taken.
    ready: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Decoding {
    /// Decodes a chunk.
    fn decode(&mut self) -> io::Result<()> {
        let input = self.input.fill_buf()?;
        let is_last = input.is_empty();
        self.ready.resize(CHUNK_BYTES, 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.ready, is_last);
        self.ready.truncate(written);
        self.given = 0;
        self.input.consume(read);
        match result {
            DecoderResult::Malformed(..) => self.ready.push(BROKEN),
            DecoderResult::InputEmpty => self.ended = is_last,
            DecoderResult::OutputFull => {}
        }
        Ok(())
    }
}

impl Read for Decoding {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() && !self.ended {
            self.decode()?;
        }
        let rest = &self.ready[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1252;

    use super::*;

    fn decode(bytes: &'static [u8], encoding: Option<&'static Encoding>) -> Vec<u8> {
        let mut text = Vec::new();
        decoded(Box::new(bytes), encoding).unwrap().read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn an_encoding_that_was_named_is_decoded() {
        assert_eq!(decode(b"Am\xe9lie", Some(WINDOWS_1252)), "Amélie".as_bytes());
    }

    #[test]
    fn a_byte_order_mark_knows_better() {
        assert_eq!(decode(b"\xef\xbb\xbfAm\xc3\xa9lie", Some(WINDOWS_1252)), "Amélie".as_bytes());
    }

    #[test]
    fn what_cannot_be_decoded_does_not_become_utf_8() {
        // A high surrogate alone, and an odd byte at the end.
        let text = decode(b"\xff\xfea\0\x00\xd8b\0c", None);
        assert!(text.starts_with(b"a"), "{text:?}");
        assert!(std::str::from_utf8(&text).is_err(), "{text:?}");
    }

    #[test]
    fn long_texts_are_decoded_in_chunks() {
        let long: &'static [u8] = b"\xe9".repeat(3 * CHUNK_BYTES).leak();
        assert_eq!(decode(long, Some(WINDOWS_1252)), "é".repeat(3 * CHUNK_BYTES).as_bytes());
    }
}
