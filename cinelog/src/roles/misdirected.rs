//! The routes of a side that this process does not have: each says so with 421 and names the role that
//! does it. An address is so never taken for one that does not exist, and `Allow` is that of both APIs.

use axum::{
    Router,
    routing::{MethodFilter, MethodRouter, on},
};
use http_kit::{
    Problem, ProblemType,
    access::{RateGroup, Row, Takes},
};
use utoipa::openapi::{OpenApi, path::PathItem};

use crate::config::{Role, Roles};

/// All that `side` answers where it is, answered with 421. `besides` are addresses of it that it does
/// not document.
pub(super) fn routes(
    side: &OpenApi,
    besides: &[(&str, MethodFilter)],
    role: Role,
    roles: &Roles,
) -> Router {
    let documented = side.paths.paths.iter();
    let documented = documented.flat_map(|(path, item)| Some((path.as_str(), methods(item)?)));
    let all = documented.chain(besides.iter().copied());
    all.fold(Router::new(), |router, (path, methods)| {
        router.route(path, misdirected(methods, role, roles))
    })
}

/// What these routes take, in place of `rows`: everybody may be told that they are elsewhere.
pub(super) fn access(rows: Vec<Row>) -> impl Iterator<Item = Row> {
    rows.into_iter().map(|row| Row { takes: Takes::Anyone, group: RateGroup::Exempt, ..row })
}

/// The methods that an address has; `None` where it has none.
fn methods(item: &PathItem) -> Option<MethodFilter> {
    let methods = [
        (&item.get, MethodFilter::GET),
        (&item.head, MethodFilter::HEAD),
        (&item.put, MethodFilter::PUT),
        (&item.post, MethodFilter::POST),
        (&item.patch, MethodFilter::PATCH),
        (&item.delete, MethodFilter::DELETE),
    ];
    let there = methods.into_iter().filter(|(operation, _)| operation.is_some());
    there.map(|(_, method)| method).reduce(MethodFilter::or)
}

fn misdirected(methods: MethodFilter, role: Role, roles: &Roles) -> MethodRouter {
    let detail = match role {
        Role::Command => format!("This server takes no commands. It has the role {roles}."),
        Role::Query => format!("This server answers no queries. It has the role {roles}."),
        Role::Projector => format!("This server projects nothing. It has the role {roles}."),
        Role::Relay => format!("This server relays nothing. It has the role {roles}."),
    };
    on(methods, async move || {
        Problem::new(ProblemType::Misdirected)
            .detail(detail)
            .with("missing_role", role.to_string().into())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{body::Body, http::Request};
    use http::StatusCode;
    use http_kit::{Clock, EdgeOptions, access::AccessTable, edge};
    use identity::{KeyRing, Realm, Verifier};
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    /// A process that has neither side.
    async fn ask(method: &str, path: &str) -> (StatusCode, String, Value) {
        let roles = Roles::of([Role::Projector]);
        let besides = [(command_api::RESTORE_ADDRESS, MethodFilter::POST)];
        let router = routes(&command_api::openapi(), &besides, Role::Command, &roles)
            .merge(routes(&query_api::openapi(), &[], Role::Query, &roles));
        let realm = Realm { issuer: "test".to_owned(), audience: "cinelog".to_owned() };
        let authenticator = Arc::new(Verifier::new(realm, KeyRing::default()).into());
        let rows = access(command_api::access()).chain(access(query_api::access()));
        let rows = Arc::new(AccessTable::new(rows).unwrap());
        let options = EdgeOptions::new(Clock::system(), authenticator, rows);
        let api: Router = edge(router, options).into();
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = api.oneshot(request).await.unwrap();
        let allow = answer.headers().get("allow").map_or("", |allow| allow.to_str().unwrap());
        let (status, allow) = (answer.status(), allow.to_owned());
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, allow, serde_json::from_slice(&body).unwrap_or_default())
    }

    #[tokio::test]
    async fn every_address_says_which_role_answers_it() {
        let id = "0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";
        let film = format!("/v1/movies/{id}");
        for (method, path, role) in [
            ("POST", "/v1/movies".to_owned(), "command"),
            ("GET", "/v1/movies".to_owned(), "query"),
            ("PATCH", film.clone(), "command"),
            ("POST", film.clone(), "command"),
            ("GET", film.clone(), "query"),
            ("POST", format!("{film}/restore"), "command"),
            ("PUT", format!("{film}/ratings/me"), "command"),
            ("GET", format!("{film}/ratings/me"), "query"),
            ("POST", "/v1/movies/bulk".to_owned(), "command"),
            ("GET", format!("/v1/jobs/{id}"), "command"),
            ("GET", "/v1/genres/drama/movies".to_owned(), "query"),
            ("GET", "/v1/schemas".to_owned(), "query"),
        ] {
            let (status, _, problem) = ask(method, &path).await;
            assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{method} {path}");
            assert_eq!(problem["type"], "/problems/misdirected", "{method} {path}");
            assert_eq!(problem["missing_role"], role, "{method} {path}");
        }
        assert_eq!(ask("HEAD", "/v1/movies").await.0, StatusCode::MISDIRECTED_REQUEST);
    }

    #[tokio::test]
    async fn what_an_address_allows_is_that_of_both_sides() {
        let film = "/v1/movies/0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";
        let allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
        let (status, allowed, _) = ask("OPTIONS", film).await;
        assert_eq!((status, allowed.as_str()), (StatusCode::NO_CONTENT, allow));
        let (status, allowed, _) = ask("DELETE", "/v1/movies").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(allowed, "GET, HEAD, POST, OPTIONS");
        assert_eq!(ask("GET", "/v1/nothing").await.0, StatusCode::NOT_FOUND);
    }
}
