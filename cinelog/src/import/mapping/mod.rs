//! Which field of a film each column of a file is: as it was said, else as its heading lets guess.
//!
//! It knows headings and fields, and nothing of what the cells hold.

mod guess;
mod plan;
mod syntax;
mod target;

pub(crate) use self::{
    plan::{Cell, Plan, Slots},
    target::{Field, Target},
};

/// What was said about columns on the command line and in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Columns, in the order in which they were said. `None`: the column is left out on purpose.
    columns: Vec<(String, Option<Target>)>,
    /// What every film is given.
    constants: Vec<(Target, String)>,
    /// Whether other columns are guessed by their headings.
    guesses: bool,
}

impl Default for Mapping {
    fn default() -> Self {
        Self { columns: Vec::new(), constants: Vec::new(), guesses: true }
    }
}

/// Why a mapping cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MappingError {
    /// There is no `=` where one must be.
    #[error("“{0}”: expected COLUMN=FIELD, such as Title=title or \"Major Genre\"=genres[]")]
    NoTarget(String),
    /// A quotation mark is not closed.
    #[error("“{0}”: a quotation mark is opened and not closed")]
    OpenQuote(String),
    /// There is no such field.
    #[error("“{name}” is no field of a film; there are {known}", known = target::known())]
    UnknownField {
        /// What was said.
        name: String,
    },
    /// `[]` after a field that is no list.
    #[error("{0} is one value and no list: say it without []")]
    NoList(&'static str),
}

impl Mapping {
    /// Only what was said counts from now on.
    pub(crate) fn without_guesses(&mut self) {
        self.guesses = false;
    }

    /// Adds `COLUMN=FIELD`, several with commas between them.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), MappingError> {
        for (column, target) in syntax::pairs(text)? {
            let target = target::column_target(&target)?;
            self.columns.push((column, target));
        }
        Ok(())
    }

    /// Adds `FIELD=VALUE`: what every film is given.
    pub(crate) fn add_constant(&mut self, text: &str) -> Result<(), MappingError> {
        let (field, value) =
            text.split_once('=').ok_or_else(|| MappingError::NoTarget(text.to_owned()))?;
        let target = target::target(field.trim())?;
        self.constants.push((target, value.trim().trim_matches('"').to_owned()));
        Ok(())
    }

    /// What a film is given of which nothing else is said, with a title where it is given none.
    pub(crate) fn trial(&self) -> Self {
        let mut constants = self.constants.clone();
        if constants.iter().all(|(target, _)| target.field != Field::Title) {
            constants.push((Target { field: Field::Title, is_split: false }, "Title".to_owned()));
        }
        Self { columns: Vec::new(), constants, guesses: false }
    }

    /// Adds what a file says: `COLUMN = FIELD` or `set FIELD = VALUE` a line; `#` begins a comment.
    ///
    /// # Errors
    /// With the number of the line.
    pub(crate) fn add_file(&mut self, text: &str) -> Result<(), (usize, MappingError)> {
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.strip_prefix("set ") {
                Some(constant) => self.add_constant(constant),
                None => self.add(line),
            }
            .map_err(|error| (number, error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_constants_and_what_is_left_out_may_stand_in_a_file() {
        let mut mapping = Mapping::default();
        mapping
            .add_file(
                "# films\nTitle = title\n\n\"Major Genre\" = genres[]\nset country = FR\nX=-\n",
            )
            .unwrap();
        assert_eq!(mapping.columns.len(), 3);
        assert_eq!(mapping.columns[2], ("X".to_owned(), None));
        assert_eq!(mapping.constants.len(), 1);
        let (line, error) = mapping.add_file("a=title\nb=stars").unwrap_err();
        assert_eq!(line, 2);
        assert!(error.to_string().contains("runtime_minutes"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text| Mapping::default().add(text).unwrap_err().to_string();
        assert!(error("Title").contains("COLUMN=FIELD"));
        assert!(error("\"Title=title").contains("not closed"));
        assert!(error("Title=title[]").contains("no list"));
    }
}
