//! The rules of the read model, one by one: given a history, then these are the changes.

use crate::history::{History, film, names, person};
use events::{MovieChanges, MovieDeleted, MovieDetails, Position, Revision, Slug, StreamName};
use jiff::Timestamp;
use read_model::{
    Changes, Checkpoint, FacetChange, FacetDocument, FacetKind, Fact, Keys, Loaded, MovieDocument,
    Outcome, Poison, PoisonReason, Projection, RatingState, SearchChange, StoredMovie,
    WithdrawnRating,
};

fn fold(history: &History) -> Changes {
    let mut projection = Projection::default();
    for event in &history.events {
        if let Err(poison) = projection.apply(&Fact::read(event)) {
            projection.park(poison);
        }
    }
    projection.into_changes(Vec::new())
}

/// What the last event is refused for, after all others were folded in.
fn refusal(history: &History) -> PoisonReason {
    let (last, before) = history.events.split_last().unwrap();
    let mut projection = Projection::default();
    for event in before {
        projection.apply(&Fact::read(event)).unwrap();
    }
    projection.apply(&Fact::read(last)).unwrap_err().reason
}

fn movie(changes: &Changes, number: u8) -> &MovieDocument {
    &changes.movies.iter().find(|change| change.document.id == film(number)).unwrap().document
}

fn genre(changes: &Changes, slug: &str) -> Option<FacetDocument> {
    let key = (FacetKind::Genre, Slug::of(slug));
    changes.facets.iter().find_map(|change| match change {
        FacetChange::Store(facet) if facet.key() == key => Some(facet.clone()),
        _ => None,
    })
}

fn genre_name(history: &History, slug: &str) -> Option<String> {
    genre(&fold(history), slug).map(|genre| genre.name)
}

/// A film that the first event created.
fn at_1(document: &MovieDocument) -> StoredMovie {
    StoredMovie { created: Position(1), document: document.clone() }
}

fn with_genres<const N: usize>(genres: [&str; N]) -> MovieChanges {
    MovieChanges { genres: Some(names(genres)), ..MovieChanges::default() }
}

#[test]
fn a_name_is_spelled_as_most_of_its_films_spell_it() {
    let mut history = History::default();
    history.create_with_genres(1, ["Sci-Fi"]).create_with_genres(2, ["SCI FI"]);
    assert_eq!(genre_name(&history, "sci-fi").unwrap(), "SCI FI", "of equals, the first in order");
    history.create_with_genres(3, ["Sci-Fi"]);
    assert_eq!(genre_name(&history, "sci-fi").unwrap(), "Sci-Fi");
    history.delete(1).delete(3);
    assert_eq!(genre_name(&history, "sci-fi").unwrap(), "SCI FI");
    history.delete(2);
    assert_eq!(genre_name(&history, "sci-fi"), None);
}

#[test]
fn the_only_film_of_a_facet_can_spell_it_anew() {
    let mut history = History::default();
    history.create_with_genres(1, ["scifi fun"]).change(1, with_genres(["Sci-Fi"]));
    history.change(1, with_genres(["SCI-FI"]));
    let changes = fold(&history);
    let facet = genre(&changes, "sci-fi").unwrap();
    assert_eq!((facet.name.as_str(), facet.movie_count), ("SCI-FI", 1));
    assert_eq!(genre(&changes, "scifi-fun"), None);
}

#[test]
fn a_described_genre_keeps_its_name_and_stays_without_films() {
    let mut history = History::default();
    history.create_with_genres(1, ["film noir"]).describe("Film Noir", "Hard light.").delete(1);
    history.create_with_genres(2, ["FILM NOIR"]).delete(2);
    let facet = genre(&fold(&history), "film-noir").unwrap();
    assert_eq!((facet.name.as_str(), facet.movie_count), ("Film Noir", 0));
    assert_eq!(facet.description.as_deref(), Some("Hard light."));
    assert_eq!(facet.revision, Revision(1));
}

#[test]
fn a_genre_can_be_described_before_any_film_has_it() {
    let mut history = History::default();
    history.describe("Film Noir", "Hard light.").create_with_genres(1, ["film noir"]);
    let facet = genre(&fold(&history), "film-noir").unwrap();
    assert_eq!((facet.name.as_str(), facet.movie_count), ("Film Noir", 1));
}

#[test]
fn a_person_who_directs_and_plays_is_counted_once() {
    let mut history = History::default();
    let people = names(["Orson Welles"]);
    let (directors, cast) = (people.clone(), people);
    history.create(1, MovieDetails { title: "F".into(), directors, cast, ..<_>::default() });
    let facets = movie(&fold(&history), 1).facets();
    let kinds: Vec<_> = facets.keys().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [FacetKind::Director, FacetKind::Actor, FacetKind::Person]);
    for change in fold(&history).facets {
        let FacetChange::Store(facet) = change else { panic!("nothing is removed") };
        assert_eq!(facet.movie_count, 1);
    }
}

#[test]
fn names_with_one_slug_are_one_facet() {
    let mut history = History::default();
    history.create_with_genres(1, ["Drama", "DRAMA"]);
    assert_eq!(genre(&fold(&history), "drama").unwrap().movie_count, 1);
}

#[test]
fn deleting_a_film_takes_it_out_of_every_facet_and_of_search_and_restoring_puts_it_back() {
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]);
    let stored = movie(&fold(&history), 1).clone();
    let fold_last = |history: &History, stored: &MovieDocument| {
        let loaded = Loaded { movies: vec![at_1(stored)], ..Loaded::default() };
        let mut projection = Projection::of(loaded);
        projection.apply(&Fact::read(history.events.last().unwrap())).unwrap();
        let count = u64::from(!stored.deleted);
        let drama = FacetDocument {
            kind: FacetKind::Genre,
            slug: Slug::of("drama"),
            name: "Drama".into(),
            description: None,
            movie_count: count,
            spellings: [("Drama".to_owned(), count)].into(),
            revision: Revision::NONE,
        };
        let facets = if count == 0 { vec![] } else { vec![drama] };
        projection.into_changes(facets)
    };
    let drama = vec![(FacetKind::Genre, Slug::of("drama"))];

    let deleted = fold_last(history.delete(1), &stored);
    assert_eq!(deleted.movies[0].left, drama);
    assert_eq!(deleted.movies[0].search, SearchChange::Remove);
    assert_eq!(deleted.facets, [FacetChange::Remove(drama[0].clone())]);

    let restored = fold_last(history.restore(1), movie(&deleted, 1));
    assert_eq!(restored.movies[0].joined, drama);
    assert!(matches!(restored.movies[0].search, SearchChange::Store(_)));
    assert_eq!(genre(&restored, "drama").unwrap().movie_count, 1);
}

#[test]
fn ratings_of_a_deleted_film_are_kept_and_counted() {
    let mut history = History::default();
    history.create_with_genres(1, []).rate(1, 1, 8).delete(1).rate(1, 2, 6);
    let changes = fold(&history);
    let rating = &movie(&changes, 1).rating;
    assert_eq!((rating.sum, rating.count), (14, 2));
    assert_eq!(changes.ratings.len(), 2);
}

#[test]
fn a_person_has_one_rating_of_a_film_and_can_take_it_back() {
    let mut history = History::default();
    history.create_with_genres(1, []).rate(1, 1, 3).rate(1, 1, 9);
    let rating = movie(&fold(&history), 1).rating.clone();
    assert_eq!((rating.sum, rating.count, rating.histogram[8]), (9, 1, 1));
    history.withdraw(1, 1);
    let changes = fold(&history);
    assert_eq!(movie(&changes, 1).rating.average(), None);
    let (movie_id, account_id, revision) = (film(1), person(1), Revision(3));
    let withdrawn = WithdrawnRating { movie_id, account_id, revision };
    assert_eq!(changes.ratings[0].now, RatingState::Withdrawn(withdrawn));
    history.rate(1, 1, 5);
    let now = &fold(&history).ratings[0].now;
    assert!(matches!(now, RatingState::Given(rating) if rating.value == 5));
}

#[test]
fn a_rating_moves_the_rating_revision_and_not_the_catalogue_s() {
    let mut history = History::default();
    history.create_with_genres(1, []).rate(1, 1, 3).withdraw(1, 1).rate(1, 1, 4);
    let changes = fold(&history);
    let movie = movie(&changes, 1);
    assert_eq!((movie.revision, movie.rating_revision), (Revision(1), 3));
    assert_eq!(movie.updated_at, Timestamp::from_second(1).unwrap());
    assert_eq!(movie.rating.changed_at, Some(Timestamp::from_second(4).unwrap()));
}

#[test]
fn when_a_film_was_last_rated_is_the_latest_time_whatever_the_order() {
    let mut history = History::default();
    history.create_with_genres(1, []).rate(1, 1, 3).rate(1, 2, 4);
    let (two, three) = (history.events[1].clone(), history.events[2].clone());
    let mut projection = Projection::default();
    for event in [&history.events[0], &three, &two] {
        projection.apply(&Fact::read(event)).unwrap();
    }
    let changes = projection.into_changes(Vec::new());
    let latest = Some(Timestamp::from_second(3).unwrap());
    assert_eq!(movie(&changes, 1).rating.changed_at, latest);
}

#[test]
fn a_film_s_place_is_where_it_was_created() {
    let mut history = History::default();
    history.describe("Noir", "").create_with_genres(1, []).delete(1);
    let changes = fold(&history);
    assert_eq!((changes.movies[0].created, changes.movies[0].is_new), (Position(2), true));
}

#[test]
fn a_rating_alone_touches_neither_facets_nor_search() {
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]);
    let stored = movie(&fold(&history), 1).clone();
    history.rate(1, 1, 7);
    let mut projection =
        Projection::of(Loaded { movies: vec![at_1(&stored)], ..Loaded::default() });
    projection.apply(&Fact::read(&history.events[1])).unwrap();
    assert!(projection.facet_keys().is_empty());
    let changes = projection.into_changes(Vec::new());
    assert!(!changes.movies[0].is_new && !changes.movies[0].entry_changed);
    assert_eq!(changes.movies[0].search, SearchChange::Keep);
    assert!(changes.movies[0].left.is_empty() && changes.movies[0].joined.is_empty());
}

#[test]
fn a_poison_event_stops_its_stream_and_no_other() {
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).create_with_genres(2, []);
    history.record_poison(StreamName::movie(film(1)));
    history.delete(1).delete(2).rate(1, 1, 10);
    let changes = fold(&history);
    assert!(!movie(&changes, 1).deleted);
    assert!(movie(&changes, 2).deleted);
    assert_eq!(movie(&changes, 1).rating.count, 1);
    let stream = StreamName::movie(film(1));
    assert_eq!(changes.parked, [(Position(3), stream.clone()), (Position(4), stream)]);
    assert_eq!(changes.poison.len(), 1);
}

#[test]
fn a_stream_that_is_parked_in_the_store_stays_parked() {
    let mut history = History::default();
    history.create_with_genres(1, []).delete(1);
    let parked = [StreamName::movie(film(1))].into();
    let mut projection = Projection::of(Loaded { parked, ..Loaded::default() });
    let outcome = projection.apply(&Fact::read(&history.events[1]));
    assert_eq!(outcome, Ok(Outcome::Parked));
}

#[test]
fn the_reason_of_a_poison_event_holds_none_of_its_data() {
    let mut history = History::default();
    history.create_with_genres(1, []).record_poison(StreamName::movie(film(1)));
    let poison = &fold(&history).poison[0];
    assert!(!poison.to_string().contains("s3cr3t") && !poison.to_string().contains("secret"));
    assert!(poison.to_string().contains("is no well-formed MovieTagged version 1"));
}

#[test]
fn an_event_of_an_unknown_version_is_poison() {
    let mut history = History::default();
    history.create_with_genres(1, []);
    history.events[0].schema_version = 99;
    let reason = PoisonReason::Unknown { event_type: "MovieCreated".into(), version: 99 };
    assert_eq!(refusal(&history), reason);
}

#[test]
fn an_event_that_was_folded_in_already_is_refused() {
    let mut history = History::default();
    history.create_with_genres(1, []).delete(1);
    history.events.push(history.events[1].clone());
    let (expected, actual) = (Revision(3), Revision(2));
    assert_eq!(refusal(&history), PoisonReason::OutOfTurn { expected, actual });
}

#[test]
fn a_rating_whose_stream_has_a_gap_is_refused_wherever_the_gap_is() {
    let refused = |rated: &mut History, missing: usize| {
        rated.events.remove(missing);
        refusal(rated)
    };
    let out_of_turn = |expected, actual| {
        let (expected, actual) = (Revision(expected), Revision(actual));
        PoisonReason::OutOfTurn { expected, actual }
    };
    let mut history = History::default();
    history.create_with_genres(1, []).rate(1, 1, 3).rate(1, 1, 4);
    assert_eq!(refused(&mut history, 1), out_of_turn(1, 2), "at the start");
    let mut history = History::default();
    history.create_with_genres(1, []).rate(1, 1, 3).withdraw(1, 1).rate(1, 1, 4).rate(1, 1, 5);
    assert_eq!(refused(&mut history, 3), out_of_turn(3, 4), "after a withdrawal");
}

#[test]
fn a_rating_that_was_withdrawn_cannot_be_withdrawn_again() {
    let mut history = History::default();
    history.create_with_genres(1, []).rate(1, 1, 3).withdraw(1, 1).withdraw(1, 1);
    assert_eq!(refusal(&history), PoisonReason::NoSuchRating);
}

#[test]
fn an_event_in_the_stream_of_something_else_is_refused() {
    let mut history = History::default();
    history.create_with_genres(1, []).create_with_genres(2, []);
    history.record_in(StreamName::movie(film(1)), MovieDeleted { movie_id: film(2) });
    assert_eq!(refusal(&history), PoisonReason::Misplaced(StreamName::movie(film(2))));
}

#[test]
fn what_contradicts_the_documents_is_refused() {
    let refused = |record: fn(&mut History) -> &mut History| {
        let mut history = History::default();
        record(&mut history);
        refusal(&history)
    };
    assert_eq!(refused(|h| h.delete(1)), PoisonReason::NoSuchMovie);
    assert_eq!(refused(|h| h.rate(1, 1, 5)), PoisonReason::NoSuchMovie);
    assert_eq!(
        refused(|h| h.create_with_genres(1, []).create_with_genres(1, [])),
        PoisonReason::CreatedTwice
    );
    assert_eq!(refused(|h| h.create_with_genres(1, []).withdraw(1, 1)), PoisonReason::NoSuchRating);
    for value in [0, 11, 255] {
        let mut history = History::default();
        history.create_with_genres(1, []).rate(1, 1, value);
        assert_eq!(refusal(&history), PoisonReason::RatingOutOfRange);
    }
}

#[test]
fn a_refused_event_changes_nothing() {
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).rate(1, 1, 5);
    let before = fold(&history);
    history.rate(1, 1, 11);
    let after = fold(&history);
    assert_eq!(after.poison.len(), 1);
    assert_eq!(
        (after.movies, after.ratings, after.facets),
        (before.movies, before.ratings, before.facets)
    );
}

#[test]
fn the_keys_of_a_batch_are_the_films_ratings_and_streams_it_names() {
    let mut history = History::default();
    history.create_with_genres(1, []).rate(2, 3, 5).describe("Noir", "");
    let before = history.events.len();
    history.delete(1).rate(2, 3, 6).rate(1, 3, 5).describe("Noir", "Dark.");
    let facts: Vec<_> = history.events[before..].iter().map(Fact::read).collect();
    let keys = Keys::of(&facts);
    assert_eq!(keys.movies, [film(1), film(2)].into());
    assert_eq!(keys.ratings, [(film(2), person(3))].into());
    assert_eq!(keys.streams.len(), 3);
}

#[test]
fn what_begins_in_a_batch_is_not_looked_for_in_the_store() {
    let mut history = History::default();
    history.create_with_genres(1, []).delete(1).rate(1, 3, 5).rate(1, 3, 6).rate(2, 3, 5);
    let facts: Vec<_> = history.events.iter().map(Fact::read).collect();
    assert_eq!(Keys::of(&facts), Keys { movies: [film(2)].into(), ..Keys::default() });
}

#[test]
fn a_film_is_looked_for_though_the_first_event_of_another_stream_is_about_it() {
    let mut history = History::default();
    history.record_in(StreamName::movie(film(2)), MovieDeleted { movie_id: film(1) });
    let facts: Vec<_> = history.events.iter().map(Fact::read).collect();
    assert_eq!(Keys::of(&facts).movies, [film(1)].into());
}

#[test]
fn the_announcement_names_every_film_and_facet_that_changed() {
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).create_with_genres(2, ["Noir"]).rate(2, 1, 5);
    let at = |position| Checkpoint { generation: 1, position: Position(position) };
    let announced = fold(&history).announcement(at(0), at(3));
    assert_eq!(announced.movies, [film(1), film(2)]);
    let genres = ["drama", "noir"].map(|slug| (FacetKind::Genre, Slug::of(slug)));
    assert_eq!(announced.facets, genres);
    assert_eq!((announced.previous, announced.checkpoint), (at(0), at(3)));
}

#[test]
fn a_poison_event_says_where_it_is() {
    let mut history = History::default();
    history.create_with_genres(1, []).record_poison(StreamName::movie(film(1)));
    let Poison { position, stream, .. } = &fold(&history).poison[0];
    assert_eq!((*position, stream), (Position(2), &StreamName::movie(film(1))));
}
