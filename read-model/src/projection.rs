//! The projection: folds events into documents, in a working set that knows no store.
//!
//! A batch is folded in three steps: load what [`Keys`](crate::Keys) names, [`apply`](Projection::apply) each
//! event, load the facets that were touched, and take the [`Changes`]. With nothing loaded and the
//! whole log applied, the changes are the whole read model: this is what a rebuild is compared with.

use std::collections::{BTreeMap, BTreeSet};

use events::{
    AccountId, Event, MovieId, MovieRated, Position, RecordedEvent, Revision, StreamName,
};

use crate::{
    Changes, FacetDocument, FacetKey, Facets, Fact, Loaded, MovieChange, MovieDocument, Poison,
    PoisonReason, RatingChange, RatingDocument, RatingState, SearchChange, StoredMovie,
    WithdrawnRating,
    facet_step::{FacetStep, facet_changes},
    fact::Subject,
    search::SearchText,
    tracked::Tracked,
};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is folded in.
    Applied,
    /// It was set aside, behind a poison event of its stream.
    Parked,
}

/// A working set of documents into which events are folded one after the other.
///
/// What is not loaded is taken not to exist.
#[derive(Debug, Default)]
pub struct Projection {
    movies: BTreeMap<MovieId, Film>,
    ratings: BTreeMap<(MovieId, AccountId), Tracked<RatingState>>,
    steps: Vec<FacetStep>,
    stopped: BTreeSet<StreamName>,
    poison: Vec<Poison>,
    parked: Vec<(Position, StreamName)>,
}

#[derive(Debug, Default)]
struct Film {
    /// Where it was created.
    created: Position,
    document: Tracked<MovieDocument>,
    /// The facets of the document as it is now, once they have been worked out.
    facets: Option<Facets>,
}

impl Projection {
    /// A working set that starts from what a store holds.
    #[must_use]
    pub fn of(loaded: Loaded) -> Self {
        let film = |stored: StoredMovie| {
            let StoredMovie { created, document } = stored;
            (document.id, Film { created, document: Tracked::loaded(document), facets: None })
        };
        let rating = |rating: RatingState| (rating.key(), Tracked::loaded(rating));
        Self {
            movies: loaded.movies.into_iter().map(film).collect(),
            ratings: loaded.ratings.into_iter().map(rating).collect(),
            stopped: loaded.parked,
            ..Self::default()
        }
    }

    /// Folds an event in, or sets it aside where its stream has been stopped.
    ///
    /// # Errors
    /// [`Poison`] where it cannot be folded in. Nothing has changed then, and the caller stops or
    /// calls [`park`](Self::park).
    pub fn apply(&mut self, fact: &Fact<'_>) -> Result<Outcome, Poison> {
        let recorded = fact.recorded;
        if self.stopped.contains(&recorded.stream) {
            self.parked.push((recorded.position, recorded.stream.clone()));
            return Ok(Outcome::Parked);
        }
        self.fold(fact).map_err(|reason| Poison {
            position: recorded.position,
            stream: recorded.stream.clone(),
            reason,
        })?;
        Ok(Outcome::Applied)
    }

    /// Sets a poison event aside and stops its stream, so that what follows in it is set aside too.
    pub fn park(&mut self, poison: Poison) {
        self.parked.push((poison.position, poison.stream.clone()));
        self.stopped.insert(poison.stream.clone());
        self.poison.push(poison);
    }

    fn fold(&mut self, fact: &Fact<'_>) -> Result<(), PoisonReason> {
        let event = fact.event.as_ref().map_err(PoisonReason::from)?;
        let subject = Subject::of(event);
        if !subject.is_in(&fact.recorded.stream) {
            return Err(PoisonReason::Misplaced(subject.stream()));
        }
        match subject {
            Subject::Movie(movie) => self.fold_movie(movie, event, fact.recorded),
            Subject::Rating(movie, account, value) => {
                self.fold_rating(movie, account, value, fact.recorded)
            }
            Subject::Genre(genre) => {
                self.steps.push(FacetStep::Describe(genre.clone(), fact.recorded.revision));
                Ok(())
            }
        }
    }

    fn fold_movie(
        &mut self,
        id: MovieId,
        event: &Event,
        recorded: &RecordedEvent,
    ) -> Result<(), PoisonReason> {
        let film = self.movies.entry(id).or_default();
        let now = &mut film.document.now;
        let expected = now.as_ref().map_or(Revision::NONE, |movie| movie.revision).next();
        let actual = recorded.revision;
        let old = match (now.as_mut(), event) {
            (None, Event::MovieCreated(_)) | (Some(_), _) if actual != expected => {
                return Err(PoisonReason::OutOfTurn { expected, actual });
            }
            (None, Event::MovieCreated(created)) => {
                *now = Some(MovieDocument::created(created, recorded));
                film.created = recorded.position;
                Facets::new()
            }
            (None, _) => return Err(PoisonReason::NoSuchMovie),
            (Some(_), Event::MovieCreated(_)) => return Err(PoisonReason::CreatedTwice),
            (Some(movie), _) => {
                let old = film.facets.take().unwrap_or_else(|| movie.facets());
                movie.evolve(event, recorded);
                old
            }
        };
        let new = now.as_ref().map(MovieDocument::facets).unwrap_or_default();
        // A facet whose spelling changes is left and joined, so that its only film renames it.
        let left = old.iter().filter(|(key, name)| new.get(*key) != Some(name));
        let joined = new.iter().filter(|(key, name)| old.get(*key) != Some(name));
        self.steps.extend(left.map(|(key, name)| FacetStep::Leave(key.clone(), name.clone())));
        self.steps.extend(joined.map(|(key, name)| FacetStep::Join(key.clone(), name.clone())));
        film.facets = Some(new);
        Ok(())
    }

    /// `value` is `None` where the rating is withdrawn.
    fn fold_rating(
        &mut self,
        movie_id: MovieId,
        account_id: AccountId,
        value: Option<u8>,
        recorded: &RecordedEvent,
    ) -> Result<(), PoisonReason> {
        let movie = (self.movies.get_mut(&movie_id))
            .and_then(|film| film.document.now.as_mut())
            .ok_or(PoisonReason::NoSuchMovie)?;
        let rating = self.ratings.entry((movie_id, account_id)).or_default();
        let revision = recorded.revision;
        let expected = rating.now.as_ref().map_or(Revision::NONE, RatingState::revision).next();
        if revision != expected {
            return Err(PoisonReason::OutOfTurn { expected, actual: revision });
        }
        let old = rating.now.as_ref().and_then(RatingState::value);
        if old.or(value).is_none() {
            return Err(PoisonReason::NoSuchRating);
        }
        if value.is_some_and(|value| !MovieRated::VALUES.contains(&value)) {
            return Err(PoisonReason::RatingOutOfRange);
        }
        let rated_at = recorded.metadata.recorded_at;
        if let Some(old) = old {
            movie.rating.remove(old);
        }
        rating.now = Some(match value {
            Some(value) => {
                movie.rating.add(value);
                let document = RatingDocument { movie_id, account_id, value, rated_at, revision };
                RatingState::Given(document)
            }
            None => RatingState::Withdrawn(WithdrawnRating { movie_id, account_id, revision }),
        });
        // The latest, in whatever order they come: ratings of other people may be set aside.
        movie.rating.changed_at = movie.rating.changed_at.max(Some(rated_at));
        movie.rating_revision += 1;
        Ok(())
    }

    /// The facets that must be loaded before [`into_changes`](Self::into_changes).
    #[must_use]
    pub fn facet_keys(&self) -> BTreeSet<FacetKey> {
        self.steps.iter().map(FacetStep::key).collect()
    }

    /// What has changed, given what the store holds of [`facet_keys`](Self::facet_keys).
    #[must_use]
    pub fn into_changes(self, facets: Vec<FacetDocument>) -> Changes {
        let changed = |rating: Tracked<RatingState>| {
            let changed = rating.has_changed();
            let now = rating.now.filter(|_| changed)?;
            Some(RatingChange { before: rating.before, now })
        };
        Changes {
            movies: self.movies.into_values().filter_map(Film::into_change).collect(),
            ratings: self.ratings.into_values().filter_map(changed).collect(),
            facets: facet_changes(self.steps, facets),
            poison: self.poison,
            parked: self.parked,
        }
    }
}

impl Film {
    fn into_change(self) -> Option<MovieChange> {
        if !self.document.has_changed() {
            return None;
        }
        let created = self.created;
        let Tracked { before, now } = self.document;
        let (document, is_new) = (now?, before.is_none());
        // Ratings alone change no list's members and no text.
        let Some(new) = self.facets else {
            let (left, joined, search) = (Vec::new(), Vec::new(), SearchChange::Keep);
            return Some(MovieChange {
                created,
                is_new,
                entry_changed: false,
                document,
                left,
                joined,
                search,
            });
        };
        let old = before.as_ref().map(MovieDocument::facets).unwrap_or_default();
        let left = old.keys().filter(|key| !new.contains_key(*key)).cloned().collect();
        let joined = new.keys().filter(|key| !old.contains_key(*key)).cloned().collect();
        let search = match (before.as_ref().and_then(SearchText::of), SearchText::of(&document)) {
            (old, new) if old == new => SearchChange::Keep,
            (_, Some(text)) => SearchChange::Store(text),
            (_, None) => SearchChange::Remove,
        };
        Some(MovieChange { created, is_new, entry_changed: true, document, left, joined, search })
    }
}
