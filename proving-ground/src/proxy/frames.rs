//! Postgres messages in a stream of bytes: their kind and the beginning of their text.

/// How much of a message is kept to look at. The rest is counted only.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// A message: what kind it is, and its first bytes.
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) body: Vec<u8>,
}

/// Cuts a stream into messages, as bytes come in.
pub(super) struct Frames {
    /// Whether the next message is one of those at the start, which have no kind.
    pub(super) untyped: bool,
    header: Vec<u8>,
    body: Vec<u8>,
    missing: usize,
}

impl Frames {
    /// `untyped`: whether the first message has no kind.
    pub(super) fn new(untyped: bool) -> Self {
        Self { untyped, header: Vec::new(), body: Vec::new(), missing: 0 }
    }

    /// Takes bytes from the front of `bytes` up to the end of a message; gives it when it is whole.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        let header_length = if self.untyped { 4 } else { 5 };
        while self.header.len() < header_length {
            self.header.push(take(bytes, 1)?[0]);
            if self.header.len() == header_length {
                let length = &self.header[header_length - 4..];
                let length = u32::from_be_bytes(length.try_into().expect("four bytes"));
                // The length counts itself.
                self.missing = (length as usize).saturating_sub(4);
            }
        }
        let part = take(bytes, self.missing.min(bytes.len()))?;
        self.missing -= part.len();
        let room = KEPT_BYTES_MAX - self.body.len();
        self.body.extend_from_slice(&part[..part.len().min(room)]);
        if self.missing > 0 {
            return None;
        }
        let kind = if self.untyped { 0 } else { self.header[0] };
        self.header.clear();
        Some(Frame { kind, body: std::mem::take(&mut self.body) })
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

impl Frame {
    /// The texts that it begins with, each up to its zero byte. The last may be cut short.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.body.split(|byte| *byte == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_the_stream_is_cut() {
        let stream = b"\0\0\0\x08\0\x03\0\0Q\0\0\0\x0bCOMMIT\0S\0\0\0\x04";
        for size in 1..stream.len() {
            let mut frames = Frames::new(true);
            let mut found = Vec::new();
            for mut chunk in stream.chunks(size) {
                while let Some(frame) = frames.next(&mut chunk) {
                    frames.untyped = false;
                    found.push((frame.kind, frame.body));
                }
            }
            let expected =
                [(0, b"\0\x03\0\0".to_vec()), (b'Q', b"COMMIT\0".to_vec()), (b'S', vec![])];
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }
}
