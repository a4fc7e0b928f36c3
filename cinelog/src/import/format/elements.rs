//! The elements of a JSON array, one at a time, however long the array is.
//!
//! It finds where elements begin and end, and leaves it to others to read them. Where the nesting is
//! broken it goes on with the next line that begins an object.

use std::io::{self, BufRead, ErrorKind};

use super::Raw;
use crate::import::input::{LINE_BYTES_MAX, is_damage};

/// How deep the nesting is followed. Beyond it an element counts as broken.
const DEPTH_MAX: usize = 10_000;

/// The longest name of a member that is compared with what is wanted, in bytes.
const NAME_BYTES_MAX: usize = 1_000;

/// Finds the elements of an array.
pub(crate) struct Elements<R> {
    input: R,
    line: u64,
    /// The name of the member that holds the array. `None`: the first one that holds objects.
    member: Option<String>,
    place: Place,
    /// What is wrong with the packing, where the text ends for that.
    damage: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    InArray,
    Over,
}

/// Why an element is no good.
enum Fault {
    /// The nesting is wrong, so that nobody can say where it ends.
    Broken(&'static str),
    /// The text ends in it.
    Cut,
}

/// An element's text while it is read; at most [`LINE_BYTES_MAX`] bytes are kept.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Text {
    fn push(&mut self, byte: u8) {
        if self.bytes.len() < LINE_BYTES_MAX { self.bytes.push(byte) } else { self.is_cut = true }
    }
}

impl<R: BufRead> Elements<R> {
    pub(super) fn new(input: R, member: Option<String>) -> Self {
        Self { input, line: 1, member, place: Place::Start, damage: None }
    }

    /// The next element's text, and what is wrong with it.
    pub(super) fn next(&mut self) -> io::Result<Option<(Raw, Option<String>)>> {
        if self.place == Place::Start {
            self.place = Place::InArray;
            if let Some(fault) = self.find_array()? {
                self.place = Place::Over;
                return Ok(Some((Raw { line: self.line, text: Vec::new() }, Some(fault))));
            }
        }
        if self.place == Place::Over {
            return Ok(None);
        }
        let start = loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() || byte == b',' => self.take(byte),
                Some(b']') => {
                    self.place = Place::Over;
                    return Ok(None);
                }
                Some(_) => break self.line,
                None => {
                    let raw = Raw { line: self.line, text: Vec::new() };
                    return Ok(Some((raw, Some(self.cut("the file ends before the array")))));
                }
            }
        };
        let mut text = Text::default();
        let fault = match self.value(&mut text)? {
            Ok(()) if text.is_cut => {
                Some(format!("the element has more than {LINE_BYTES_MAX} bytes"))
            }
            Ok(()) => None,
            Err(Fault::Cut) => Some(self.cut("the file ends in the middle of this")),
            Err(Fault::Broken(why)) => {
                self.recover(&mut text)?;
                Some(why.to_owned())
            }
        };
        Ok(Some((Raw { line: start, text: text.bytes }, fault)))
    }

    /// Nothing comes any more: why.
    fn cut(&mut self, why: &str) -> String {
        self.place = Place::Over;
        self.damage.take().unwrap_or_else(|| why.to_owned())
    }

    /// Goes to the first element. Gives what is wrong where there is no array; an empty text has
    /// none and nothing is wrong with it.
    fn find_array(&mut self) -> io::Result<Option<String>> {
        match self.peek_beyond_space()? {
            None => self.place = Place::Over,
            Some(b'[') => self.take(b'['),
            Some(b'{') => {
                self.take(b'{');
                if !self.find_member()? {
                    let what = match &self.member {
                        Some(name) => format!("no member {name} that is an array of objects"),
                        None => "no array of objects in the object".to_owned(),
                    };
                    return Ok(Some(what));
                }
            }
            Some(_) => return Ok(Some("neither a JSON array nor an object".to_owned())),
        }
        Ok(None)
    }

    /// Goes into the array that the wanted member is; says whether there is one.
    fn find_member(&mut self) -> io::Result<bool> {
        loop {
            match self.peek_beyond_space()? {
                Some(b',') => self.take(b','),
                Some(b'"') => {
                    let mut name = Text::default();
                    if self.value(&mut name)?.is_err() || self.peek_beyond_space()? != Some(b':') {
                        return Ok(false);
                    }
                    self.take(b':');
                    let is_array = self.peek_beyond_space()? == Some(b'[');
                    if is_array && self.is_wanted(&name.bytes) {
                        self.take(b'[');
                        if self.peek_beyond_space()? == Some(b'{') {
                            return Ok(true);
                        }
                        if self.rest_of_array()?.is_err() {
                            return Ok(false);
                        }
                    } else if self.value(&mut Text::default())?.is_err() {
                        return Ok(false);
                    }
                }
                _ => return Ok(false),
            }
        }
    }

    fn is_wanted(&self, name: &[u8]) -> bool {
        let Some(wanted) = &self.member else { return true };
        name.len() <= NAME_BYTES_MAX
            && serde_json::from_slice::<String>(name).is_ok_and(|name| name == *wanted)
    }

    /// Reads one value: up to its end where it is an object, an array or a text, else up to what
    /// cannot belong to it.
    fn value(&mut self, text: &mut Text) -> io::Result<Result<(), Fault>> {
        match self.peek()? {
            Some(b'{' | b'[') => self.nested(text, Vec::new()),
            Some(b'"') => self.string(text),
            _ => loop {
                match self.peek()? {
                    None | Some(b',' | b']' | b'\n') if !text.bytes.is_empty() => {
                        return Ok(Ok(()));
                    }
                    None => return Ok(Err(Fault::Cut)),
                    Some(byte) => self.keep(byte, text),
                }
            },
        }
    }

    /// Reads on to the end of an array, after its `[`.
    fn rest_of_array(&mut self) -> io::Result<Result<(), Fault>> {
        self.nested(&mut Text::default(), vec![b'['])
    }

    /// Reads objects and arrays up to the end of the outermost; `open` has those that are open.
    fn nested(&mut self, text: &mut Text, mut open: Vec<u8>) -> io::Result<Result<(), Fault>> {
        let mut previous = open.last().copied().unwrap_or_default();
        loop {
            let Some(byte) = self.peek()? else { return Ok(Err(Fault::Cut)) };
            match byte {
                b'"' => {
                    if let Err(fault) = self.string(text)? {
                        return Ok(Err(fault));
                    }
                }
                b'{' | b'[' => {
                    let in_object = open.last() == Some(&b'{');
                    if (in_object && matches!(previous, b'{' | b',')) || open.len() >= DEPTH_MAX {
                        return Ok(Err(Fault::Broken(NESTING)));
                    }
                    open.push(byte);
                    self.keep(byte, text);
                }
                b'}' | b']' => {
                    let opened = open.pop();
                    if opened != Some(if byte == b'}' { b'{' } else { b'[' }) {
                        return Ok(Err(Fault::Broken(NESTING)));
                    }
                    self.keep(byte, text);
                    if open.is_empty() {
                        return Ok(Ok(()));
                    }
                }
                _ => self.keep(byte, text),
            }
            if !byte.is_ascii_whitespace() {
                previous = byte;
            }
        }
    }

    /// Reads a text in quotation marks.
    fn string(&mut self, text: &mut Text) -> io::Result<Result<(), Fault>> {
        self.keep(b'"', text);
        let mut is_escaped = false;
        loop {
            let Some(byte) = self.peek()? else { return Ok(Err(Fault::Cut)) };
            if byte == b'\n' {
                return Ok(Err(Fault::Broken("a quotation mark is opened and not closed")));
            }
            self.keep(byte, text);
            match byte {
                b'"' if !is_escaped => return Ok(Ok(())),
                b'\\' => is_escaped = !is_escaped,
                _ => is_escaped = false,
            }
        }
    }

    /// Goes to the next line that begins with an object or ends the array, unless this one does.
    fn recover(&mut self, text: &mut Text) -> io::Result<()> {
        let mut at_start = text.bytes.rsplit(|&byte| byte == b'\n').next().is_some_and(|line| {
            text.bytes.contains(&b'\n') && line.iter().all(u8::is_ascii_whitespace)
        });
        loop {
            let Some(byte) = self.peek()? else { return Ok(()) };
            if at_start && matches!(byte, b'{' | b']') {
                return Ok(());
            }
            at_start = byte == b'\n' || (at_start && byte.is_ascii_whitespace());
            self.keep(byte, text);
        }
    }

    fn peek_beyond_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => self.take(byte),
                byte => return Ok(byte),
            }
        }
    }

    /// The next byte. `None` at the end, also where the text ends since its packing is damaged.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_damage(&error) => {
                    self.damage = Some(format!("the file breaks off here: {error}"));
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn keep(&mut self, byte: u8, text: &mut Text) {
        text.push(byte);
        self.take(byte);
    }

    /// Goes past the byte that was peeked at.
    fn take(&mut self, byte: u8) {
        self.input.consume(1);
        self.line += u64::from(byte == b'\n');
    }
}

const NESTING: &str = "brackets are not closed";
