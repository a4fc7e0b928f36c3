//! The OpenAPI 3.1 document: what all APIs say of themselves, with what is common to all of it.
//!
//! Headers whose right value depends on what the server holds (`If-Match`, `Idempotency-Key`, …) are
//! described once, under `components.parameters`, and each operation names those it understands in
//! `x-protocol-parameters`; see `docs/decisions/0005-protocol-headers-are-not-operation-parameters.md`.

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use crate::site;

const DESCRIPTION: &str = "An event-sourced movie catalogue.

Commands append facts to a log and answer with the new revision as `ETag` and the position of the \
last fact as `Cinelog-Position`. Queries read a model that is folded from the log; each answer says \
in `Cinelog-Position` what it reflects. A server that has only one of the two sides answers the other's \
operations with 421, and says which role is missing.

Headers that any client may send, and whose right value depends on the state of the server, are under \
`components.parameters`; each operation lists those it understands in `x-protocol-parameters`.

Errors are `application/problem+json` (RFC 9457); each `type` leads to a page of documentation.";

/// The document as JSON, members in a stable order.
pub(crate) fn document() -> Result<Value, serde_json::Error> {
    let mut apis: OpenApi = command_api::openapi();
    apis.merge(query_api::openapi());
    apis.merge(account_api::openapi());
    apis.merge(site::openapi());
    let mut document = serde_json::to_value(apis)?;
    document["info"] = json!({
        "title": "Cinelog",
        "version": "1",
        "summary": "An event-sourced movie catalogue",
        "description": DESCRIPTION,
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token: `POST /v1/login` gives one, `cinelog token --role editor` \
                prints one. Or an API key. What an operation names here are the scopes that it needs; \
                `x-required-role` is the least role.",
        },
    });
    document["components"]["parameters"] = protocol_parameters();
    document["tags"] = tags();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let names = understood(method, path, operation);
            if !names.is_empty() {
                let references: Vec<Value> = names
                    .iter()
                    .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
                    .collect();
                operation["x-protocol-parameters"] = references.into();
            }
        }
    }
    Ok(document)
}

/// What the addresses of accounts and of signing in begin with.
const ACCOUNTS: [&str; 6] =
    ["/v1/account", "/v1/audit", "/v1/login", "/v1/logout", "/v1/token", "/.well-known/"];

/// Which protocol parameters an operation understands.
fn understood(method: &str, path: &str, operation: &Value) -> Vec<&'static str> {
    let is_list = operation["parameters"]
        .as_array()
        .is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "limit"));
    match (method, path) {
        ("get", "/v1/accounts" | "/v1/audit") => return vec!["Cursor"],
        ("patch", "/v1/account" | "/v1/accounts/{id}") => return vec!["IfMatch"],
        _ => {}
    }
    match method {
        "get" if path == "/v1" => vec![],
        _ if path.starts_with("/v1/jobs") || ACCOUNTS.iter().any(|of| path.starts_with(of)) => {
            vec![]
        }
        "post" if path == "/v1/movies/bulk" => vec!["IdempotencyKey", "RespondAsync"],
        "get" if path.starts_with("/v1/schemas") => vec!["IfNoneMatch"],
        "get" if is_list => {
            vec!["Cursor", "IfNoneMatch", "MinPosition", "Prefer", "Range"]
        }
        "get" => vec!["IfNoneMatch", "MinPosition", "Prefer"],
        "put" if path == "/v1/movies/{id}" => {
            vec!["ExpectedVersion", "IdempotencyKey", "IfMatch", "IfNoneMatch", "IfUnmodifiedSince"]
        }
        "patch" if path == "/v1/movies/{id}" => {
            vec!["ExpectedVersion", "IdempotencyKey", "IfMatch", "IfUnmodifiedSince"]
        }
        "delete" => vec!["DryRun", "IdempotencyKey", "IfMatch", "IfUnmodifiedSince"],
        _ => vec!["IdempotencyKey", "IfMatch", "IfNoneMatch", "IfUnmodifiedSince"],
    }
}

fn protocol_parameters() -> Value {
    let parameter = |name: &str, place: &str, schema: Value, description: &str| json!({ "name": name, "in": place, "schema": schema, "description": description });
    let text = || json!({ "type": "string" });
    json!({
        "Cursor": parameter("cursor", "query", text(),
            "Where a page starts: opaque, signed, good for the same path, filters and order. Take it \
             from `links.next` or `links.prev`; anything else is answered with 400."),
        "DryRun": parameter("dry_run", "query", json!({ "type": "boolean" }),
            "Whether to say what would be deleted (200, with the events) rather than delete it. Not \
             a parameter of the operation, since clients take a 200 for a deletion."),
        "ExpectedVersion": {
            "name": "expected_version", "in": "query", "schema": { "type": "integer", "minimum": 0 },
            "description": "Not a query parameter but a member of the body: the revision that the edit \
                is meant for, as `If-Match` says it, for use behind proxies that weaken ETags.",
        },
        "IdempotencyKey": parameter("Idempotency-Key", "header",
            json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
            "Makes a command repeatable: the same key gives the first answer again (with \
             `Idempotency-Replayed: true`), with another body 422, while the first is under way 409."),
        "IfMatch": parameter("If-Match", "header", text(),
            "Edits only where the film is still at this revision: an ETag from a read or from an \
             earlier command, or `*`. Otherwise 412, with the events that came in between."),
        "IfNoneMatch": parameter("If-None-Match", "header", text(),
            "On a read: 304 where the ETag is still right. On PUT, `*`: create only, 412 where there \
             is a film already."),
        "IfUnmodifiedSince": parameter("If-Unmodified-Since", "header", text(),
            "As `If-Match`, by the time of the last change in whole seconds; not looked at beside \
             `If-Match`. Tags are safer: two edits may fall into one second."),
        "MinPosition": parameter("Cinelog-Min-Position", "header",
            json!({ "type": "integer", "minimum": 0 }),
            "Waits until the read model has reached this position, as long as `Prefer: wait` allows; \
             then 503 with `Retry-After`."),
        "Prefer": parameter("Prefer", "header", text(),
            "RFC 7240: `wait=N` seconds for `Cinelog-Min-Position`; on lists `count=exact` or \
             `count=estimated` for a `total`."),
        "RespondAsync": parameter("Prefer", "header", text(),
            "RFC 7240: `respond-async` makes a job of the lines, answered with 202."),
        "Range": parameter("Range", "header", text(),
            "`items=0-24`: these items of the list, as 206 with `Content-Range`; 416 past the end."),
    })
}

fn tags() -> Value {
    json!([
        { "name": "front page", "description": "Where to begin." },
        { "name": "movies", "description": "Films." },
        { "name": "ratings", "description": "What people think of films, from 1 to 10." },
        { "name": "genres", "description": "Genres." },
        { "name": "tags", "description": "Free labels." },
        { "name": "platforms", "description": "Where films can be watched." },
        { "name": "people", "description": "Directors and actors." },
        { "name": "sign-in", "description": "Tokens: how to get them, and how to be rid of them." },
        { "name": "login", "description": "Signing in with an OpenID provider." },
        { "name": "account", "description": "One's own account." },
        { "name": "accounts", "description": "Accounts of others, for admins." },
        { "name": "audit", "description": "Who did what, for admins." },
        { "name": "jobs", "description": "Bulk requests that are carried out after they have been answered." },
        { "name": "schemas", "description": "JSON Schemas of the events." },
    ])
}
