//! How a text is divided into records, and records into fields: NDJSON, JSON, CSV and TSV.
//!
//! It knows nothing of films. A record that is broken is handed on with what is wrong with it; only an
//! input that cannot be read ends the reading.

mod delimited;
mod elements;
mod layout;
mod objects;
mod quotes;
mod recognise;

use std::io::{self, BufRead};

use clap::ValueEnum;
use serde_json::{Map, Value};

pub(super) use self::objects::first_refusal;
use self::{delimited::Delimited, elements::Elements, objects::parse_object};
pub(crate) use self::{
    delimited::Dialect,
    layout::Layout,
    recognise::{Said, Shape, recognise},
};
use super::input::Lines;

/// What a file may be said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line
    Ndjson,
    /// An array of objects, or an object that holds one
    Json,
    /// Cells with , ; or | between them, a header line first
    Csv,
    /// Cells with tabs between them, a header line first
    Tsv,
}

/// Where a record stands, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raw {
    /// The line that it begins in, from 1.
    pub(crate) line: u64,
    /// All of it, or as much as is read of one that is too long.
    pub(crate) text: Vec<u8>,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The film's field. `None` where it is about the whole record.
    pub(crate) field: Option<String>,
    /// A sentence without its end.
    pub(crate) reason: String,
}

impl Complaint {
    /// About the whole record.
    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self { field: None, reason: reason.into() }
    }

    /// About one field.
    pub(crate) fn about(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: Some(field.into()), reason: reason.into() }
    }
}

/// The fields of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fields {
    /// Cells, as many as the header names columns.
    Cells(Vec<String>),
    /// A JSON object.
    Object(Map<String, Value>),
}

/// A record, or what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) raw: Raw,
    pub(crate) fields: Result<Fields, Complaint>,
}

/// The records of a text, in order.
pub(crate) enum Records<R> {
    /// An object a line.
    Lines(Lines<R>),
    /// The elements of an array.
    Elements(Elements<R>),
    /// Rows of cells.
    Rows(Box<Delimited<R>>),
}

impl<R: BufRead> Records<R> {
    /// The records of `input`, which begins with `head` and has this shape.
    pub(crate) fn new(input: R, head: &[u8], shape: &Shape) -> Self {
        match shape {
            Shape::Lines => Self::Lines(Lines::new(input, head)),
            Shape::Elements { member } => Self::Elements(Elements::new(input, member.clone())),
            Shape::Rows(dialect) => {
                let rows = Delimited::new(Lines::new(input, head), *dialect);
                Self::Rows(Box::new(rows))
            }
        }
    }

    /// The names of the columns, where there are columns: the first row. To be asked before the first
    /// record. Empty where the text is empty.
    ///
    /// # Errors
    /// Where the input cannot be read; inside, where the header cannot be understood.
    pub(crate) fn columns(&mut self) -> io::Result<Option<Result<Vec<String>, Complaint>>> {
        match self {
            Self::Lines(_) | Self::Elements(_) => Ok(None),
            Self::Rows(rows) => rows.header().map(Some),
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// Where the input cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        match self {
            Self::Lines(lines) => {
                while let Some(line) = lines.next()? {
                    let raw = Raw { line: line.number, text: line.bytes };
                    let fields = match line.fault {
                        Some(fault) => Err(Complaint::whole(fault)),
                        None if raw.text.iter().all(u8::is_ascii_whitespace) => continue,
                        None => parse_object(&raw.text).map(Fields::Object),
                    };
                    return Ok(Some(Record { raw, fields }));
                }
                Ok(None)
            }
            Self::Elements(elements) => {
                let Some((raw, fault)) = elements.next()? else { return Ok(None) };
                let fields = match fault {
                    Some(fault) => Err(Complaint::whole(fault)),
                    None => parse_object(&raw.text).map(Fields::Object),
                };
                Ok(Some(Record { raw, fields }))
            }
            Self::Rows(rows) => rows.next(),
        }
    }
}

/// `text`, where it is UTF-8 and has no NUL.
fn checked_text(text: &[u8]) -> Result<&str, Complaint> {
    let checked = std::str::from_utf8(text).map_err(|error| {
        let at = error.valid_up_to();
        let byte = text.get(at).copied().unwrap_or_default();
        Complaint::whole(format!(
            "byte {} (0x{byte:02X}) is not UTF-8; for a file in another encoding say --encoding, such as --encoding windows-1252",
            at + 1
        ))
    })?;
    match checked.find('\0') {
        None => Ok(checked),
        Some(at) => Err(Complaint::whole(format!(
            "byte {} is NUL; for a file in UTF-16 say --encoding utf-16le or utf-16be",
            at + 1
        ))),
    }
}

#[cfg(test)]
mod tests;
