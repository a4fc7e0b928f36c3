//! A mapping at work: the cells of each record under the fields that they are.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::{Field, Mapping, Target, guess};

/// How deep objects in objects are looked into.
const DEPTH_MAX: usize = 4;

/// How many names of columns are remembered. JSON that is keyed by something else than columns has
/// more; those are looked up anew each time.
const NAMES_MAX: usize = 10_000;

/// How many unused columns are named.
const UNUSED_MAX: usize = 200;

/// What a cell holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    /// The text of a cell.
    Text(&'a str),
    /// A value of JSON.
    Json(&'a Value),
}

impl Cell<'_> {
    fn is_empty(self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Json(value) => value.is_null(),
        }
    }
}

/// What a record has for one field.
#[derive(Debug, Default)]
pub(crate) struct Slot<'a> {
    /// 0 where it was said to be this field, else how good the guess is.
    rank: u8,
    /// Where several columns were said to be this field, each in turn; and whether it is split.
    pub(crate) cells: Vec<(Cell<'a>, bool)>,
}

/// What a record has for each field.
#[derive(Debug, Default)]
pub(crate) struct Slots<'a>([Option<Slot<'a>>; Field::ALL.len()]);

impl<'a> Slots<'a> {
    /// What there is for a field. `None` where the record has no such column.
    pub(crate) fn get(&self, field: Field) -> Option<&Slot<'a>> {
        self.0[field as usize].as_ref()
    }
}

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Said to be this.
    Said(Target),
    /// Guessed to be this.
    Guessed(Target, u8),
    /// Left out on purpose.
    LeftOut,
    Unknown,
}

/// A mapping, and what has been found out about the columns of a file.
#[derive(Debug)]
pub(crate) struct Plan {
    mapping: Mapping,
    constants: Vec<(Target, String)>,
    known: HashMap<String, Meaning>,
    unused: BTreeSet<String>,
    /// Those columns that were said to be something, and no record has had so far.
    unseen: BTreeSet<String>,
}

impl Plan {
    pub(crate) fn new(mapping: Mapping) -> Self {
        let constants = mapping.constants.clone();
        let unseen = mapping.columns.iter().map(|(column, _)| column.clone()).collect();
        Self { mapping, constants, known: HashMap::new(), unused: BTreeSet::new(), unseen }
    }

    /// Whether one of these columns is the title.
    pub(crate) fn has_title(&mut self, columns: &[String]) -> bool {
        let is_title = |meaning| match meaning {
            Meaning::Said(target) | Meaning::Guessed(target, _) => target.field == Field::Title,
            _ => false,
        };
        columns.iter().any(|column| is_title(self.meaning(column)))
            || self.constants.iter().any(|(target, _)| target.field == Field::Title)
    }

    /// Those columns that were said to be something, and are not there.
    pub(crate) fn missing(&self, columns: &[String]) -> Vec<String> {
        let said = self.mapping.columns.iter().map(|(column, _)| column);
        said.filter(|said| !columns.contains(said)).cloned().collect()
    }

    /// Those that were said to be something, and that no record had.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = &str> {
        self.unseen.iter().map(String::as_str)
    }

    /// The columns that were used for nothing, and were not left out on purpose.
    pub(crate) fn unused(&self) -> Vec<String> {
        self.unused.iter().cloned().collect()
    }

    /// The cells of a row under their fields.
    pub(crate) fn cells<'a>(&'a mut self, columns: &[String], cells: &'a [String]) -> Slots<'a> {
        let mut slots = Slots::default();
        for (column, cell) in columns.iter().zip(cells) {
            let meaning = self.meaning(column);
            self.place(&mut slots, column, meaning, Cell::Text(cell.trim()));
        }
        self.add_constants(slots)
    }

    /// The values of an object under their fields.
    pub(crate) fn object<'a>(&'a mut self, object: &'a Map<String, Value>) -> Slots<'a> {
        let mut slots = Slots::default();
        self.place_object(&mut slots, "", object, 1);
        self.add_constants(slots)
    }

    fn place_object<'a>(
        &mut self,
        slots: &mut Slots<'a>,
        parent: &str,
        object: &'a Map<String, Value>,
        depth: usize,
    ) {
        for (name, value) in object {
            let path;
            let name = match parent {
                "" => name.as_str(),
                parent => {
                    path = format!("{parent}.{name}");
                    &path
                }
            };
            let meaning = self.meaning(name);
            match (meaning, value) {
                (Meaning::Unknown, Value::Object(inner)) if depth < DEPTH_MAX => {
                    self.place_object(slots, name, inner, depth + 1);
                }
                _ => self.place(slots, name, meaning, Cell::Json(value)),
            }
        }
    }

    /// Puts a cell where it belongs.
    fn place<'a>(&mut self, slots: &mut Slots<'a>, name: &str, meaning: Meaning, cell: Cell<'a>) {
        let (target, rank) = match meaning {
            Meaning::Said(target) => (target, 0),
            Meaning::Guessed(target, rank) => (target, rank),
            Meaning::LeftOut => return,
            Meaning::Unknown => return self.note_unused(name),
        };
        let slot = slots.0[target.field as usize].get_or_insert_default();
        let cell_and_split = (cell, target.is_split);
        let held_is_empty = slot.cells.iter().all(|(cell, _)| cell.is_empty());
        if rank == 0 && slot.rank == 0 {
            slot.cells.push(cell_and_split);
        } else if slot.cells.is_empty()
            || rank == 0
            || (slot.rank > 0 && !cell.is_empty() && (rank < slot.rank || held_is_empty))
        {
            (slot.rank, slot.cells) = (rank, vec![cell_and_split]);
        } else if !cell.is_empty() {
            self.note_unused(name);
        }
    }

    fn add_constants<'a>(&'a self, mut slots: Slots<'a>) -> Slots<'a> {
        for (target, value) in &self.constants {
            let slot = slots.0[target.field as usize].get_or_insert_default();
            let cell = (Cell::Text(value.as_str()), target.is_split);
            // A list has it besides; one value is it only where the record has none.
            if target.field.is_list() || slot.cells.iter().all(|(cell, _)| cell.is_empty()) {
                slot.cells.push(cell);
            }
        }
        slots
    }

    fn note_unused(&mut self, name: &str) {
        if self.unused.len() < UNUSED_MAX && !self.unused.contains(name) {
            self.unused.insert(name.to_owned());
        }
    }

    fn meaning(&mut self, name: &str) -> Meaning {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let meaning = self.find_meaning(name);
        self.unseen.remove(name);
        if self.known.len() < NAMES_MAX {
            self.known.insert(name.to_owned(), meaning);
        }
        meaning
    }

    fn find_meaning(&self, name: &str) -> Meaning {
        let said = self.mapping.columns.iter().rev().find(|(column, _)| column == name);
        match said {
            Some((_, Some(target))) => Meaning::Said(*target),
            Some((_, None)) => Meaning::LeftOut,
            None if !self.mapping.guesses => Meaning::Unknown,
            None => match guess::guess(name) {
                // What was said to be another column is not guessed.
                Some((target, rank)) if !self.is_said(target.field) => {
                    Meaning::Guessed(target, rank)
                }
                _ => Meaning::Unknown,
            },
        }
    }

    fn is_said(&self, field: Field) -> bool {
        let targets = self.mapping.columns.iter().filter_map(|(_, target)| *target);
        targets.into_iter().any(|target| target.field == field)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(map: &str) -> Plan {
        let mut mapping = Mapping::default();
        if !map.is_empty() {
            mapping.add(map).unwrap();
        }
        mapping.add_constant("country=FR").unwrap();
        Plan::new(mapping)
    }

    fn texts(slots: &Slots<'_>, field: Field) -> Vec<String> {
        let text = |(cell, _): &(Cell<'_>, bool)| match cell {
            Cell::Text(text) => (*text).to_owned(),
            Cell::Json(value) => value.to_string(),
        };
        slots.get(field).map(|slot| slot.cells.iter().map(text).collect()).unwrap_or_default()
    }

    fn row(plan: &mut Plan, cells: &[(&str, &str)], field: Field) -> Vec<String> {
        let columns: Vec<String> = cells.iter().map(|(column, _)| (*column).to_owned()).collect();
        let cells: Vec<String> = cells.iter().map(|(_, cell)| (*cell).to_owned()).collect();
        texts(&plan.cells(&columns, &cells), field)
    }

    #[test]
    fn the_best_guess_that_has_something_counts_and_the_others_are_unused() {
        let mut plan = plan("");
        let cells = [("name", "a"), ("Title", "b"), ("movie", "c"), ("Gross", "1")];
        assert_eq!(row(&mut plan, &cells, Field::Title), ["b"]);
        assert_eq!(plan.unused(), ["Gross", "movie"]);
        assert_eq!(row(&mut plan, &[("name", "a"), ("Title", "")], Field::Title), ["a"]);
    }

    #[test]
    fn what_was_said_comes_before_every_guess() {
        let mut plan = plan("Star1=cast,Star2=cast,Name=title,title=-");
        let cells =
            [("title", "no"), ("Name", "yes"), ("Star1", "x"), ("Star2", "y"), ("Film", "z")];
        assert_eq!(row(&mut plan, &cells, Field::Title), ["yes"]);
        assert_eq!(row(&mut plan, &cells, Field::Cast), ["x", "y"]);
        assert_eq!(plan.unused(), ["Film"]);
    }

    #[test]
    fn a_constant_is_what_a_film_has_that_says_nothing() {
        let mut plan = plan("");
        assert_eq!(row(&mut plan, &[("title", "a")], Field::Country), ["FR"]);
        assert_eq!(row(&mut plan, &[("country", "")], Field::Country), ["", "FR"]);
        assert_eq!(row(&mut plan, &[("country", "JP")], Field::Country), ["JP"]);
    }

    #[test]
    fn objects_in_objects_are_found_by_their_path() {
        let mut plan = plan("info.name=title");
        let record = json!({"info": {"name": "a", "x": {"y": 1}}, "external_ids": {"imdb": "tt1"}});
        let Value::Object(record) = &record else { panic!() };
        let slots = plan.object(record);
        assert_eq!(texts(&slots, Field::Title), ["\"a\""]);
        assert_eq!(texts(&slots, Field::Imdb), ["\"tt1\""]);
        drop(slots);
        assert_eq!(plan.unused(), ["info.x.y"]);
    }
}
