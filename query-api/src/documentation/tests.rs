//! What the whole description must hold.

use std::collections::BTreeSet;

use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(crate::openapi()).unwrap()
}

#[test]
fn every_route_is_described() {
    let document = document();
    let paths: BTreeSet<_> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = BTreeSet::from([
        "/v1/movies".to_owned(),
        "/v1/movies/{id}".to_owned(),
        "/v1/movies/{id}/ratings".to_owned(),
        "/v1/movies/{id}/ratings/me".to_owned(),
        "/v1/schemas".to_owned(),
        "/v1/schemas/{type}/{version}".to_owned(),
    ]);
    for noun in ["genres", "tags", "platforms", "people"] {
        expected.extend([
            format!("/v1/{noun}"),
            format!("/v1/{noun}/{{slug}}"),
            format!("/v1/{noun}/{{slug}}/movies"),
            format!("/v1/movies/{{id}}/{noun}"),
        ]);
    }
    assert_eq!(paths, expected.iter().map(String::as_str).collect());
}

#[test]
fn operations_have_names_of_their_own_and_no_blanks() {
    let document = document();
    let operations: Vec<_> =
        document["paths"].as_object().unwrap().values().map(|item| &item["get"]).collect();
    let names: BTreeSet<_> =
        operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.len(), operations.len());
    assert!(names.contains("list_movies_of_person") && names.contains("list_people"));
    for operation in operations {
        let text = format!("{}{}", operation["summary"], operation["description"]);
        assert!(!text.contains("{noun"), "{text}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

#[test]
fn protocol_headers_and_cursors_are_not_among_the_parameters() {
    let text = document().to_string();
    for name in ["\"cursor\"", "\"Range\"", "\"Prefer\"", "\"If-None-Match\""] {
        assert!(!text.contains(&format!("\"name\":{name}")), "{name}");
    }
}
