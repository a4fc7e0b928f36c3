//! What is true of every film and every command.

use events::{Event, MovieId};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Movie, MovieAction, MovieCommand, MovieContent, MovieDraft};
use crate::Aggregate;

const FILM: MovieId = MovieId(Uuid::from_u128(1));

/// Few values for each field, so that two films often agree.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("Noir"), Just("noir"), Just("é"), Just("e"), Just("三"), Just("b b")]
        .prop_map(str::to_owned)
}

fn names() -> impl Strategy<Value = Value> {
    proptest::collection::vec(name(), 0..4).prop_map(Value::from)
}

fn nullable(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 3 => value].boxed()
}

fn external_ids() -> impl Strategy<Value = Value> {
    let imdb = nullable(prop_oneof![Just(json!("tt0000001")), Just(json!("tt0000002"))]);
    let tmdb = nullable((1..3).prop_map(Value::from));
    (proptest::option::of(imdb), proptest::option::of(tmdb))
        .prop_map(|(imdb, tmdb)| object([("imdb", imdb), ("tmdb", tmdb)]))
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect::<Map<_, _>>())
}

/// A merge patch of a film: any of its fields, `null` for those that may be empty.
fn patch() -> impl Strategy<Value = Value> {
    let maybe = |value: BoxedStrategy<Value>| proptest::option::of(value);
    (
        maybe(name().prop_map(Value::from).boxed()),
        maybe(nullable(name().prop_map(Value::from))),
        maybe(nullable((2000..2003).prop_map(Value::from))),
        maybe(nullable(prop_oneof![Just(json!("2001-02-03")), Just(json!("2002-02-03"))])),
        maybe(nullable(prop_oneof![Just(json!("")), Just(json!("About love."))])),
        maybe(nullable(names())),
        maybe(nullable(names())),
        maybe(nullable(names())),
        maybe(nullable(external_ids())),
    )
        .prop_map(|(title, original, year, date, synopsis, genres, tags, platforms, ids)| {
            object([
                ("title", title),
                ("original_title", original),
                ("year", year),
                ("release_date", date),
                ("synopsis", synopsis),
                ("genres", genres),
                ("tags", tags),
                ("platforms", platforms),
                ("external_ids", ids),
            ])
        })
}

/// A whole film: a patch that has a title.
fn document() -> impl Strategy<Value = Value> {
    (name(), patch()).prop_map(|(title, mut film)| {
        film["title"] = Value::from(title);
        film
    })
}

fn draft(json: &Value) -> MovieDraft {
    serde_json::from_value(json.clone()).unwrap()
}

fn content(json: &Value) -> Box<MovieContent> {
    Box::new(draft(json).into_content().unwrap())
}

/// A film as a JSON document, the way a client sees it.
fn as_document(content: &MovieContent) -> Value {
    let mut json = serde_json::to_value(&content.details).unwrap();
    json["tags"] = json!(content.tags);
    json["platforms"] = json!(content.platforms);
    json
}

/// The algorithm of RFC 7396, section 2, to the letter.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], value);
        }
    }
}

fn listed(film: &Value) -> Movie {
    Movie::Listed(content(film))
}

fn decide(film: &Movie, action: MovieAction) -> Vec<Event> {
    film.decide(&MovieCommand { movie: FILM, action }).unwrap()
}

fn after(film: Movie, events: &[Event]) -> MovieContent {
    match events.iter().fold(film, Movie::evolve) {
        Movie::Listed(content) => *content,
        other => panic!("not listed: {other:?}"),
    }
}

proptest! {
    #[test]
    fn what_was_put_is_there_afterwards(old in document(), new in document()) {
        for film in [Movie::Unknown, listed(&old)] {
            let events = decide(&film, MovieAction::Put(content(&new)));
            let reached = after(film, &events);
            prop_assert!(reached.says_the_same_as(&content(&new)), "{reached:?}");
        }
    }

    #[test]
    fn a_command_that_is_repeated_is_no_news(old in document(), new in document(), part in patch()) {
        let patch = || Box::new(draft(&part).into_patch().unwrap());
        let actions: [&dyn Fn() -> MovieAction; 2] =
            [&|| MovieAction::Put(content(&new)), &|| MovieAction::Patch(patch())];
        for action in actions {
            let film = listed(&old);
            let events = decide(&film, action());
            let reached = Movie::Listed(Box::new(after(film, &events)));
            prop_assert_eq!(decide(&reached, action()), vec![]);
        }
    }

    #[test]
    fn a_merge_patch_does_what_putting_the_merged_document_does(old in document(), part in patch()) {
        let film = listed(&old);
        let mut merged = as_document(&content(&old));
        // A date that is set takes the year along: the one thing that merging does not do.
        if part["release_date"].is_string() {
            merged["year"] = Value::Null;
        }
        merge(&mut merged, &part);
        let patch = Box::new(draft(&part).into_patch().unwrap());
        prop_assert_eq!(
            decide(&film, MovieAction::Patch(patch)),
            decide(&film, MovieAction::Put(content(&merged)))
        );
    }

    #[test]
    fn a_film_sent_back_as_it_is_is_no_news(old in document()) {
        let film = content(&old);
        let same = content(&as_document(&film));
        prop_assert_eq!(decide(&Movie::Listed(film), MovieAction::Put(same)), vec![]);
    }

    #[test]
    fn no_text_makes_a_draft_fail_to_be_read(text in any::<String>(), number in any::<f64>()) {
        let fields = json!({"title": text, "year": number, "genres": [text, number], "cast": number});
        let _ = draft(&fields).into_content();
    }
}
