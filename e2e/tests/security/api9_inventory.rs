//! API9: improper inventory management. Somebody looks for what was forgotten.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::people::Place;

fn operations(document: &Value) -> BTreeSet<String> {
    let items = document["paths"].as_object().expect("paths");
    let each = |(path, item): (&String, &Value)| {
        let methods = item.as_object().expect("methods").keys().cloned().collect::<Vec<_>>();
        methods
            .into_iter()
            .map(move |method| format!("{} {path}", method.to_uppercase()))
            .collect::<Vec<_>>()
    };
    items.iter().flat_map(each).filter(|line| !line.contains("PARAMETERS")).collect()
}

/// What the server itself gives out, and what is committed, list the same operations.
#[tokio::test]
async fn the_served_document_is_the_committed_one() {
    let place = Place::with(&[]);
    let served = place.anyone().get("/openapi.json").await.expect(200).json();
    let committed: Value =
        serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
    assert_eq!(operations(&served), operations(&committed));
}

/// Each operation of the document is there: with its own method it is neither 404 of the router nor 405.
#[tokio::test]
async fn every_documented_address_allows_its_documented_methods() {
    let place = Place::with(&[]);
    let anyone = place.anyone();
    let document = anyone.get("/openapi.json").await.expect(200).json();
    for (path, item) in document["paths"].as_object().unwrap() {
        let address =
            path.replace("{id}", "01990000-0000-7000-8000-000000000000").replace(['{', '}'], "");
        let answer = e2e::Answer::to(anyone.request(Method::OPTIONS, &address)).await;
        let allow: BTreeSet<&str> = answer.header("Allow").split(", ").collect();
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let method = method.to_uppercase();
            assert!(allow.contains(method.as_str()), "{method} {path}: {allow:?}");
        }
    }
}

#[tokio::test]
async fn there_is_one_version_and_no_forgotten_one_beside_it() {
    let place = Place::with(&[]);
    let admin = place.server.caller("admin");
    for version in ["/v0", "/v2", "/v1beta", "/api/v1", "/beta", "/internal", "/test", "/v1.0", ""]
    {
        for noun in ["movies", "accounts", "audit"] {
            admin.get(&format!("{version}/{noun}")).await.expect(404);
        }
    }
}

/// The address for whoever runs the server has health and metrics, and nothing else.
#[tokio::test]
async fn the_admin_address_serves_no_api() {
    let place = Place::with(&[]);
    let admin = place.server.caller("admin").at(&place.server.admin_url);
    for path in ["/v1/movies", "/v1/accounts", "/v1/audit", "/", "/config", "/openapi.json"] {
        admin.get(path).await.expect(404);
    }
    admin.get("/readyz").await.expect(200);
}
