//! What is answered is what the document says is answered.

use http::StatusCode;
use http_kit::ProblemDocument;
use jsonschema::Validator;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BulkLine, BulkResult, GenreReceipt, MovieReceipt};
use crate::{
    bulk::BULK_PATH,
    jobs::JobDocument,
    receipt::DryRun,
    routes::openapi,
    testing::{Answered, Api, FILM, ID},
};

fn validator(schema: &str) -> Validator {
    let mut document = serde_json::to_value(openapi()).unwrap();
    document["$ref"] = json!(format!("#/components/schemas/{schema}"));
    jsonschema::validator_for(&document).unwrap()
}

#[track_caller]
fn assert_is<T: ToSchema>(answer: &Answered) {
    assert_fits::<T>(&answer.body);
}

#[track_caller]
fn assert_fits<T: ToSchema>(value: &Value) {
    let wrong: Vec<String> =
        validator(&T::name()).iter_errors(value).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?} in {value:?}");
}

#[tokio::test]
async fn receipts_dry_runs_and_problems_satisfy_their_schemas() {
    let api = Api::start().await;
    let film = api.ask("POST", "/v1/movies").json(FILM).send().await;
    assert_is::<MovieReceipt>(&film);
    let path = film.header("location").to_owned();
    let trial = api.ask("PATCH", &format!("{path}?dry_run=true")).json(r#"{"tags": []}"#);
    assert_is::<DryRun>(&trial.send().await);
    let rating = api.ask("PUT", &format!("{path}/ratings/me")).json(r#"{"value": 1}"#);
    assert_is::<MovieReceipt>(&rating.send().await);
    let genre = api.ask("POST", "/v1/genres").json(r#"{"name": "Film Noir"}"#);
    assert_is::<GenreReceipt>(&genre.send().await);
    let stale = api.ask("DELETE", &path).header("if-match", "\"r9\"").send().await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_is::<ProblemDocument>(&stale);
}

#[tokio::test]
async fn results_of_lines_and_jobs_satisfy_their_schemas() {
    let api = Api::start().await;
    let lines = format!("{FILM}\n{{}}\n{{\"op\":\"delete\",\"id\":\"{ID}\"}}");
    for query in ["", "?dry_run=true"] {
        let ask = api.ask("POST", &format!("{BULK_PATH}{query}")).lines(lines.clone());
        for result in ask.results().await {
            assert_fits::<BulkResult>(&result);
        }
    }
    let ask = api.ask("POST", BULK_PATH).header("prefer", "respond-async").lines(lines);
    let job = ask.send().await;
    assert_is::<JobDocument>(&job);
    assert_is::<JobDocument>(&api.ask("DELETE", job.header("location")).send().await);
}

#[test]
fn a_line_that_is_accepted_fits_its_schema() {
    let line = |op: &str, rest: Value| {
        let mut line = json!({"op": op});
        line.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        line
    };
    let film = json!({"title": "A"});
    let fitting = [
        film.clone(),
        line("create", json!({"movie": film})),
        line("put", json!({"id": ID, "movie": film, "expected_version": 1})),
        line("patch", json!({"id": ID, "movie": {"year": 2000}})),
        line("delete", json!({"id": ID})),
        line("restore", json!({"id": ID, "expected_version": 2})),
    ];
    for line in fitting {
        assert_fits::<BulkLine>(&line);
    }
    for line in [line("create", json!({"id": ID, "movie": film})), line("drop", json!({}))] {
        assert!(!validator(&BulkLine::name()).is_valid(&line), "{line}");
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
                Value::String(target) if name == "$ref" => found.push(target.clone()),
                value => references(value, found),
            }),
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = serde_json::to_value(openapi()).unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for target in found {
        assert!(document.pointer(&target[1..]).is_some(), "{target}");
    }
}
