//! Lines, however long they are, in bounded memory.

use std::io::{self, BufRead, ErrorKind};

/// The longest line that is read, in bytes; also the largest record of several lines.
pub(crate) const LINE_BYTES_MAX: usize = 1 << 20;

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// The text; only the first [`LINE_BYTES_MAX`] bytes where it is longer.
    pub(crate) bytes: Vec<u8>,
    /// What keeps it from being read whole.
    pub(crate) fault: Option<String>,
}

/// Reads lines that end with LF, CR LF, or, in a text that has no LF at its beginning, CR.
pub(crate) struct Lines<R> {
    input: R,
    end: u8,
    number: u64,
    is_over: bool,
}

/// Whether the error says that what is packed is broken, rather than that it cannot be got at.
pub(crate) fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput
    )
}

impl<R: BufRead> Lines<R> {
    /// The lines of `input`, which begins with `head`.
    pub(crate) fn new(input: R, head: &[u8]) -> Self {
        let has = |byte| head.contains(&byte);
        let end = if has(b'\r') && !has(b'\n') { b'\r' } else { b'\n' };
        Self { input, end, number: 0, is_over: false }
    }

    /// The next line. After one that the input breaks off in there is none.
    ///
    /// # Errors
    /// Where the input cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        if self.is_over {
            return Ok(None);
        }
        let mut line = Line { number: self.number + 1, bytes: Vec::new(), fault: None };
        match self.fill(&mut line) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) if is_damage(&error) => {
                line.fault = Some(format!("the file breaks off here: {error}"));
                self.is_over = true;
            }
            Err(error) => return Err(error),
        }
        self.number += 1;
        if line.bytes.last() == Some(&b'\r') {
            line.bytes.pop();
        }
        Ok(Some(line))
    }

    /// Reads up to the end of the line; gives how many bytes that were.
    fn fill(&mut self, line: &mut Line) -> io::Result<u64> {
        let mut count = 0;
        loop {
            let read = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read.is_empty() {
                return Ok(count);
            }
            let end = find(self.end, read);
            let text = &read[..end.unwrap_or(read.len())];
            let room = LINE_BYTES_MAX - line.bytes.len();
            if text.len() > room {
                line.fault = Some(format!("the line has more than {LINE_BYTES_MAX} bytes"));
            }
            line.bytes.extend_from_slice(&text[..text.len().min(room)]);
            let used = end.map_or(read.len(), |at| at + 1);
            count += used as u64;
            self.input.consume(used);
            if end.is_some() {
                return Ok(count);
            }
        }
    }
}

fn find(wanted: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(String, bool)> {
        let mut lines = Lines::new(text, text);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            assert_eq!(line.number, all.len() as u64 + 1);
            all.push((String::from_utf8_lossy(&line.bytes).into_owned(), line.fault.is_some()));
        }
        all
    }

    fn whole(texts: &[&str]) -> Vec<(String, bool)> {
        texts.iter().map(|text| ((*text).to_owned(), false)).collect()
    }

    #[test]
    fn lines_end_as_they_do_on_all_systems() {
        assert_eq!(lines(b"a\nb\n\nc"), whole(&["a", "b", "", "c"]));
        assert_eq!(lines(b"a\r\nb\r\n"), whole(&["a", "b"]));
        assert_eq!(lines(b"a\rb\r"), whole(&["a", "b"]));
        assert_eq!(lines(b""), whole(&[]));
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_the_next_one_is_whole() {
        let text = format!("{}\nb", "x".repeat(LINE_BYTES_MAX + 10));
        let lines = lines(text.as_bytes());
        assert_eq!((lines[0].0.len(), lines[0].1), (LINE_BYTES_MAX, true));
        assert_eq!(lines[1], ("b".to_owned(), false));
    }
}
