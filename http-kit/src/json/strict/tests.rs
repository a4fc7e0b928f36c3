//! What is read, and what is found wrong.

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Film {
    title: String,
    ids: Option<Ids>,
    #[serde(default)]
    scores: Vec<f64>,
    kind: Option<Kind>,
    #[serde(default)]
    cast: Vec<Ids>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Ids {
    tmdb: u32,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Short,
}

fn read(value: Value) -> Result<Film, Vec<String>> {
    super::read(value).map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
}

/// All that is wrong, as one text.
fn wrong(value: Value) -> String {
    read(value).unwrap_err().join("; ")
}

#[test]
fn objects_lists_numbers_and_enums_are_read_as_usual() {
    let film = read(json!({"title": "x", "ids": {"tmdb": 1}, "scores": [1, 2.5], "kind": "short"}));
    let ids = Some(Ids { tmdb: 1 });
    let (scores, cast) = (vec![1.0, 2.5], Vec::new());
    let kind = Some(Kind::Short);
    assert_eq!(film, Ok(Film { title: "x".to_owned(), ids, scores, kind, cast }));
    assert!(read(json!({"title": "x", "ids": null})).is_ok());
}

#[test]
fn an_array_is_no_object_at_any_depth() {
    assert!(wrong(json!(["x", null, [], null])).contains("expected an object"));
    assert!(wrong(json!({"title": "x", "ids": [1]})).contains("/ids: invalid type"));
}

#[test]
fn a_number_must_fit() {
    assert!(read(json!({"title": "x", "ids": {"tmdb": -1}})).is_err());
    assert!(read(json!({"title": "x", "ids": {"tmdb": 1.5}})).is_err());
    assert!(read(json!({"title": 1})).is_err());
}

#[test]
fn all_that_there_is_no_field_for_is_named_at_every_depth() {
    let film = json!({
        "title": "x", "colour": 1, "ids": {"tmdb": 1, "im/db": 2, "rotten": 3},
        "cast": [{"tmdb": 1}, {"tmdb": 2, "name": "b"}], "stars": [],
    });
    let expected = [
        "/colour: is not known here; expected title, ids, scores, kind, cast",
        "/stars: is not known here; expected title, ids, scores, kind, cast",
        "/cast/1/name: is not known here; expected tmdb",
        "/ids/im~1db: is not known here; expected tmdb",
        "/ids/rotten: is not known here; expected tmdb",
    ];
    // Members stand in the order of the client, or of the alphabet: that hangs on features of serde_json.
    let mut found = read(film).unwrap_err();
    found.sort_by_key(|error| expected.iter().position(|expected| expected == error));
    assert_eq!(found, expected);
}

#[test]
fn what_else_is_wrong_is_said_beside_it() {
    let known = "is not known here; expected title, ids, scores, kind, cast";
    let missing = wrong(json!({"kinds": 1, "titel": "x"}));
    assert_eq!(missing, format!("/title: is required; /kinds: {known}; /titel: {known}"));
    let misfit = wrong(json!({"title": "x", "scores": [1, "2"], "stars": 5}));
    assert!(misfit.starts_with("/scores/1: invalid type"), "{misfit}");
    assert!(misfit.ends_with(&format!("; /stars: {known}")), "{misfit}");
    let deeper = wrong(json!({"title": "x", "cast": [{"tmdb": 1}, {}]}));
    assert_eq!(deeper, "/cast/1/tmdb: is required");
}

#[test]
fn a_place_is_right_after_an_error_that_was_passed_over() {
    #[derive(Debug)]
    struct Passed;

    impl<'de> Deserialize<'de> for Passed {
        fn deserialize<D: de::Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
            // Whether or not these can be read.
            let _ = Vec::<u32>::deserialize(value);
            Ok(Self)
        }
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read and not looked at")]
    struct Both {
        first: Passed,
        second: u32,
    }

    let read = super::read::<Both>(json!({"first": [1, "x"], "second": "y"}));
    assert!(read.unwrap_err()[0].to_string().starts_with("/second: invalid type"));
}

#[test]
fn not_more_is_kept_than_an_answer_lists_and_one() {
    let members = (0..5000).map(|n| (format!("n{n}"), json!(1)));
    let film = Value::Object(members.chain([("title".to_owned(), json!("x"))]).collect());
    assert_eq!(read(film).unwrap_err().len(), Problem::ERRORS_MAX + 1);
}
