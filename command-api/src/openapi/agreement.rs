//! The published schemas and the checks of `domain` say the same: whatever one accepts, so does the
//! other.

use std::sync::LazyLock;

use domain::{genre::GenreDraft, movie::MovieDraft, rating::RatingDraft};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;

use super::{GenreDescription, MoviePatch, MovieReplacement, NewMovie, RatingOfMine};
use crate::routes::READ_ONLY_FIELDS;

fn validator<T: PartialSchema>() -> Validator {
    jsonschema::validator_for(&serde_json::to_value(T::schema()).unwrap()).unwrap()
}

static NEW_MOVIE: LazyLock<Validator> = LazyLock::new(validator::<NewMovie>);
static REPLACEMENT: LazyLock<Validator> = LazyLock::new(validator::<MovieReplacement>);
static PATCH: LazyLock<Validator> = LazyLock::new(validator::<MoviePatch>);
static RATING: LazyLock<Validator> = LazyLock::new(validator::<RatingOfMine>);
static GENRE: LazyLock<Validator> = LazyLock::new(validator::<GenreDescription>);

fn draft(body: &Value) -> Option<MovieDraft> {
    serde_json::from_value(body.clone()).ok()
}

fn creates(body: &Value) -> bool {
    draft(body).is_some_and(|draft| draft.into_content().is_ok())
}

fn replaces(body: &Value) -> bool {
    draft(body).is_some_and(|draft| draft.ignoring(READ_ONLY_FIELDS).into_content().is_ok())
}

fn patches(body: &Value) -> bool {
    draft(body).is_some_and(|draft| draft.ignoring(READ_ONLY_FIELDS).into_patch().is_ok())
}

fn rates(body: &Value) -> bool {
    serde_json::from_value::<RatingDraft>(body.clone())
        .is_ok_and(|draft| draft.into_value().is_ok())
}

fn describes(body: &Value) -> bool {
    serde_json::from_value::<GenreDraft>(body.clone())
        .is_ok_and(|draft| draft.into_content().is_ok())
}

/// Texts around the edges of what is allowed.
fn text() -> impl Strategy<Value = String> {
    let edge = |chars: usize| prop_oneof![Just("x".repeat(chars)), Just("映".repeat(chars + 1))];
    prop_oneof![
        "[ \\t\\n\\u{85}\\u{a0}\\u{1680}\\u{2003}\\u{2028}\\u{202f}\\u{3000}\\u{200b}\\u{feff}a]{0,4}",
        "\\PC{0,8}",
        any::<String>(),
        edge(100),
        edge(300),
        edge(5000),
    ]
}

/// Texts that nearly are, or are, what this field wants.
fn text_for(field: &str) -> BoxedStrategy<String> {
    match field {
        "language" => "[a-zA-Z]{1,4}(-[a-zA-Z0-9]{1,9}){0,5}".boxed(),
        "country" => "[a-zA-Zé1]{1,3}".boxed(),
        "release_date" => "(18|19|20|21|22)[0-9]{2}-[01][0-9]-[0-3][0-9]".boxed(),
        "imdb" => "[tT]t[0-9]{6,11}".boxed(),
        _ => text().boxed(),
    }
}

/// A value of the type that this field wants.
fn value_for(field: &str) -> BoxedStrategy<Value> {
    match field {
        "year" | "runtime_minutes" | "tmdb" | "value" => number().boxed(),
        "genres" | "tags" | "platforms" | "directors" | "cast" | "studios" => {
            proptest::collection::vec(text(), 0..4).prop_map(Value::from).boxed()
        }
        "external_ids" => {
            let id = |name| proptest::option::of(value_for(name));
            (id("imdb"), id("tmdb"))
                .prop_map(|ids| {
                    let fields = [("imdb", ids.0), ("tmdb", ids.1)];
                    fields.into_iter().filter_map(|(name, id)| Some((name, id?))).collect()
                })
                .boxed()
        }
        field => text_for(field).prop_map(Value::from).boxed(),
    }
}

fn number() -> impl Strategy<Value = Value> {
    let limits =
        [0, 1, 10, 11, 1869, 1870, 2200, 2201, 60_000, 60_001, 2_147_483_647, 2_147_483_648];
    prop_oneof![
        proptest::sample::select(limits.to_vec()).prop_map(|n: i64| json!(n)),
        proptest::sample::select(limits.to_vec()).prop_map(|n| json!(n as f64)),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..12).prop_map(Value::from),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        4 => text().prop_map(Value::from),
        3 => number(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => scalar(),
        1 => proptest::collection::vec(scalar(), 0..3).prop_map(Value::from),
        1 => (49usize..52, Just("n")).prop_map(|(count, name)| json!(vec![name; count])),
        1 => (199usize..202, Just("n")).prop_map(|(count, name)| json!(vec![name; count])),
        1 => Just(json!({"imdb": null, "more": 1})),
    ]
}

/// A body that is mostly plausible: one or two of these fields, so that it is often valid.
fn body(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let field = proptest::sample::select(names).prop_flat_map(|name| {
        (Just(name), prop_oneof![1 => value().boxed(), 3 => value_for(name)])
    });
    let fields = proptest::collection::vec(field, 0..3);
    prop_oneof![
        20 => (fields, any::<bool>()).prop_map(|(fields, titled)| {
            let mut body: Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            if titled {
                body.insert("title".to_owned(), json!("A"));
            }
            Value::Object(body)
        }),
        1 => value(),
    ]
}

const MOVIE_FIELDS: &[&str] = &[
    "title",
    "original_title",
    "year",
    "release_date",
    "runtime_minutes",
    "synopsis",
    "genres",
    "tags",
    "platforms",
    "directors",
    "cast",
    "studios",
    "language",
    "country",
    "external_ids",
    "id",
    "revision",
    "rating",
    "created_at",
    "updated_at",
    "links",
    "stars",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn films_are_accepted_if_and_only_if_the_schema_accepts_them(body in body(MOVIE_FIELDS)) {
        prop_assert_eq!(creates(&body), NEW_MOVIE.is_valid(&body), "creating {}", body);
        prop_assert_eq!(replaces(&body), REPLACEMENT.is_valid(&body), "replacing {}", body);
        prop_assert_eq!(patches(&body), PATCH.is_valid(&body), "patching {}", body);
    }

    #[test]
    fn ratings_are_accepted_if_and_only_if_the_schema_accepts_them(body in body(&["value", "stars"])) {
        prop_assert_eq!(rates(&body), RATING.is_valid(&body), "{}", body);
    }

    #[test]
    fn genres_are_accepted_if_and_only_if_the_schema_accepts_them(body in body(&["name", "description", "slug"])) {
        prop_assert_eq!(describes(&body), GENRE.is_valid(&body), "{}", body);
    }
}

#[test]
fn the_days_of_the_schema_are_the_days_that_exist() {
    for year in 1869..=2201 {
        for month in 0..=13 {
            for day in [0, 1, 9, 10, 19, 20, 28, 29, 30, 31, 32] {
                let body = json!({"release_date": format!("{year}-{month:02}-{day:02}")});
                assert_eq!(patches(&body), PATCH.is_valid(&body), "{body}");
            }
        }
    }
}

#[test]
fn every_character_is_allowed_in_the_schema_where_it_is_allowed_in_the_code() {
    for c in ('\0'..='\u{ffff}').chain(['🎬', '\u{10ffff}']) {
        for body in [json!({"title": c}), json!({"synopsis": c}), json!({"title": format!("a{c}")})]
        {
            assert_eq!(patches(&body), PATCH.is_valid(&body), "{:?} {body}", u32::from(c));
        }
    }
}
