//! What was said of an import on the command line.

use encoding_rs::Encoding;

use super::{convert::Reading, format::Said, mapping::Mapping};

/// How files are read, and what of them is taken.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Their encoding. `None`: UTF-8, unless a byte order mark says otherwise.
    pub(crate) encoding: Option<&'static Encoding>,
    /// Their format, as far as it was said.
    pub(crate) said: Said,
    /// Which column is which field.
    pub(crate) mapping: Mapping,
    /// What cells mean.
    pub(crate) reading: Reading,
    /// Of IMDb's titles: not only those that are films.
    pub(crate) all_types: bool,
    /// Of IMDb's titles: only those that so many people have voted on.
    pub(crate) votes_min: Option<u64>,
}

impl Settings {
    /// How files are read about which nothing was said.
    pub(crate) fn usual(this_year: i16) -> Self {
        Self {
            encoding: None,
            said: Said::default(),
            mapping: Mapping::default(),
            reading: Reading {
                empty: Vec::new(),
                separators: Vec::new(),
                day_order: None,
                clears: false,
                this_year,
            },
            all_types: false,
            votes_min: None,
        }
    }
}
