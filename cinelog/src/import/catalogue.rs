//! Films that came another way than by import: found in the read model by what they are known by.
//!
//! The read model may be behind the log, and there may be none. Then such a film is not found, and the
//! import makes one of its own; whatever came by import is found in either case, by its id.

use std::collections::HashMap;

use events::MovieId;
use projector::{StoreError, port::Films};

use super::row::{Key, Row};

/// The read model, to look films up in.
pub(crate) struct Catalogue(Box<dyn Films>);

impl Catalogue {
    /// Looks films up among these.
    pub(crate) fn of(films: Box<dyn Films>) -> Self {
        Self(films)
    }

    /// Gives rows the ids of the films that they are about, where those have other ones than imports
    /// give. By title and year only where that says which film it is.
    pub(super) async fn find<'a>(
        &self,
        rows: impl Iterator<Item = &'a mut Row>,
    ) -> Result<(), StoreError> {
        let mut rows: Vec<&mut Row> = rows.collect();
        let found = self.look_up(&rows).await?;
        for row in &mut rows {
            let Some(ids) = found.get(&row.key) else { continue };
            let movie = match ids.as_slice() {
                ids if ids.contains(&row.movie) => row.movie,
                [id] => *id,
                // The first one that was entered.
                [id, ..] if matches!(row.key, Key::Imdb(_)) => *id,
                _ => row.movie,
            };
            row.movie = movie;
        }
        Ok(())
    }

    /// The films that there are of each key, in the order of their ids.
    async fn look_up(&self, rows: &[&mut Row]) -> Result<HashMap<Key, Vec<MovieId>>, StoreError> {
        let mut found: HashMap<Key, Vec<MovieId>> = HashMap::new();
        let (mut imdb, mut titles) = (Vec::new(), Vec::new());
        for row in rows {
            match &row.key {
                Key::Imdb(id) => imdb.push(id.as_str()),
                // Without a year a title does not say which film it is.
                Key::Title(title, Some(_)) => titles.push(title.as_str()),
                Key::Title(_, None) => {}
            }
        }
        if !imdb.is_empty() {
            for (id, movie) in self.0.by_imdb(&imdb).await? {
                found.entry(Key::Imdb(id)).or_default().push(movie);
            }
        }
        if !titles.is_empty() {
            for (title, year, movie) in self.0.by_title(&titles).await? {
                found.entry(Key::Title(title, Some(year))).or_default().push(movie);
            }
        }
        Ok(found)
    }
}
