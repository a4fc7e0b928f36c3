//! What OpenAPI says of access: written onto each operation from its row, so that the document and what
//! is enforced are the same.

use http::{Method, StatusCode};
use identity::{Role, Scope};
use utoipa::{
    ToSchema,
    openapi::{
        Content, Header, HeaderBuilder, ObjectBuilder, OpenApi, Ref, Response, ResponseBuilder,
        Type,
        extensions::Extensions,
        path::{Operation, PathItem},
        security::SecurityRequirement,
    },
};

use super::{RateGroup, Row, Takes};
use crate::ProblemDocument;

/// The name of the security scheme: a token, or an API key, behind `Bearer`.
const SCHEME: &str = "bearer";

/// What the headers of a refusal because of a rate say (`docs/rate-limits.md`).
const RATE_HEADERS: [(&str, Type, &str); 6] = [
    ("RateLimit", Type::String, "What is left of each policy that applies (draft-11)."),
    ("RateLimit-Policy", Type::String, "The policies that apply (draft-11)."),
    ("Retry-After", Type::Integer, "How many seconds to wait before asking again."),
    ("X-RateLimit-Limit", Type::Integer, "How much the policy that is nearest to its end allows."),
    ("X-RateLimit-Remaining", Type::Integer, "What is left of it."),
    ("X-RateLimit-Reset", Type::Integer, "In how many seconds it begins anew."),
];

/// Writes onto each operation of `document` what its row says: the scope that is needed (`security`), the
/// role (`x-required-role`), and the refusals 401, 403 and 429. What an operation says of these itself is
/// kept. Operations without a row are left as they are.
pub fn describe(document: &mut OpenApi, rows: &[Row]) {
    for row in rows {
        let item = document.paths.paths.get_mut(&*row.path);
        if let Some(operation) = item.and_then(|item| operation(item, &row.method)) {
            describe_operation(operation, row);
        }
    }
}

fn operation<'i>(item: &'i mut PathItem, method: &Method) -> Option<&'i mut Operation> {
    let operation = match method.as_str() {
        "GET" => &mut item.get,
        "PUT" => &mut item.put,
        "POST" => &mut item.post,
        "PATCH" => &mut item.patch,
        "DELETE" => &mut item.delete,
        _ => return None,
    };
    operation.as_mut()
}

fn describe_operation(operation: &mut Operation, row: &Row) {
    if let Takes::Caller { role, scope } = row.takes {
        operation.security = Some(vec![SecurityRequirement::new(SCHEME, [scope.as_str()])]);
        let needed = Extensions::from_iter([("x-required-role", role.as_str())]);
        operation.extensions.get_or_insert_default().merge(needed);
        add(operation, StatusCode::UNAUTHORIZED, unauthorized());
        add(operation, StatusCode::FORBIDDEN, forbidden(role, scope));
    }
    if row.group != RateGroup::Exempt {
        add(operation, StatusCode::TOO_MANY_REQUESTS, too_many_requests());
    }
}

fn add(operation: &mut Operation, status: StatusCode, response: Response) {
    let responses = &mut operation.responses.responses;
    responses.entry(status.as_str().to_owned()).or_insert_with(|| response.into());
}

fn unauthorized() -> Response {
    let challenge = header(Type::String, "Why, and how to authenticate (RFC 6750).");
    problem("A valid access token is needed.").header("WWW-Authenticate", challenge).build()
}

fn forbidden(role: Role, scope: Scope) -> Response {
    let text =
        format!("At least the role `{role}` is needed, and a token with the scope `{scope}`.");
    let challenge = header(Type::String, "Which scope is needed (RFC 6750).");
    problem(&text).header("WWW-Authenticate", challenge).build()
}

fn too_many_requests() -> Response {
    let response = problem("Too many requests of this kind; `violated-policies` names the bounds.");
    let add =
        |response: ResponseBuilder, (name, kind, text)| response.header(name, header(kind, text));
    RATE_HEADERS.into_iter().fold(response, add).build()
}

fn problem(description: &str) -> ResponseBuilder {
    let body = Content::new(Some(Ref::from_schema_name(ProblemDocument::name())));
    ResponseBuilder::new().description(description).content(ProblemDocument::MEDIA_TYPE, body)
}

fn header(kind: Type, description: &str) -> Header {
    let schema = match kind {
        Type::Integer => ObjectBuilder::new().schema_type(kind).minimum(Some(0)),
        kind => ObjectBuilder::new().schema_type(kind),
    };
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn described(operation: Value, takes: Takes, group: RateGroup) -> Value {
        let document = json!({
            "openapi": "3.1.0", "info": {"title": "x", "version": "1"},
            "paths": {"/a": {"post": operation, "get": {"responses": {}}}},
        });
        let mut document: OpenApi = serde_json::from_value(document).unwrap();
        describe(&mut document, &[Row::post("/a", takes, group)]);
        let document = serde_json::to_value(document).unwrap();
        assert_eq!(document["paths"]["/a"]["get"], json!({"responses": {}}));
        document["paths"]["/a"]["post"].clone()
    }

    #[test]
    fn what_takes_a_caller_says_so() {
        let takes = Takes::caller(Role::Editor, Scope::CatalogueWrite);
        let operation = described(json!({"responses": {}}), takes, RateGroup::Write);
        assert_eq!(operation["security"], json!([{"bearer": ["catalogue:write"]}]));
        assert_eq!(operation["x-required-role"], "editor");
        let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(statuses, ["401", "403", "429"]);
        for status in ["401", "403"] {
            let headers = &operation["responses"][status]["headers"];
            assert_eq!(headers["WWW-Authenticate"]["schema"]["type"], "string");
        }
    }

    #[test]
    fn what_takes_anyone_and_is_never_limited_says_nothing() {
        let bare = json!({"responses": {"200": {"description": "Well."}}});
        assert_eq!(described(bare.clone(), Takes::Anyone, RateGroup::Exempt), bare);
    }

    #[test]
    fn what_an_operation_says_itself_is_kept() {
        let own = json!({"responses": {"429": {"description": "Wait."}}});
        assert_eq!(described(own.clone(), Takes::Anyone, RateGroup::SignIn), own);
    }
}
