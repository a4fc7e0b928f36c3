//! What every route of the program takes: the rows of all APIs, and of what belongs to none of them.

use http_kit::{access::Row, health_access, problem_pages_access};

use crate::site;

/// Every row, those of the APIs first.
pub(crate) fn rows() -> Vec<Row> {
    let apis = [command_api::access(), query_api::access(), account_api::access()];
    apis.into_iter().flatten().chain(besides()).collect()
}

/// The rows of what belongs to no API.
pub(crate) fn besides() -> Vec<Row> {
    [site::access(), problem_pages_access(), health_access()].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http_kit::access::{AccessTable, Takes};
    use serde_json::Value;

    use super::*;
    use crate::openapi;

    /// Routes that the document does not tell of, and why.
    const UNTOLD: [(&str, &str, &str); 10] = [
        ("GET", "/", "leads to /v1"),
        ("GET", "/openapi.json", "is the document"),
        ("GET", "/docs", "a page for people"),
        ("GET", "/docs/", "a page for people"),
        ("GET", "/docs/{*rest}", "a page for people"),
        ("GET", "/problems", "a page for people"),
        ("GET", "/problems/{slug}", "a page for people"),
        ("GET", "/livez", "for whoever runs the server: docs/operations.md"),
        ("GET", "/readyz", "for whoever runs the server: docs/operations.md"),
        // What was deleted has nothing below its address: tools that follow the document test that
        // (docs/decisions/0011).
        ("POST", command_api::RESTORE_ADDRESS, "another address of POST /v1/movies/{id}"),
    ];

    #[test]
    fn the_document_tells_of_every_route_but_of_those_that_are_named_here() {
        let document = openapi::document().unwrap();
        let mut told = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in ["get", "put", "post", "patch", "delete", "head", "options", "trace"] {
                if item.get(method).is_some() {
                    told.insert((method.to_uppercase(), path.clone()));
                }
            }
        }
        let rows: BTreeSet<_> =
            rows().into_iter().map(|row| (row.method.to_string(), row.path.to_string())).collect();
        for (method, path, why) in UNTOLD {
            let route = (method.to_owned(), path.to_owned());
            assert!(rows.contains(&route), "{method} {path} ({why}) is no route");
            assert!(told.insert(route), "{method} {path} ({why}) is told of");
        }
        assert_eq!(rows, told);
    }

    #[test]
    fn the_table_does_not_contradict_itself() {
        AccessTable::new(rows()).unwrap();
    }

    #[test]
    fn the_document_says_of_each_operation_what_it_takes() {
        let document = openapi::document().unwrap();
        for row in rows() {
            let method = row.method.as_str().to_lowercase();
            let operation = &document["paths"][&*row.path][method];
            let Takes::Caller { role, scope } = row.takes else {
                assert_eq!(operation["security"], Value::Null, "{row:?}");
                continue;
            };
            if operation.is_null() {
                continue;
            }
            assert_eq!(operation["security"][0]["bearer"][0], scope.as_str(), "{row:?}");
            assert_eq!(operation["x-required-role"], role.as_str(), "{row:?}");
            for status in ["401", "403"] {
                let headers = &operation["responses"][status]["headers"];
                assert!(headers["WWW-Authenticate"].is_object(), "{row:?} {status}");
            }
        }
    }
}
