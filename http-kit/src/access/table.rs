//! The table of all rows, found by address as the router finds routes.

use std::collections::HashMap;

use http::Method;
use matchit::Router;

use super::Row;

/// What each method of each address takes. What has no row is refused.
///
/// Addresses are matched by `matchit`, which axum itself routes with: an address leads to the row of the
/// route that it leads to.
#[derive(Debug, Clone, Default)]
pub struct AccessTable {
    rows: Vec<Row>,
    by_pattern: HashMap<String, Methods>,
    by_path: Router<Methods>,
}

/// The rows of one address, by index.
type Methods = Vec<usize>;

/// A table that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessTableError {
    /// Two rows for one method of one address.
    #[error("{method} {path} has two rows")]
    Twice {
        /// The method.
        method: Method,
        /// The address.
        path: String,
    },
    /// An address that the router would not take either.
    #[error("{path} cannot be a route: {reason}")]
    Path {
        /// The address.
        path: String,
        /// Why not.
        reason: String,
    },
}

impl AccessTable {
    /// A table of these rows.
    ///
    /// # Errors
    /// [`AccessTableError`] where two rows are about the same, or an address cannot be a route.
    pub fn new(rows: impl IntoIterator<Item = Row>) -> Result<Self, AccessTableError> {
        let mut table = Self::default();
        for row in rows {
            table.add(row)?;
        }
        for (pattern, methods) in &table.by_pattern {
            let path = || pattern.clone();
            table.by_path.insert(path(), methods.clone()).map_err(|reason| {
                AccessTableError::Path { path: path(), reason: reason.to_string() }
            })?;
        }
        Ok(table)
    }

    fn add(&mut self, row: Row) -> Result<(), AccessTableError> {
        let (method, path) = (row.method.clone(), row.path.to_string());
        let methods = self.by_pattern.entry(path.clone()).or_default();
        if methods.iter().any(|&index| self.rows[index].method == method) {
            return Err(AccessTableError::Twice { method, path });
        }
        methods.push(self.rows.len());
        self.rows.push(row);
        Ok(())
    }

    /// All rows, in the order in which they were given.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of a route, by the pattern of its address. `HEAD` is `GET`.
    #[must_use]
    pub fn of_route(&self, method: &Method, pattern: &str) -> Option<&Row> {
        self.among(self.by_pattern.get(pattern)?, method)
    }

    /// The row of the route that a request with this method and path leads to. `HEAD` is `GET`.
    #[must_use]
    pub fn of_request(&self, method: &Method, path: &str) -> Option<&Row> {
        self.among(self.by_path.at(path).ok()?.value, method)
    }

    fn among(&self, methods: &Methods, method: &Method) -> Option<&Row> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        methods.iter().map(|&index| &self.rows[index]).find(|row| row.method == method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{RateGroup, Takes};

    fn row(method: Method, path: &'static str) -> Row {
        Row { method, path: path.into(), takes: Takes::Anyone, group: RateGroup::Read }
    }

    #[test]
    fn a_request_has_the_row_of_the_route_that_it_leads_to() {
        let paths = ["/v1/movies", "/v1/movies/{id}", "/v1/movies/bulk", "/docs/{*rest}"];
        let rows = paths.map(|path| row(Method::GET, path));
        let table = AccessTable::new(rows.into_iter().chain([row(Method::PUT, paths[1])])).unwrap();
        for (path, expected) in [
            ("/v1/movies", Some(paths[0])),
            ("/v1/movies/7", Some(paths[1])),
            ("/v1/movies/bulk", Some(paths[2])),
            ("/docs/a/b", Some(paths[3])),
            ("/v1/movies/7/x", None),
            ("/v1/movies/", None),
        ] {
            let found = table.of_request(&Method::HEAD, path).map(|row| &*row.path);
            assert_eq!(found, expected, "{path}");
        }
        assert_eq!(table.of_route(&Method::PUT, "/v1/movies/{id}").unwrap().method, Method::PUT);
        assert_eq!(table.of_request(&Method::DELETE, "/v1/movies/7"), None);
        assert_eq!(table.of_route(&Method::OPTIONS, "/v1/movies"), None);
    }

    #[test]
    fn two_rows_for_the_same_are_refused() {
        let rows = [row(Method::GET, "/a"), row(Method::PUT, "/a"), row(Method::GET, "/a")];
        let error = AccessTable::new(rows).unwrap_err();
        assert_eq!(error.to_string(), "GET /a has two rows");
    }

    #[test]
    fn what_the_router_would_not_take_is_refused() {
        for paths in [["/a/{x", "/b"], ["/a/{x}", "/a/{y}"]] {
            let error = AccessTable::new(paths.map(|path| row(Method::GET, path))).unwrap_err();
            assert!(matches!(error, AccessTableError::Path { .. }), "{error}");
        }
    }
}
