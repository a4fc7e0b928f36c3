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
    /// Whoever sent it may not do this any more, or that cannot be found out now.
    Refused,
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
mod tests;
