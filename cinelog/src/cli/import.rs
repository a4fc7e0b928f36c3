//! `cinelog import`.

use std::path::PathBuf;

use clap::Args;

use crate::import::{DayOrder, Format};

/// `cinelog import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files to read, in this order; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Say what would happen, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Begin anew, also where an import of the same file was interrupted
    #[arg(long)]
    pub(crate) restart: bool,
    /// Where what is refused goes [default: FILE.rejects.ndjson beside each file]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Which columns are which fields, such as 'Title=title,"Major Genre"=genres[]'; COLUMN=- leaves
    /// one out. Others are guessed by their headings
    #[arg(long, value_name = "COLUMN=FIELD", help_heading = "What columns are")]
    pub(crate) map: Vec<String>,
    /// The same from a file, a column a line
    #[arg(long, value_name = "FILE", help_heading = "What columns are")]
    pub(crate) map_file: Option<PathBuf>,
    /// What films have about which the file says nothing, such as language=en
    #[arg(long, value_name = "FIELD=VALUE", help_heading = "What columns are")]
    pub(crate) set: Vec<String>,
    /// Guess nothing: take only the columns that were named
    #[arg(long, help_heading = "What columns are")]
    pub(crate) no_guess: bool,
    /// Characters between the names of a list [default: the first of | ; , that a cell has]
    #[arg(long, value_name = "CHARACTERS", help_heading = "What cells mean")]
    pub(crate) separator: Option<String>,
    /// Which number of dates such as 03/04/1999 is the day
    #[arg(long, value_enum, value_name = "ORDER", help_heading = "What cells mean")]
    pub(crate) dates: Option<DayOrder>,
    /// A text that stands for nothing, besides the usual ones
    #[arg(long, value_name = "TEXT", help_heading = "What cells mean")]
    pub(crate) null: Vec<String>,
    /// Let empty cells take away what is known of a film, rather than say nothing
    #[arg(long, help_heading = "What cells mean")]
    pub(crate) clear_empty: bool,
    /// What the files are [default: what their names and beginnings say]
    #[arg(long, value_enum, help_heading = "How files are read")]
    pub(crate) format: Option<Format>,
    /// Their encoding, such as windows-1252 [default: UTF-8, or what a byte order mark says]
    #[arg(long, value_name = "NAME", value_parser = encoding, help_heading = "How files are read")]
    pub(crate) encoding: Option<&'static encoding_rs::Encoding>,
    /// What stands between the cells of CSV [default: the likeliest of , ; | and tab]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter, help_heading = "How files are read")]
    pub(crate) delimiter: Option<u8>,
    /// What stands around cells, or none [default: "]
    #[arg(long, value_name = "CHARACTER", value_parser = quote, help_heading = "How files are read")]
    pub(crate) quote: Option<Quote>,
    /// The member of a JSON object that holds the films [default: the first array of objects]
    #[arg(long, value_name = "NAME", help_heading = "How files are read")]
    pub(crate) records: Option<String>,
    /// Of IMDb's titles take series, episodes and games too, not only films
    #[arg(long, help_heading = "IMDb's files")]
    pub(crate) all_types: bool,
    /// Of IMDb's titles take those that title.ratings.tsv has at least so many votes of
    #[arg(long, value_name = "N", help_heading = "IMDb's files")]
    pub(crate) min_votes: Option<u64>,
}

/// What stands around cells: a character, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote(pub(crate) Option<u8>);

fn encoding(text: &str) -> Result<&'static encoding_rs::Encoding, String> {
    encoding_rs::Encoding::for_label(text.as_bytes()).ok_or_else(|| {
        "expected a name such as utf-8, windows-1252, iso-8859-2, utf-16le or shift_jis".to_owned()
    })
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'"' => Ok(*byte),
        b"\\t" | b"tab" => Ok(b'\t'),
        _ => Err("expected one character such as ; or tab".to_owned()),
    }
}

fn quote(text: &str) -> Result<Quote, String> {
    match text.as_bytes() {
        b"none" => Ok(Quote(None)),
        [byte] if byte.is_ascii_punctuation() => Ok(Quote(Some(*byte))),
        _ => Err("expected one character, or none".to_owned()),
    }
}
