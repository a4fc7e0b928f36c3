//! What the readers make of texts, whole and broken.

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::import::input::{LINE_BYTES_MAX, Source};

/// The records of a text: each its line and fields as JSON, or the reason.
fn read(name: &str, text: &[u8]) -> Vec<(u64, Result<Value, String>)> {
    let shape = recognise(&Source::named(Path::new(name)), text, &Said::default());
    let mut records = Records::new(text, text, &shape);
    let columns = records.columns().unwrap().transpose();
    let Ok(_) = columns else { return Vec::new() };
    let mut all = Vec::new();
    while let Some(record) = records.next().unwrap() {
        let fields = match record.fields {
            Ok(Fields::Cells(cells)) => Ok(json!(cells)),
            Ok(Fields::Object(object)) => Ok(Value::Object(object)),
            Err(complaint) => Err(complaint.reason),
        };
        all.push((record.raw.line, fields));
    }
    all
}

fn good(records: &[(u64, Result<Value, String>)]) -> Vec<(u64, Value)> {
    records.iter().filter_map(|(line, fields)| Some((*line, fields.clone().ok()?))).collect()
}

fn bad(records: &[(u64, Result<Value, String>)]) -> Vec<(u64, &str)> {
    let reason = |(line, fields): &'_ (u64, Result<Value, String>)| {
        Some((*line, fields.as_ref().err()?.clone().leak() as &str))
    };
    records.iter().filter_map(reason).collect()
}

#[test]
fn rows_may_have_cells_of_several_lines() {
    let records = read("a.csv", b"a,b\r\n1,\"x\r\ny \"\"z\"\", w\"\r\n\r\n2,y\r\n");
    assert_eq!(good(&records), [(2, json!(["1", "x\ny \"z\", w"])), (5, json!(["2", "y"]))]);
}

#[test]
fn a_mark_that_is_not_closed_loses_its_own_line_only() {
    let records = read("a.csv", b"a,b\n1,\"x\n2,y\n3,z\n");
    assert_eq!(bad(&records), [(2, "a quotation mark is opened and not closed")]);
    assert_eq!(good(&records), [(3, json!(["2", "y"])), (4, json!(["3", "z"]))]);
}

#[test]
fn a_mark_that_is_closed_by_a_later_rows_mark_loses_its_own_line_only() {
    let records = read("a.csv", b"a,b\n1,\"x\n2,y\n3,\"z\"\n4,w\n");
    assert_eq!(bad(&records), [(2, "a quotation mark is opened and not closed")]);
    assert_eq!(good(&records).len(), 3);
}

#[test]
fn a_mark_inside_a_cell_is_a_character() {
    let records = read("a.csv", b"a,b\n5\" tall,x\n");
    assert_eq!(good(&records), [(2, json!(["5\" tall", "x"]))]);
}

#[test]
fn marks_that_are_not_doubled_are_characters() {
    let text = b"a,b\n\"Weird Al\" Yankovic,x\n\"the \"best\" film, ever\",y\n";
    let records = read("a.csv", text);
    assert_eq!(
        good(&records),
        [(2, json!(["\"Weird Al\" Yankovic", "x"])), (3, json!(["the \"best\" film, ever", "y"]))]
    );
}

#[test]
fn rows_with_too_few_or_too_many_cells_are_refused() {
    let records = read("a.csv", b"a,b\n1\n1,2,3\n1,2,,\n");
    assert_eq!(
        bad(&records),
        [
            (2, "1 cells, where the header names 2 columns"),
            (3, "3 cells, where the header names 2 columns")
        ]
    );
    assert_eq!(good(&records), [(4, json!(["1", "2"]))]);
}

#[test]
fn a_broken_byte_and_a_nul_refuse_their_own_rows() {
    let records = read("a.csv", b"a,b\n1,Am\xe9lie\n2,a\0b\n3,c\n");
    let bad = bad(&records);
    assert!(bad[0].1.starts_with("byte 5 (0xE9) is not UTF-8"), "{bad:?}");
    assert!(bad[1].1.starts_with("byte 4 is NUL"), "{bad:?}");
    assert_eq!(good(&records), [(4, json!(["3", "c"]))]);
}

#[test]
fn arrays_are_read_element_by_element() {
    let text = b" [ {\"a\": \"]}\\\"\"},\n {\"a\": [1, {\"b\": {}}]} ,\n7, {\"a\": 3} ]";
    let records = read("a.json", text);
    assert_eq!(
        good(&records),
        [(1, json!({"a": "]}\""})), (2, json!({"a": [1, {"b": {}}]})), (3, json!({"a": 3}))]
    );
    assert_eq!(bad(&records), [(3, "not a JSON object")]);
}

#[test]
fn an_object_may_hold_the_array() {
    let text =
        b"{\n\"meta\": {\"a\": [{}]}, \"ids\": [1, [2]], \"films\": [\n{\"a\": 1}], \"x\": 1}";
    assert_eq!(good(&read("a.json", text)), [(3, json!({"a": 1}))]);
    let none = read("a.json", b"{\n\"ids\": [1]}");
    assert_eq!(bad(&none), [(2, "no array of objects in the object")]);
}

#[test]
fn a_broken_element_loses_itself_only() {
    for broken in [
        "{\"a\": nope},",
        "{\"a\": {},",
        "{\"a\": \"x},",
        "{\"a\": 1]},",
        "{\"a\": [1},",
        "\"a\": 1},",
    ] {
        let text = format!("[\n{{\"a\": 1}},\n{broken}\n{{\"a\": 2}},\n{{\"a\": 3}}\n]\n");
        let records = read("a.json", text.as_bytes());
        assert_eq!(good(&records).len(), 3, "{broken}: {records:?}");
        assert!(!bad(&records).is_empty(), "{broken}");
    }
}

#[test]
fn an_array_that_is_cut_is_read_up_to_there() {
    let records = read("a.json", b"[{\"a\": 1}, {\"a\": 2}, {\"a\":");
    assert_eq!(good(&records).len(), 2);
    assert_eq!(bad(&records), [(1, "the file ends in the middle of this")]);
    let records = read("a.json", b"[{\"a\": 1},\n");
    assert_eq!(bad(&records), [(2, "the file ends before the array")]);
}

#[test]
fn what_is_too_long_or_too_deep_is_refused_and_the_next_is_read() {
    let long = "x".repeat(LINE_BYTES_MAX);
    let deep = "[".repeat(200_000);
    for bad in [format!("{{\"a\": \"{long}\"}}"), format!("{{\"a\": {deep}}}")] {
        let array = format!("[\n{bad},\n{{\"a\": 2}}]");
        assert_eq!(good(&read("a.json", array.as_bytes())), [(3, json!({"a": 2}))]);
        let lines = format!("{bad}\n{{\"a\": 2}}");
        assert_eq!(good(&read("a.ndjson", lines.as_bytes())), [(2, json!({"a": 2}))]);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for name in ["a", "a.ndjson", "a.json", "a.csv", "a.tsv"] {
            read(name, &bytes);
        }
    }

    #[test]
    fn whatever_looks_like_json_or_csv_is_read_to_its_end(
        text in r#"[\[\]{}",:\\\n\r;ab1 ]{0,80}"#
    ) {
        for name in ["a", "a.ndjson", "a.json", "a.csv", "a.tsv"] {
            let records = read(name, text.as_bytes());
            prop_assert!(records.len() <= text.len() + 1);
        }
    }

    #[test]
    fn what_is_written_as_json_is_read_the_same(texts in proptest::collection::vec(".{0,20}", 1..8)) {
        let objects: Vec<Value> = texts.iter().map(|text| json!({"a": text, "b": [text]})).collect();
        let array = serde_json::to_string_pretty(&objects).unwrap();
        let read_again: Vec<Value> =
            good(&read("a.json", array.as_bytes())).into_iter().map(|(_, value)| value).collect();
        prop_assert_eq!(read_again, objects);
    }
}
