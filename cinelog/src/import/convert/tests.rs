//! What becomes of whole records.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::import::mapping::{Mapping, Plan};

fn reading() -> Reading {
    Reading {
        empty: Vec::new(),
        separators: Vec::new(),
        day_order: None,
        clears: false,
        this_year: 2026,
    }
}

fn draft_of(record: Value) -> Result<MovieDraft, Vec<Complaint>> {
    let Value::Object(record) = record else { panic!() };
    draft(&record, &reading())
}

fn draft(record: &Map<String, Value>, reading: &Reading) -> Result<MovieDraft, Vec<Complaint>> {
    reading.draft(&Plan::new(Mapping::default()).object(record))
}

fn given(text: &str) -> Sent<String> {
    Sent::Given(text.to_owned())
}

#[test]
fn a_number_is_a_title() {
    assert_eq!(draft_of(json!({"title": 300})).unwrap().title, given("300"));
    assert_eq!(draft_of(json!({"title": 12.0})).unwrap().title, given("12"));
    assert_eq!(draft_of(json!({"title": 8.5})).unwrap().title, given("8.5"));
}

#[test]
fn a_film_without_a_title_is_refused() {
    for record in
        [json!({}), json!({"title": null}), json!({"title": " "}), json!({"title": "\\N"})]
    {
        let complaints = draft_of(record).unwrap_err();
        assert_eq!(complaints, [Complaint::about("title", "there is no title")]);
    }
    assert_eq!(draft_of(json!({"title": "None"})).unwrap().title, given("None"));
}

#[test]
fn entities_are_decoded_and_line_ends_become_spaces() {
    let draft = draft_of(json!({
        "title": "Tom &amp; Jerry:\r\n Am&eacute;lie &#8211; R&D",
        "synopsis": "&lt;one&gt;\r\ntwo"
    }));
    let draft = draft.unwrap();
    assert_eq!(draft.title, given("Tom & Jerry: Amélie – R&D"));
    assert_eq!(draft.synopsis, given("<one>\ntwo"));
}

#[test]
fn what_says_nothing_leaves_a_field_alone_or_clears_it() {
    let record =
        json!({"title": "A", "year": "\\N", "runtime": "N/A", "genres": "-", "country": null});
    let Value::Object(record) = record else { panic!() };
    let left = draft(&record, &reading()).unwrap();
    assert_eq!((left.year, left.runtime_minutes), (Sent::Absent, Sent::Absent));
    let clearing = Reading { clears: true, ..reading() };
    let cleared = draft(&record, &clearing).unwrap();
    assert_eq!((cleared.year, cleared.runtime_minutes), (Sent::Null, Sent::Null));
    assert_eq!((cleared.genres, cleared.country), (Sent::Null, Sent::Null));
    assert_eq!(cleared.language, Sent::Absent, "there is no such column");
}

#[test]
fn the_code_of_namibia_is_a_country() {
    assert_eq!(draft_of(json!({"title": "A", "country": "NA"})).unwrap().country, given("NA"));
}

#[test]
fn of_several_countries_the_first_is_the_main_one_however_they_are_written() {
    let python = "[{'iso_3166_1': 'US', 'name': 'United States of America'}, {'iso_3166_1': 'GB'}]";
    for countries in [json!("USA, UK"), json!(["US", "GB"]), json!([{"iso_3166_1": "US"}, {}])] {
        assert_eq!(
            draft_of(json!({"title": "A", "country": countries})).unwrap().country,
            given("US")
        );
    }
    let columns = ["title".to_owned(), "production_countries".to_owned()];
    let cells = ["A".to_owned(), python.to_owned()];
    let mut plan = Plan::new(Mapping::default());
    assert_eq!(reading().draft(&plan.cells(&columns, &cells)).unwrap().country, given("US"));
}

#[test]
fn a_year_in_brackets_counts_where_no_column_has_one() {
    let draft = draft_of(json!({"title": "Toy Story (1995)", "year": null})).unwrap();
    assert_eq!((draft.title, draft.year), (given("Toy Story"), Sent::Given(Whole(1995))));
    let draft = draft_of(json!({"title": "King Kong (1933)", "year": 1933})).unwrap();
    assert_eq!(draft.title, given("King Kong (1933)"));
}

#[test]
fn an_original_title_that_is_the_title_is_none() {
    let draft = draft_of(json!({"primaryTitle": "Ran", "originalTitle": "Ran"})).unwrap();
    assert_eq!(draft.original_title, Sent::Absent);
}

#[test]
fn everything_that_is_wrong_with_a_record_is_said() {
    let complaints = draft_of(json!({
        "title": "A", "year": "soon", "release_date": "31 Feb 1999", "runtime": [1, 2], "imdb_id": "x"
    }));
    let fields: Vec<_> =
        complaints.unwrap_err().into_iter().filter_map(|complaint| complaint.field).collect();
    assert_eq!(fields, ["release_date", "year", "runtime_minutes", "external_ids.imdb"]);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "[0-9/. :-]{0,12}".prop_map(Value::from),
        r"(&[a-z]{1,6};|&#[0-9]{1,8};|\[|'|,|\\){1,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map("(name|title|x)", inner, 0..2)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_record_is_a_draft_or_refused_and_a_checked_draft_is_valid(
        values in proptest::collection::vec(value(), 16)
    ) {
        let names = crate::import::mapping::Field::ALL.map(|field| field.name().to_owned());
        let record: Map<String, Value> = names.into_iter().zip(values).collect();
        if let Ok(draft) = draft(&record, &reading())
            && let Ok(content) = draft.into_content()
        {
            let title = &content.details.title;
            prop_assert!(!title.trim().is_empty() && !title.contains(char::is_control), "{title:?}");
        }
    }
}
