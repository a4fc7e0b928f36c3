//! What was said of an import on the command line.

use domain::Invalid;
use encoding_rs::Encoding;
use serde_json::Map;

use super::{
    convert::Reading,
    format::{Complaint, Said},
    mapping::{Mapping, Plan},
};

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

    /// Refuses what every film would be given and none can have: each record would be blamed for it.
    ///
    /// # Errors
    /// A sentence for each constant that cannot be.
    pub(crate) fn check_constants(&self) -> Result<(), Vec<String>> {
        let said = |field: Option<String>, reason: &str| match field {
            Some(field) => format!("--set {field}: {reason}"),
            None => format!("--set: {reason}"),
        };
        let mut plan = Plan::new(self.mapping.trial());
        let nothing = Map::new();
        let draft = self.reading.draft(&plan.object(&nothing)).map_err(|complaints| {
            let said = |complaint: Complaint| said(complaint.field, &complaint.reason);
            complaints.into_iter().map(said).collect::<Vec<_>>()
        })?;
        draft.into_patch().map(drop).map_err(|invalid| {
            let said = |invalid: Invalid| {
                let field = invalid.pointer.trim_start_matches('/').replace('/', ".");
                said(Some(field), &format!("must {}", invalid.expected))
            };
            invalid.into_iter().map(said).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(constants: &[&str]) -> Vec<String> {
        let mut settings = Settings::usual(2026);
        for constant in constants {
            settings.mapping.add_constant(constant).unwrap();
        }
        settings.check_constants().err().unwrap_or_default()
    }

    #[test]
    fn a_constant_that_no_film_can_have_is_refused_at_once() {
        assert!(wrong(&[]).is_empty());
        assert!(wrong(&["language=en", "country=FR", "genres=Drama", "year=1967"]).is_empty());
        for constant in
            ["language=Klingon", "country=Atlantis", "year=soon", "runtime_minutes=long"]
        {
            let (field, value) = constant.split_once('=').unwrap();
            let said = wrong(&[constant, "tags=new"]);
            assert_eq!(said.len(), 1, "{constant}: {said:?}");
            assert!(said[0].contains(field) && said[0].contains(value), "{said:?}");
        }
    }

    #[test]
    fn a_constant_that_is_too_long_is_refused_at_once() {
        let said = wrong(&[&format!("title={}", "x".repeat(10_000))]);
        assert!(said.len() == 1 && said[0].contains("title"), "{said:?}");
    }
}
