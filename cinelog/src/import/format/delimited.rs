//! CSV and TSV: rows of cells with a header above them (RFC 4180, read leniently).
//!
//! A cell in quotation marks may hold the delimiter and line ends. Where a mark is opened and not
//! closed, only the line in which that happens is lost, not what follows it.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::{Complaint, Fields, Raw, Record, checked_text, quotes};
use crate::import::input::{LINE_BYTES_MAX, Line, Lines};

/// The most lines that one row may have. More are taken for a quotation mark that is not closed.
const ROW_LINES_MAX: usize = 1_000;

/// How cells are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// What stands between cells.
    pub(crate) delimiter: u8,
    /// What stands around a cell that holds the delimiter, a line end or this mark (doubled there).
    /// `None` where no character means that.
    pub(crate) quote: Option<u8>,
}

/// Rows of cells.
pub(crate) struct Delimited<R> {
    lines: Lines<R>,
    /// Lines that were looked at and are still to be read.
    pending: VecDeque<Line>,
    splitter: Splitter,
    dialect: Dialect,
    /// How many columns the header names.
    width: usize,
}

/// A row as it is taken from the lines.
struct Row {
    raw: Raw,
    fault: Option<String>,
}

impl<R: BufRead> Delimited<R> {
    pub(super) fn new(lines: Lines<R>, dialect: Dialect) -> Self {
        let splitter = Splitter::new(dialect);
        Self { lines, pending: VecDeque::new(), splitter, dialect, width: 0 }
    }

    /// The names of the columns. A column without a name gets its number.
    pub(super) fn header(&mut self) -> io::Result<Result<Vec<String>, Complaint>> {
        let Some(row) = self.take_row()? else { return Ok(Ok(Vec::new())) };
        if let Some(fault) = row.fault {
            return Ok(Err(Complaint::whole(fault)));
        }
        let names = self.splitter.texts().into_iter().enumerate().map(|(index, cell)| {
            let name = cell.trim();
            if name.is_empty() { format!("column {}", index + 1) } else { name.to_owned() }
        });
        let names: Vec<String> = names.collect();
        self.width = names.len();
        Ok(checked_text(&row.raw.text).map(|_| names))
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let Some(Row { raw, fault }) = self.take_row()? else { return Ok(None) };
        let fields = match fault {
            Some(fault) => Err(Complaint::whole(fault)),
            None => checked_text(&raw.text).and_then(|text| self.fields(text)),
        };
        Ok(Some(Record { raw, fields }))
    }

    /// The cells of the row that was taken last, whose text this is.
    fn fields(&self, text: &str) -> Result<Fields, Complaint> {
        let mut cells = match quotes::are_paired(text.as_bytes(), self.dialect) {
            true => self.splitter.texts(),
            false => quotes::split(text, self.dialect),
        };
        // Some programs write a delimiter too many.
        while cells.len() > self.width && cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.len() != self.width {
            let reason =
                format!("{} cells, where the header names {} columns", cells.len(), self.width);
            return Err(Complaint::whole(reason));
        }
        Ok(Fields::Cells(cells))
    }

    /// Whether several lines are no row: the marks in them only seem to hold them together.
    fn is_odd(&self, lines: &[Line]) -> bool {
        let text = lines.iter().map(|line| line.bytes.as_slice()).collect::<Vec<_>>().join(&b'\n');
        let cells = self.splitter.cells;
        !quotes::are_paired(&text, self.dialect) || (self.width > 0 && cells != self.width)
    }

    /// Takes the lines of a row; the splitter has its cells then.
    fn take_row(&mut self) -> io::Result<Option<Row>> {
        let mut taken: Vec<Line> = Vec::new();
        let mut bytes = 0;
        self.splitter.start();
        loop {
            let Some(line) = self.next_line()? else {
                return Ok((!taken.is_empty()).then(|| self.give_back(taken)));
            };
            if taken.is_empty() {
                if line.fault.is_some() {
                    let raw = Raw { line: line.number, text: line.bytes };
                    return Ok(Some(Row { raw, fault: line.fault }));
                }
                if line.bytes.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
            }
            bytes += line.bytes.len() + 1;
            let is_broken = line.fault.is_some() || bytes > LINE_BYTES_MAX;
            let is_whole = !is_broken && self.splitter.add_line(&line.bytes);
            taken.push(line);
            if is_whole {
                let row = match taken.len() > 1 && self.is_odd(&taken) {
                    true => self.give_back(taken),
                    false => joined(taken),
                };
                return Ok(Some(row));
            }
            if is_broken || taken.len() >= ROW_LINES_MAX {
                return Ok(Some(self.give_back(taken)));
            }
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        match self.pending.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next(),
        }
    }

    /// Refuses the first of the lines, and leaves the others to be read again.
    fn give_back(&mut self, lines: Vec<Line>) -> Row {
        let mut lines = lines.into_iter();
        let first = lines.next();
        for line in lines.rev() {
            self.pending.push_front(line);
        }
        let (line, text) = first.map(|line| (line.number, line.bytes)).unwrap_or_default();
        let fault = "a quotation mark is opened and not closed".to_owned();
        Row { raw: Raw { line, text }, fault: Some(fault) }
    }
}

/// The lines as one row.
fn joined(lines: Vec<Line>) -> Row {
    let line = lines.first().map_or(0, |line| line.number);
    let mut texts = lines.into_iter().map(|line| line.bytes);
    let mut text = texts.next().unwrap_or_default();
    for more in texts {
        text.push(b'\n');
        text.extend(more);
    }
    Row { raw: Raw { line, text }, fault: None }
}

/// The cells of a text that is one row.
pub(super) fn split(text: &str, dialect: Dialect) -> Vec<String> {
    if !quotes::are_paired(text.as_bytes(), dialect) {
        return quotes::split(text, dialect);
    }
    let mut splitter = Splitter::new(dialect);
    splitter.start();
    splitter.add_line(text.as_bytes());
    splitter.texts()
}

/// Divides a row into cells. Its memory is bounded by what it is given.
struct Splitter {
    reader: Reader,
    /// The cells one after the other, of which the first `text_bytes` bytes count.
    text: Vec<u8>,
    text_bytes: usize,
    /// Where each cell ends; the first `cells` of them count.
    ends: Vec<usize>,
    cells: usize,
    line: Vec<u8>,
}

impl Splitter {
    fn new(dialect: Dialect) -> Self {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(dialect.delimiter).terminator(Terminator::Any(b'\n'));
        match dialect.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        Self {
            reader: builder.build(),
            text: vec![0; 1024],
            text_bytes: 0,
            ends: vec![0; 32],
            cells: 0,
            line: Vec::new(),
        }
    }

    /// Begins a row.
    fn start(&mut self) {
        self.reader.reset();
        (self.text_bytes, self.cells) = (0, 0);
    }

    /// Adds a line to the row; says whether the row ends with it.
    fn add_line(&mut self, line: &[u8]) -> bool {
        self.line.clear();
        self.line.extend_from_slice(line);
        self.line.push(b'\n');
        let mut read = 0;
        // Ends, since each round takes some of the line or makes room.
        while read < self.line.len() {
            let (result, took, wrote, ended) = self.reader.read_record(
                &self.line[read..],
                &mut self.text[self.text_bytes..],
                &mut self.ends[self.cells..],
            );
            read += took;
            self.text_bytes += wrote;
            self.cells += ended;
            match result {
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record | ReadRecordResult::End => return true,
            }
        }
        false
    }

    fn cells(&self) -> Vec<&[u8]> {
        let mut start = 0;
        let cell = |&end: &usize| {
            let cell = self.text.get(start..end).unwrap_or_default();
            start = end;
            cell
        };
        self.ends[..self.cells].iter().map(cell).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.cells().into_iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
    }
}
