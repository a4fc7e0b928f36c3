//! `POST /v1/account/api-keys`: a key for a machine.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use http_kit::{Caller, FieldError, Json, Problem, ProblemDocument, ProblemType, RequestOrigin};
use identity::{
    Scope, Scopes,
    accounts::{NotAName, check_name},
    api_keys::{ApiKey, ApiKeySecret, NewApiKey, NotCreated},
    audit::{Entry, Kind},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::list::{ApiKeyItem, PATH};
use crate::{
    conditions::NoVersion,
    failure::{no_account, not_any_more, store_failed},
    query::NoParameters,
    representation::private,
    state::AccountState,
    time::{self, Time},
};

const IS_PAST: &str = "must be in the future";

/// A key that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyRequest {
    /// What its owner calls it: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "nightly import")]
    name: String,
    /// What it is to be good for: some of `catalogue:write`, `ratings`, `accounts:admin`, `audit:read`, as far
    /// as its owner's role and the token of this request have them. Never `account`: a key makes no keys.
    #[schema(min_items = 1, example = json!(["catalogue:write"]))]
    scopes: Vec<String>,
    /// When it is over. Left out or `null`: never.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    expires_at: Option<time::Read>,
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyCreated {
    /// The key itself, shown this once: `Authorization: Bearer cinelog_key_…`.
    key: String,
    #[serde(flatten)]
    item: ApiKeyItem,
}

/// Make an API key
///
/// For machines, which do not log in. The answer is the only one that shows the key; Cinelog keeps a hash of
/// it. A key never may more than the token that it was made with, nor more than its owner may at that moment,
/// and nothing about the account itself.
#[utoipa::path(
    post, path = PATH, operation_id = "create_api_key", tag = "account",
    request_body(content = ApiKeyRequest, description = "The key that is wanted"),
    responses(
        (status = 201, description = "The key.", body = ApiKeyCreated, headers(("Location" = String, description = "Where it is revoked."))),
        (status = 400, description = "The body is not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "The token is of no account here.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The account has too many keys.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The body is not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create_api_key(
    State(state): State<AccountState>,
    caller: Caller,
    RequestOrigin(origin): RequestOrigin,
    _: NoParameters,
    _: NoVersion,
    Json(request): Json<ApiKeyRequest>,
) -> Result<Response, Problem> {
    let (now, id) = (state.clock.now(), state.clock.new_id());
    let Checked { name, scopes, expires_at } = checked(&request, caller.scopes, now)?;
    let secret = ApiKeySecret::new(id, state.clock.new_secret());
    let key =
        NewApiKey { secret, account: caller.account, name, scopes, created_at: now, expires_at };
    let entry = Entry::new(state.clock.new_id(), now, Kind::KeyCreated);
    let entry = entry.about(caller.account).by(caller.account).from(&origin).key(id);
    let made = state.ports.api_keys.create_key(&key, &caller, &entry).await;
    made.map_err(store_failed)?.map_err(|why| match why {
        NotCreated::TooMany => Problem::new(ProblemType::Conflict).detail(format!("{why}.")),
        NotCreated::NoAccount => no_account(),
        NotCreated::Refused => not_any_more(),
    })?;
    let item = ApiKey {
        id,
        name: key.name,
        scopes,
        created_at: now,
        expires_at: key.expires_at,
        used_at: None,
    };
    let created = ApiKeyCreated { key: key.secret.reveal(), item: item.into() };
    let mut response = (StatusCode::CREATED, Json(created)).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("{PATH}/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(private(response))
}

/// What is wanted, each of it valid.
#[derive(Debug)]
struct Checked {
    name: String,
    scopes: Scopes,
    expires_at: Option<Timestamp>,
}

/// What is wanted, or 422 that names every field which is not valid.
fn checked(request: &ApiKeyRequest, own: Scopes, now: Timestamp) -> Result<Checked, Problem> {
    let mut errors = Vec::new();
    let name = check_name(&request.name);
    if name.is_none() {
        errors.push(FieldError::pointer("/name", NotAName.to_string()));
    }
    let expires_at = match request.expires_at {
        None => None,
        Some(time::Read(Ok(Time(time)))) if time > now => Some(time),
        Some(time::Read(read)) => {
            let detail = read.map_or_else(|wrong| wrong.to_string(), |_| IS_PAST.to_owned());
            errors.push(FieldError::pointer("/expires_at", detail));
            None
        }
    };
    let grantable = own.without(Scope::Account);
    let mut scopes = Vec::new();
    if !(1..=Scope::ALL.len()).contains(&request.scopes.len()) {
        errors.push(FieldError::pointer("/scopes", "must be 1 to 5 scopes"));
    } else {
        for (index, text) in request.scopes.iter().enumerate() {
            match text.parse::<Scope>() {
                Ok(scope) if grantable.has(scope) => scopes.push(scope),
                _ => {
                    let detail = match grantable.to_string() {
                        none if none.is_empty() => {
                            "must not be any: this token has none for keys".to_owned()
                        }
                        some => format!(
                            "must be one that this token has, for keys: {}",
                            some.replace(' ', ", ")
                        ),
                    };
                    errors.push(FieldError::pointer(format!("/scopes/{index}"), detail));
                }
            }
        }
    }
    match name {
        Some(name) if errors.is_empty() => {
            Ok(Checked { name, scopes: scopes.into_iter().collect(), expires_at })
        }
        _ => Err(Problem::new(ProblemType::ValidationFailed).errors(errors)),
    }
}
