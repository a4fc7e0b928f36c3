//! The walk: every route by everybody.

use std::collections::BTreeMap;

use e2e::Answer;
use serde_json::Value;

use crate::{
    callers::Who,
    ground::Ground,
    page, recipes,
    table::{Row, operations, printed},
};

/// Addresses that the OpenAPI document does not tell of: pages for people, health, and an alias.
const UNTOLD: [&str; 10] = [
    "POST /v1/movies/{id}/restore",
    "GET /",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/",
    "GET /docs/{*rest}",
    "GET /problems",
    "GET /problems/{slug}",
    "GET /livez",
    "GET /readyz",
];

/// What everybody was told, by row.
pub(crate) type Seen = Vec<(Row, BTreeMap<String, u16>)>;

#[tokio::test]
async fn every_route_lets_in_whom_its_row_says_and_nobody_else() {
    let ground = Ground::new().await;
    let mut seen = Seen::new();
    for row in printed() {
        let mut told = BTreeMap::new();
        for who in Who::all() {
            let status = ask(&ground, &row, who).await;
            told.insert(format!("{who:?}"), status);
        }
        seen.push((row, told));
    }
    page::compare_or_write(&seen);
}

/// Asks one route as one of them, and looks at what they are told.
async fn ask(ground: &Ground, row: &Row, who: Who) -> u16 {
    let name = row.name();
    let recipe = recipes::of(ground, row, who).await;
    let answer = Answer::to(recipe.request(ground.client(who).await)).await;
    let status = answer.status;
    match who.refusal(row) {
        Some(refusal) => {
            assert_eq!(status, refusal, "{name} by {who:?}: {}", answer.text);
            check_refusal(row, who, &answer);
        }
        None => {
            assert!(!matches!(recipe.expected, 401 | 403 | 500..), "{name} has a poor recipe");
            assert_eq!(status, recipe.expected, "{name} by {who:?}: {}", answer.text);
        }
    }
    status
}

/// A refusal says what is needed: in the challenge and in the body.
#[track_caller]
fn check_refusal(row: &Row, who: Who, answer: &Answer) {
    let (role, scope) = row.needs.as_ref().unwrap();
    let (challenge, problem) = (answer.header("WWW-Authenticate"), answer.json());
    assert!(challenge.starts_with("Bearer realm=\"cinelog\""), "{challenge}");
    match (answer.status, who) {
        (401, Who::Nobody) => assert!(!challenge.contains("error"), "{challenge}"),
        (401, _) => assert!(challenge.contains("error=\"invalid_token\""), "{challenge}"),
        _ => {
            assert_eq!(problem["required_role"], **role);
            assert_eq!(problem["required_scope"], **scope);
            assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
            assert!(challenge.contains(&format!("scope=\"{scope}\"")), "{challenge}");
        }
    }
    assert_eq!(answer.header("Cache-Control"), "no-store");
}

#[test]
fn no_route_can_be_added_without_a_row() {
    let document: Value = serde_json::from_str(&e2e::run(["openapi"]).stdout).unwrap();
    let mut told: Vec<String> = operations(&document)
        .into_iter()
        .map(|(name, _)| name)
        .chain(UNTOLD.map(str::to_owned))
        .collect();
    let mut rows: Vec<String> = printed().iter().map(Row::name).collect();
    told.sort_unstable();
    rows.sort_unstable();
    assert_eq!(rows, told);
}

#[test]
fn the_document_says_what_the_table_says() {
    let document: Value = serde_json::from_str(&e2e::run(["openapi"]).stdout).unwrap();
    let operations = operations(&document);
    for row in printed() {
        let Some((_, operation)) = operations.iter().find(|(name, _)| *name == row.name()) else {
            continue;
        };
        match &row.needs {
            Some((role, scope)) => {
                assert_eq!(operation["security"][0]["bearer"][0], **scope, "{row:?}");
                assert_eq!(operation["x-required-role"], **role, "{row:?}");
                assert!(operation["responses"]["401"].is_object(), "{row:?}");
                assert!(operation["responses"]["403"].is_object(), "{row:?}");
            }
            None => assert!(operation.get("security").is_none(), "{row:?}"),
        }
        let limited = row.group != "exempt";
        assert_eq!(operation["responses"]["429"].is_object(), limited, "{row:?}");
    }
}

/// `HEAD` is let in where `GET` is, and `OPTIONS` tells everybody what there is.
#[tokio::test]
async fn head_is_refused_as_get_is_and_options_is_for_everybody() {
    let ground = Ground::new().await;
    for row in printed().into_iter().filter(|row| row.method == "GET" && row.needs.is_some()) {
        let recipe = recipes::of(&ground, &row, Who::Nobody).await;
        let nobody = ground.client(Who::Nobody).await;
        let head = nobody.request(reqwest::Method::HEAD, &recipe.target);
        assert_eq!(Answer::to(head).await.status, 401, "{row:?}");
        let options = nobody.request(reqwest::Method::OPTIONS, &recipe.target);
        let options = Answer::to(options).await.expect(204);
        assert!(options.header("Allow").contains("GET, HEAD"), "{row:?}");
    }
}
