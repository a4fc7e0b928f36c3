//! What a comparison comes to, and how it reads.

use std::fmt;

/// What comparing two read models came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Each table, in the order in which they were compared.
    pub tables: Vec<TableComparison>,
    /// The first differences, up to the number that was asked for.
    pub shown: Vec<Difference>,
}

/// What comparing one table came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableComparison {
    /// Its name.
    pub name: &'static str,
    /// How many rows a fresh fold has.
    pub rows: u64,
    /// How many rows differ, are missing or are there too many.
    pub differences: u64,
}

/// A row that is not what a fresh fold gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// Which row, by its key.
    pub row: String,
    /// In what way.
    pub what: What,
}

/// In what way a row is not what a fresh fold gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is missing.
    Missing,
    /// It should not be there.
    Stray,
    /// Some of its columns are different: name, what is there, what a fresh fold has.
    Changed(Vec<(String, String, String)>),
}

impl Comparison {
    /// How many rows a fresh fold has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// How many rows are not what a fresh fold gives.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.tables.iter().map(|table| table.differences).sum()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, row, what } = self;
        match what {
            What::Missing => write!(f, "{table} {row}: missing"),
            What::Stray => write!(f, "{table} {row}: should not be there"),
            What::Changed(columns) => {
                write!(f, "{table} {row}:")?;
                columns.iter().enumerate().try_for_each(|(index, (name, live, fresh))| {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma} {name} is {live}, a fresh fold has {fresh}")
                })
            }
        }
    }
}
