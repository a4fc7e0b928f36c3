//! However a history is cut into batches, the same read model comes of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{histories, poisoned_histories};
use events::{AccountId, MovieId, Position, RecordedEvent, StreamName};
use proptest::prelude::*;
use read_model::{
    Changes, FacetChange, FacetDocument, FacetKey, Fact, Keys, Loaded, MovieDocument, Projection,
    RatingState, SearchChange, StoredMovie, search::SearchText,
};

/// A read model in memory, which does with changes what a database does.
#[derive(Debug, Default, PartialEq)]
struct Store {
    movies: BTreeMap<MovieId, StoredMovie>,
    ratings: BTreeMap<(MovieId, AccountId), RatingState>,
    facets: BTreeMap<FacetKey, FacetDocument>,
    members: BTreeSet<(FacetKey, MovieId)>,
    search: BTreeMap<MovieId, SearchText>,
    stopped: BTreeSet<StreamName>,
    parked: BTreeMap<Position, StreamName>,
}

impl Store {
    fn folded(events: &[RecordedEvent], batch_events: usize) -> Self {
        let mut store = Self::default();
        for batch in events.chunks(batch_events) {
            store.fold(batch);
        }
        store
    }

    fn fold(&mut self, events: &[RecordedEvent]) {
        let facts: Vec<_> = events.iter().map(Fact::read).collect();
        let mut projection = Projection::of(self.load(&Keys::of(&facts)));
        for fact in &facts {
            if let Err(poison) = projection.apply(fact) {
                projection.park(poison);
            }
        }
        let facets = projection.facet_keys();
        let facets = facets.iter().filter_map(|key| self.facets.get(key).cloned()).collect();
        self.write(projection.into_changes(facets));
    }

    fn load(&self, keys: &Keys) -> Loaded {
        Loaded {
            movies: keys.movies.iter().filter_map(|id| self.movies.get(id).cloned()).collect(),
            ratings: keys.ratings.iter().filter_map(|key| self.ratings.get(key).cloned()).collect(),
            parked: keys.streams.intersection(&self.stopped).cloned().collect(),
        }
    }

    fn write(&mut self, changes: Changes) {
        for movie in changes.movies {
            let id = movie.document.id;
            for key in movie.left {
                assert!(self.members.remove(&(key, id)), "a film leaves what it belonged to");
            }
            for key in movie.joined {
                assert!(self.members.insert((key, id)), "a film joins what it did not belong to");
            }
            match movie.search {
                SearchChange::Keep => {}
                SearchChange::Store(text) => drop(self.search.insert(id, text)),
                SearchChange::Remove => drop(self.search.remove(&id)),
            }
            let (created, document) = (movie.created, movie.document);
            let there = self.movies.insert(id, StoredMovie { created, document });
            assert_eq!(there.is_none(), movie.is_new);
        }
        for rating in changes.ratings {
            let before = self.ratings.insert(rating.now.key(), rating.now);
            assert_eq!(before, rating.before);
        }
        for facet in changes.facets {
            match facet {
                FacetChange::Store(facet) => drop(self.facets.insert(facet.key(), facet)),
                FacetChange::Remove(key) => drop(self.facets.remove(&key)),
            }
        }
        self.stopped.extend(changes.poison.into_iter().map(|poison| poison.stream));
        self.parked.extend(changes.parked);
    }
}

proptest! {
    #[test]
    fn folding_in_batches_is_folding_one_by_one_and_folding_afresh(
        events in histories(), batch_events in 1usize..12
    ) {
        let afresh = Store::folded(&events, events.len().max(1));
        prop_assert_eq!(&Store::folded(&events, 1), &afresh);
        prop_assert_eq!(&Store::folded(&events, batch_events), &afresh);
        prop_assert!(afresh.parked.is_empty(), "nothing in it is poison");
    }

    #[test]
    fn poison_parks_the_same_events_however_the_batches_fall(
        events in poisoned_histories(), batch_events in 1usize..12
    ) {
        let afresh = Store::folded(&events, events.len().max(1));
        prop_assert_eq!(&Store::folded(&events, 1), &afresh);
        prop_assert_eq!(&Store::folded(&events, batch_events), &afresh);
    }

    #[test]
    fn of_a_stopped_stream_everything_after_the_poison_is_parked(events in poisoned_histories()) {
        let store = Store::folded(&events, 7);
        for stream in &store.stopped {
            let first = store.parked.iter().find(|(_, parked)| *parked == stream).unwrap().0;
            for event in events.iter().filter(|event| event.stream == *stream) {
                prop_assert_eq!(store.parked.contains_key(&event.position), event.position >= *first);
            }
        }
    }

    #[test]
    fn a_film_s_rating_is_what_its_ratings_come_to(events in histories()) {
        let store = Store::folded(&events, 5);
        for (id, StoredMovie { document: movie, .. }) in &store.movies {
            let values: Vec<u64> = (store.ratings.values())
                .filter_map(|rating| match rating {
                    RatingState::Given(given) if given.movie_id == *id => Some(given.value.into()),
                    _ => None,
                })
                .collect();
            let rating = &movie.rating;
            prop_assert_eq!(rating.count, values.len() as u64);
            prop_assert_eq!(rating.sum, values.iter().sum::<u64>());
            prop_assert_eq!(rating.histogram.iter().sum::<u64>(), rating.count);
            let weighed = (1..).zip(rating.histogram).map(|(value, count)| value * count);
            prop_assert_eq!(weighed.sum::<u64>(), rating.sum);
        }
    }

    #[test]
    fn facet_counts_are_what_one_counts_from_the_documents(events in poisoned_histories()) {
        let store = Store::folded(&events, 5);
        let mut counts: BTreeMap<FacetKey, u64> = BTreeMap::new();
        let mut members = BTreeSet::new();
        for StoredMovie { document: movie, .. } in store.movies.values() {
            for key in movie.facets().into_keys() {
                *counts.entry(key.clone()).or_default() += 1;
                members.insert((key, movie.id));
            }
        }
        for facet in store.facets.values() {
            let count = counts.remove(&facet.key()).unwrap_or(0);
            prop_assert_eq!(facet.movie_count, count);
            prop_assert!(count > 0 || facet.is_described());
        }
        prop_assert!(counts.is_empty(), "every facet that a film has is there");
        prop_assert_eq!(&store.members, &members);
    }

    #[test]
    fn what_is_searched_are_the_films_that_are_not_deleted(events in poisoned_histories()) {
        let store = Store::folded(&events, 5);
        let texts = store.movies.values().map(|stored| &stored.document);
        let texts = texts.filter_map(|movie| Some((movie.id, SearchText::of(movie)?)));
        prop_assert_eq!(&store.search, &texts.collect());
    }

    #[test]
    fn a_document_reads_back_as_it_was_written(events in histories()) {
        for StoredMovie { document: movie, .. } in Store::folded(&events, 5).movies.values() {
            let json = serde_json::to_string(movie).unwrap();
            prop_assert_eq!(&serde_json::from_str::<MovieDocument>(&json).unwrap(), movie);
        }
    }
}
