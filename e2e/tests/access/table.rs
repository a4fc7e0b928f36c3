//! The table as the program prints it, and the routes that its OpenAPI document tells of.

use e2e::run;
use serde_json::Value;

/// A row that the program has printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The role and the scope that are needed; nothing where anyone may come.
    pub(crate) needs: Option<(String, String)>,
    pub(crate) group: String,
}

impl Row {
    /// Method and path.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What `cinelog routes --json` prints.
pub(crate) fn printed() -> Vec<Row> {
    let output = run(["routes", "--json"]).expect_success();
    let rows: Value = serde_json::from_str(&output.stdout).unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().map(str::to_owned);
    let row = |row: &Value| Row {
        method: text(row, "method").unwrap(),
        path: text(row, "path").unwrap(),
        needs: text(row, "role").zip(text(row, "scope")),
        group: text(row, "group").unwrap(),
    };
    rows.as_array().unwrap().iter().map(row).collect()
}

/// Every operation of a document, by method and path.
pub(crate) fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| {
            (format!("{} {path}", method.to_uppercase()), operation)
        })
    });
    operations.collect()
}
