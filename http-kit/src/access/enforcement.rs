//! Lets in whom the row of the route takes, before its handler sees the request.

use std::sync::Arc;

use axum::{
    body::HttpBody,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{Method, request::Parts};
use identity::{Identity, Recollection, Role, Scope};

use super::{AccessTable, Caller, Standing, Takes};
use crate::{
    Problem,
    auth::{self, Gate},
    refused::WhoWasRefused,
};

/// A route was added and nobody said who may take it.
#[derive(Debug, thiserror::Error)]
#[error("{method} {pattern} has no row in the table of access: nobody is let in")]
struct NoRow {
    method: Method,
    pattern: String,
}

/// Enforces the row of the route that was taken. Put on by `route_layer`, so that it stands before
/// handlers only: addresses and methods that do not exist are 404 and 405 for everybody.
///
/// Who sends a body is looked at again at its end: it may have been held back until much was revoked.
pub(crate) async fn enforce(
    State(gate): State<Arc<Gate>>,
    mut request: Request,
    next: Next,
) -> Response {
    let has_body = !request.body().is_end_stream();
    let (parts, body) = request.into_parts();
    let admitted = match admit(&gate, &parts).await {
        Ok(admitted) => admitted,
        Err((problem, who)) => return marked(problem.into_response(), who),
    };
    request = Request::from_parts(parts, body);
    let Some(Admitted { believed, role, scope }) = admitted else { return next.run(request).await };
    let identity = believed.identity;
    request.extensions_mut().insert(Caller(identity));
    let standing = has_body.then(|| Standing::new(&gate, request.headers(), believed, role, scope));
    if let Some(standing) = &standing {
        standing.watch(&mut request);
        request.extensions_mut().insert(standing.clone());
    }
    let answer = next.run(request).await;
    // Whoever was refused in the meantime is told so, and not that the body broke off.
    match standing.and_then(|standing| standing.refusal()) {
        Some(problem) => marked(problem.into_response(), Some(identity)),
        None => marked(answer, Some(identity)),
    }
}

/// Who was let in, and for what.
struct Admitted {
    believed: Recollection,
    role: Role,
    scope: Scope,
}

/// Says on a refusal who was refused, for the audit trail.
fn marked(mut response: Response, who: Option<Identity>) -> Response {
    if let Some(identity) = who
        && response.status().is_client_error()
    {
        response.extensions_mut().insert(WhoWasRefused(identity));
    }
    response
}

/// Who is let in: somebody, where the route wants to know who it is. Or why not, and who it was, where that
/// is known.
async fn admit(
    gate: &Gate,
    parts: &Parts,
) -> Result<Option<Admitted>, (Problem, Option<Identity>)> {
    let nobody = |problem| (problem, None);
    let takes = takes(&gate.access, parts).map_err(nobody)?;
    let Takes::Caller { role, scope } = takes else { return Ok(None) };
    let believed = gate.identify(&parts.extensions, &parts.headers).await.map_err(nobody)?;
    let identity = believed.identity;
    match identity.may(role, scope) {
        true => Ok(Some(Admitted { believed, role, scope })),
        false => Err((auth::does_not_reach(&identity, role, scope), Some(identity))),
    }
}

fn takes(access: &AccessTable, parts: &Parts) -> Result<Takes, Problem> {
    let pattern = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let row = access.of_route(&parts.method, pattern);
    row.map(|row| row.takes).ok_or_else(|| {
        let method = parts.method.clone();
        Problem::internal(NoRow { method, pattern: pattern.to_owned() })
    })
}
