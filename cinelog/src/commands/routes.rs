//! `cinelog routes`: print who may do what.

use http_kit::access::{Row, Takes};
use serde_json::{Value, json};

use super::print;
use crate::{access, cli::RoutesArgs, error::Failure};

/// Prints a line for each route: its method, its address, the role and the scope that it takes, and what
/// its requests are counted with.
pub(crate) fn routes(args: &RoutesArgs) -> Result<(), Failure> {
    let rows = access::rows();
    let text = match args.json {
        true => {
            let rows: Vec<Value> = rows.iter().map(object).collect();
            format!("{:#}\n", Value::from(rows))
        }
        false => table(&rows),
    };
    print(&text)
}

/// A row as JSON.
fn object(row: &Row) -> Value {
    let (role, scope) = needed(row).unzip();
    json!({
        "method": row.method.as_str(),
        "path": row.path,
        "role": role,
        "scope": scope,
        "group": row.group.as_str(),
    })
}

/// The rows as text, in columns.
fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.path.len()).max().unwrap_or_default();
    let line = |method: &str, path: &str, role: &str, scope: &str, group: &str| {
        format!("{method:<6}  {path:<width$}  {role:<6}  {scope:<15}  {group}\n")
    };
    let mut text = line("METHOD", "ADDRESS", "ROLE", "SCOPE", "COUNTED AS");
    for row in rows {
        let (role, scope) = needed(row).unwrap_or(("anyone", ""));
        text.push_str(&line(row.method.as_str(), &row.path, role, scope, row.group.as_str()));
    }
    text
}

/// The role and the scope that are needed, where somebody is.
fn needed(row: &Row) -> Option<(&'static str, &'static str)> {
    match row.takes {
        Takes::Anyone => None,
        Takes::Caller { role, scope } => Some((role.as_str(), scope.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use http_kit::access::{RateGroup, Role, Scope};

    use super::*;

    #[test]
    fn a_row_is_a_line_or_an_object() {
        let takes = Takes::caller(Role::Editor, Scope::CatalogueWrite);
        let rows = [
            Row::get("/v1/movies", Takes::Anyone, RateGroup::Search),
            Row::post("/v1/movies", takes, RateGroup::Write),
        ];
        let text = table(&rows);
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["GET", "/v1/movies", "anyone", "search"]);
        assert_eq!(lines[2], ["POST", "/v1/movies", "editor", "catalogue:write", "write"]);
        let [open, closed] = rows.each_ref().map(object);
        assert_eq!((&open["role"], &open["group"]), (&Value::Null, &json!("search")));
        assert_eq!(
            (&closed["role"], &closed["scope"]),
            (&json!("editor"), &json!("catalogue:write"))
        );
    }
}
