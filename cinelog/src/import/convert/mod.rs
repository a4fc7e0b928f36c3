//! What cells mean: dates, years, lists and the rest, in the many ways in which people write them.
//!
//! A cell that means nothing certain is refused, with its field and what it holds. Nothing is guessed
//! that the log would then keep for ever.

mod cell;
mod date;
mod ids;
mod list;
mod number;
mod places;
mod python;

use domain::{
    Field as Sent, Whole,
    movie::{ExternalIdsDraft, MovieDraft},
};

use self::date::Dated;
use super::{
    format::Complaint,
    mapping::{Field, Slots},
};

pub(crate) use self::date::DayOrder;

/// How cells are to be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Texts that stand for nothing, besides those that always do.
    pub(crate) empty: Vec<String>,
    /// What stands between the names of a list. Empty: the first of `|`, `;` and `,` that a text has.
    pub(crate) separators: Vec<char>,
    /// Which number of `03/04/1999` is the day. `None`: such a date is refused.
    pub(crate) day_order: Option<DayOrder>,
    /// Whether an empty cell takes away what is known, rather than saying nothing.
    pub(crate) clears: bool,
    /// The year that it is: two digits never mean a later one.
    pub(crate) this_year: i16,
}

impl Reading {
    /// The film that a record describes.
    ///
    /// # Errors
    /// Everything that cannot be understood, never nothing. What is understood may still be too long,
    /// or a film of the year 1: the domain checks that.
    pub(crate) fn draft(&self, slots: &Slots<'_>) -> Result<MovieDraft, Vec<Complaint>> {
        let mut reader = Reader { reading: self, slots, complaints: Vec::new() };
        let draft = reader.draft();
        if reader.complaints.is_empty() { Ok(draft) } else { Err(reader.complaints) }
    }
}

/// Reads one record, and notes what is wrong with it.
struct Reader<'a> {
    reading: &'a Reading,
    slots: &'a Slots<'a>,
    complaints: Vec<Complaint>,
}

impl Reader<'_> {
    fn draft(&mut self) -> MovieDraft {
        let mut draft = MovieDraft::default();
        let dated = self.one(Field::ReleaseDate, |reading, text| {
            date::read(text, reading.day_order, reading.this_year)
        });
        let year = self.one(Field::Year, |reading, text| number::year(text, reading.this_year));
        let title = self.title(matches!(
            (&dated, &year),
            (Sent::Absent | Sent::Null, Sent::Absent | Sent::Null)
        ));
        draft.year = match (year, &dated, &title) {
            (Sent::Absent | Sent::Null, Sent::Given(Dated::Year(year)), _)
            | (Sent::Absent | Sent::Null, _, Some((_, Some(year)))) => Sent::Given(whole(*year)),
            (year, ..) => map(year, whole),
        };
        draft.release_date = match dated {
            Sent::Given(Dated::Day(date)) => Sent::Given(date.to_string()),
            Sent::Null => Sent::Null,
            _ => Sent::Absent,
        };
        draft.original_title = self.one(Field::OriginalTitle, |_, text| Ok(Some(cell::line(text))));
        if let (Some((title, _)), Sent::Given(original)) = (&title, &draft.original_title)
            && title == original
        {
            draft.original_title = Sent::Absent;
        }
        draft.title = title.map_or(Sent::Absent, |(title, _)| Sent::Given(title));
        draft.runtime_minutes =
            map(self.one(Field::RuntimeMinutes, |_, text| number::minutes(text)), Whole);
        draft.synopsis = self.one(Field::Synopsis, |_, text| Ok(Some(cell::prose(text))));
        draft.genres = self.list(Field::Genres);
        draft.tags = self.list(Field::Tags);
        draft.platforms = self.list(Field::Platforms);
        draft.directors = self.list(Field::Directors);
        draft.cast = self.list(Field::Cast);
        draft.studios = self.list(Field::Studios);
        draft.language = self.one(Field::Language, |_, text| places::language(text).map(Some));
        draft.country = self.one(Field::Country, |_, text| places::country(text).map(Some));
        draft.external_ids = self.external_ids();
        draft
    }

    /// The title, and the year that stands behind it in brackets where no column has one.
    fn title(&mut self, may_have_year: bool) -> Option<(String, Option<i16>)> {
        let complaints = self.complaints.len();
        let title = self.one(Field::Title, |_, text| {
            let title = cell::line(text);
            Ok(Some(match number::title_and_year(&title).filter(|_| may_have_year) {
                Some((title, year)) => (title.to_owned(), Some(year)),
                None => (title, None),
            }))
        });
        match title {
            Sent::Given(title) => Some(title),
            _ => {
                if self.complaints.len() == complaints {
                    self.complaints.push(Complaint::about("title", "there is no title"));
                }
                None
            }
        }
    }

    fn external_ids(&mut self) -> Sent<ExternalIdsDraft> {
        let mut ids = ExternalIdsDraft::default();
        ids.imdb = self.one(Field::Imdb, |_, text| ids::imdb(text).map(Some));
        ids.tmdb = map(self.one(Field::Tmdb, |_, text| number::whole(text)), Whole);
        match (&ids.imdb, &ids.tmdb) {
            (Sent::Absent, Sent::Absent) => Sent::Absent,
            _ => Sent::Given(ids),
        }
    }

    /// One value: the first cell that holds something. `read` gives what is wrong with it, or nothing
    /// where it stands for nothing.
    fn one<T>(
        &mut self,
        field: Field,
        read: impl Fn(&Reading, &str) -> Result<Option<T>, String>,
    ) -> Sent<T> {
        let Some(slot) = self.slots.get(field) else { return Sent::Absent };
        for (cell, _) in &slot.cells {
            let value = match cell::text(*cell, field, &self.reading.empty) {
                Ok(None) => continue,
                Ok(Some(text)) => read(self.reading, &text),
                Err(reason) => Err(reason),
            };
            match value {
                Ok(Some(value)) => return Sent::Given(value),
                Ok(None) => {}
                Err(reason) => {
                    self.complaints.push(Complaint::about(field.name(), reason));
                    return Sent::Wrong;
                }
            }
        }
        self.empty()
    }

    fn list(&mut self, field: Field) -> Sent<Vec<Sent<String>>> {
        let Some(slot) = self.slots.get(field) else { return Sent::Absent };
        let mut names = Vec::new();
        for (cell, is_split) in &slot.cells {
            let separators = is_split.then_some(self.reading.separators.as_slice());
            if let Err(reason) =
                list::read(*cell, field, separators, &self.reading.empty, &mut names)
            {
                self.complaints.push(Complaint::about(field.name(), reason));
                return Sent::Wrong;
            }
        }
        match names.is_empty() {
            true => self.empty(),
            false => Sent::Given(names.into_iter().map(Sent::Given).collect()),
        }
    }

    /// What a field is that the record has no value for.
    fn empty<T>(&self) -> Sent<T> {
        if self.reading.clears { Sent::Null } else { Sent::Absent }
    }
}

fn whole(year: i16) -> Whole {
    Whole(i64::from(year))
}

fn map<T, U>(sent: Sent<T>, change: impl FnOnce(T) -> U) -> Sent<U> {
    match sent {
        Sent::Absent => Sent::Absent,
        Sent::Null => Sent::Null,
        Sent::Wrong => Sent::Wrong,
        Sent::Given(value) => Sent::Given(change(value)),
    }
}

#[cfg(test)]
mod tests;
