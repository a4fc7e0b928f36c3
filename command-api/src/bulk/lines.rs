//! Lines of an input that comes in pieces. It knows nothing of what they say.

use std::time::Duration;

use axum::BoxError;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream::BoxStream};

use super::BulkOptions;

/// Where lines come from.
pub(crate) type Input = BoxStream<'static, Result<Bytes, BoxError>>;

/// The longest line, in bytes, without its end.
pub(crate) const LINE_BYTES_MAX: usize = 1 << 20;

/// How much of an input is passed over after its lines were too many, and for how long.
const REST_BYTES_MAX: usize = 16 << 20;
const REST_TIME_MAX: Duration = Duration::from_secs(2);

/// What some programs put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line that is not blank. Numbers count from 1, and count blank lines too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: u64,
    /// Without its end; `None` where it is longer than [`LINE_BYTES_MAX`].
    pub(crate) text: Option<Bytes>,
}

/// Why there are no more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The input has been read whole.
    Whole,
    /// The input broke off. A line that was not whole is not among those that were read.
    Broken(String),
    /// Nothing came for too long.
    Idle(Duration),
    TooManyLines(u64),
    TooManyBytes(u64),
    /// The server, or the job, is to stop.
    Stopped,
}

/// Reads lines.
pub(crate) struct Lines {
    input: Input,
    lines_max: u64,
    bytes_max: u64,
    idle: Option<Duration>,
    /// Lines up to this one are passed over.
    after: u64,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    searched: usize,
    /// Within a line that is too long already.
    overlong: bool,
    number: u64,
    bytes: u64,
    /// Why there will be no more input than what is in the buffer.
    end: Option<End>,
}

impl Lines {
    /// The lines of what a client is sending.
    pub(crate) fn received(input: Input, options: &BulkOptions) -> Self {
        Self { idle: Some(options.idle_timeout), ..Self::kept(input, options) }
    }

    /// The lines of an input that is there whole: nobody is waited for.
    pub(crate) fn kept(input: Input, options: &BulkOptions) -> Self {
        Self {
            input,
            lines_max: options.lines_max,
            bytes_max: options.bytes_max,
            idle: None,
            after: 0,
            buffer: BytesMut::new(),
            searched: 0,
            overlong: false,
            number: 0,
            bytes: 0,
            end: None,
        }
    }

    /// The same, from the line after this one.
    pub(crate) fn after(self, number: u64) -> Self {
        Self { after: number, ..self }
    }

    /// The number of the line that was read last, or is not read whole.
    pub(crate) fn reached(&self) -> u64 {
        self.number + 1
    }

    /// The next line. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Line, End> {
        loop {
            while let Some(line) = self.cut()? {
                if line.number > self.after && !is_blank(line.text.as_ref()) {
                    return Ok(line);
                }
            }
            match self.end.clone() {
                None => {}
                // The last line may lack its end. Of an input that broke off it is not whole.
                Some(End::Whole) => return self.rest()?.ok_or(End::Whole),
                Some(end) => return Err(end),
            }
            self.fill().await;
        }
    }

    /// Reads what is left, and forgets it: up to a bound, for a while.
    pub(crate) async fn pass_over_rest(&mut self) {
        self.buffer.clear();
        let rest = async {
            let mut bytes = 0;
            while let Some(Ok(piece)) = self.input.next().await {
                bytes += piece.len();
                if bytes > REST_BYTES_MAX {
                    return;
                }
            }
        };
        tokio::time::timeout(REST_TIME_MAX, rest).await.unwrap_or_default();
    }

    /// Reads on by one piece.
    async fn fill(&mut self) {
        let piece = match self.idle {
            None => self.input.next().await,
            Some(idle) => match tokio::time::timeout(idle, self.input.next()).await {
                Ok(piece) => piece,
                Err(_) => return self.end = Some(End::Idle(idle)),
            },
        };
        match piece {
            None => self.end = Some(End::Whole),
            Some(Err(error)) => self.end = Some(End::Broken(error.to_string())),
            Some(Ok(mut piece)) => {
                let left = self.bytes_max - self.bytes;
                if u64::try_from(piece.len()).is_ok_and(|length| length > left) {
                    piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                    self.end = Some(End::TooManyBytes(self.bytes_max));
                }
                self.bytes += piece.len() as u64;
                self.buffer.extend_from_slice(&piece);
            }
        }
    }

    /// Takes the next whole line off the buffer.
    fn cut(&mut self) -> Result<Option<Line>, End> {
        let found = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
        let Some(found) = found else {
            self.searched = self.buffer.len();
            if self.searched > LINE_BYTES_MAX {
                self.overlong = true;
                self.buffer.clear();
                self.searched = 0;
            }
            return Ok(None);
        };
        if self.number == self.lines_max {
            return Err(End::TooManyLines(self.lines_max));
        }
        let length = self.searched + found;
        self.searched = 0;
        let text = self.buffer.split_to(length + 1).freeze();
        Ok(Some(self.line(text.slice(..length))))
    }

    /// Takes the last line, which has no end, off the buffer.
    fn rest(&mut self) -> Result<Option<Line>, End> {
        if self.buffer.is_empty() && !self.overlong {
            return Ok(None);
        }
        if self.number == self.lines_max {
            return Err(End::TooManyLines(self.lines_max));
        }
        let text = std::mem::take(&mut self.buffer).freeze();
        self.searched = 0;
        let line = self.line(text);
        Ok(Some(line).filter(|line| line.number > self.after && !is_blank(line.text.as_ref())))
    }

    /// A line with the next number.
    fn line(&mut self, mut text: Bytes) -> Line {
        self.number += 1;
        if text.last() == Some(&b'\r') {
            text.truncate(text.len() - 1);
        }
        if self.number == 1 && text.starts_with(BYTE_ORDER_MARK) {
            text = text.slice(BYTE_ORDER_MARK.len()..);
        }
        let too_long = std::mem::take(&mut self.overlong) || text.len() > LINE_BYTES_MAX;
        Line { number: self.number, text: (!too_long).then_some(text) }
    }
}

fn is_blank(text: Option<&Bytes>) -> bool {
    text.is_some_and(|text| text.iter().all(u8::is_ascii_whitespace))
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use proptest::prelude::*;

    use super::*;

    /// What is read of an input that comes in these pieces: number and text of each line, and the end.
    async fn read(pieces: Vec<Bytes>, options: &BulkOptions) -> (Vec<(u64, Option<String>)>, End) {
        let input = stream::iter(pieces.into_iter().map(Ok)).boxed();
        read_all(Lines::received(input, options)).await
    }

    async fn read_all(mut lines: Lines) -> (Vec<(u64, Option<String>)>, End) {
        let mut read = Vec::new();
        loop {
            match lines.next().await {
                Ok(Line { number, text }) => read
                    .push((number, text.map(|text| String::from_utf8_lossy(&text).into_owned()))),
                Err(end) => return (read, end),
            }
        }
    }

    async fn read_text(text: &str) -> Vec<(u64, Option<String>)> {
        let text = Bytes::copy_from_slice(text.as_bytes());
        let (lines, end) = read(vec![text], &BulkOptions::default()).await;
        assert_eq!(end, End::Whole);
        lines
    }

    fn line(number: u64, text: &str) -> (u64, Option<String>) {
        (number, Some(text.to_owned()))
    }

    #[tokio::test]
    async fn line_ends_of_all_systems_are_taken_off() {
        assert_eq!(read_text("a\r\nb\nc").await, [line(1, "a"), line(2, "b"), line(3, "c")]);
    }

    #[tokio::test]
    async fn blank_lines_are_counted_and_not_given() {
        assert_eq!(read_text("\n \t\r\na\n\n\nb\n\n  ").await, [line(3, "a"), line(6, "b")]);
        assert_eq!(read_text("").await, []);
    }

    #[tokio::test]
    async fn a_byte_order_mark_is_taken_off_the_first_line_only() {
        assert_eq!(read_text("\u{feff}a\n\u{feff}b").await, [line(1, "a"), line(2, "\u{feff}b")]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_passed_over_and_the_rest_goes_on() {
        let longest = "x".repeat(LINE_BYTES_MAX);
        let text = format!("a\n{longest}\n{longest}y\n{}\nb\n{longest}z", longest.repeat(3));
        let lines = read_text(&text).await;
        let numbers: Vec<_> = lines.iter().map(|(n, text)| (*n, text.is_some())).collect();
        assert_eq!(numbers, [(1, true), (2, true), (3, false), (4, false), (5, true), (6, false)]);
    }

    #[tokio::test]
    async fn of_an_input_that_breaks_off_only_whole_lines_are_read() {
        let broken = Err(BoxError::from("cut"));
        let input =
            stream::iter([Ok(Bytes::from_static(b"a\n{\"title\": \"B\"}")), broken]).boxed();
        let read = read_all(Lines::received(input, &BulkOptions::default())).await;
        assert_eq!(read, (vec![line(1, "a")], End::Broken("cut".to_owned())));
    }

    #[tokio::test]
    async fn lines_and_bytes_have_bounds() {
        let options = BulkOptions { lines_max: 2, ..BulkOptions::default() };
        let (lines, end) = read(vec![Bytes::from_static(b"a\nb\nc")], &options).await;
        assert_eq!((lines.len(), end), (2, End::TooManyLines(2)));
        let options = BulkOptions { bytes_max: 5, ..BulkOptions::default() };
        let pieces = || vec![Bytes::from_static(b"a\n"), Bytes::from_static(b"b\ncd\n")];
        let (lines, end) = read(pieces(), &options).await;
        assert_eq!((lines, end), (vec![line(1, "a"), line(2, "b")], End::TooManyBytes(5)));
        let options = BulkOptions { bytes_max: 7, lines_max: 3, ..BulkOptions::default() };
        assert_eq!(read(pieces(), &options).await.1, End::Whole);
    }

    #[tokio::test(start_paused = true)]
    async fn an_input_that_stays_silent_ends() {
        let first = stream::iter([Ok(Bytes::from_static(b"a\nb"))]);
        let input = first.chain(stream::pending()).boxed();
        let options = BulkOptions::default();
        let (lines, end) = read_all(Lines::received(input, &options)).await;
        assert_eq!((lines, end), (vec![line(1, "a")], End::Idle(options.idle_timeout)));
    }

    #[tokio::test]
    async fn reading_can_begin_after_a_line() {
        let input = stream::iter([Ok(Bytes::from_static(b"a\n\nb\nc"))]).boxed();
        let lines = Lines::kept(input, &BulkOptions::default()).after(3);
        assert_eq!(read_all(lines).await.0, [line(4, "c")]);
    }

    proptest! {
        #[test]
        fn how_the_input_is_cut_into_pieces_changes_nothing(
            text in "[ab\\r\\n \u{feff}]{0,40}",
            cuts in proptest::collection::vec(0usize..60, 0..6),
        ) {
            let whole = Bytes::from(text.into_bytes());
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|ends| whole.slice(ends[0]..ends[1])).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let options = BulkOptions::default();
            let in_pieces = runtime.block_on(read(pieces, &options));
            prop_assert_eq!(in_pieces, runtime.block_on(read(vec![whole], &options)));
        }
    }
}
