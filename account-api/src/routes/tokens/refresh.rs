//! `POST /v1/token`: a refresh token gives an access token, and the next refresh token.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use http_kit::{
    ClientAddress, FieldError, Json, JsonOrForm, Problem, ProblemDocument, ProblemType,
    RequestOrigin,
};
use identity::{
    audit::{Entry, Kind, Origin},
    sessions::{RefreshToken, Refusal, Shown},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::code;
use crate::{
    conditions::NoVersion,
    failure::store_failed,
    query::NoParameters,
    representation::private,
    state::AccountState,
    tokens::{TokenAnswer, client},
};

pub(super) const PATH: &str = "/v1/token";

/// What is looked at.
const NAMES: [&str; 4] = ["grant_type", "refresh_token", "code", "code_verifier"];

/// A refresh token is shown (RFC 6749 section 6), or a code that a user came back with from a provider
/// (section 4.1.3).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// `refresh_token`, or `authorization_code` for a code.
    #[schema(example = "refresh_token")]
    grant_type: String,
    /// The token.
    refresh_token: Option<String>,
    /// The code.
    code: Option<String>,
    /// What meets the challenge that the sign-in was begun with (PKCE).
    code_verifier: Option<String>,
}

/// Get the next access token
///
/// A refresh token is good once: the answer has the next one. The one just used may be shown again for a few
/// seconds, for an answer that was lost, and gives the same refresh token again. An older one has been stolen,
/// or the present one has: the session ends. JSON, or a form as OAuth's clients send it, whose other names are
/// passed over; `scope` too (RFC 6749 section 3.3): the answer says what the token is good for.
#[utoipa::path(
    post, path = PATH, operation_id = "refresh_token", tag = "sign-in",
    request_body(content(
        (RefreshRequest = "application/json"),
        (RefreshRequest = "application/x-www-form-urlencoded"),
    ), description = "The refresh token"),
    responses(
        (status = 200, description = "The next tokens.", body = TokenAnswer),
        (status = 400, description = "The token gives nothing; `error` is RFC 6749's.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body is neither JSON nor a form.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The body is not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn refresh_token(
    State(state): State<AccountState>,
    RequestOrigin(origin): RequestOrigin,
    address: ClientAddress,
    headers: HeaderMap,
    parameters: Result<NoParameters, Problem>,
    version: Result<NoVersion, Problem>,
    body: Result<JsonOrForm, Problem>,
) -> Result<Response, Problem> {
    let request =
        parameters.and(version).and(body).and_then(|body| body.read::<RefreshRequest>(&NAMES));
    let request = request.map_err(invalid_request)?;
    match request.grant_type.as_str() {
        "refresh_token" => {
            let token = request.refresh_token.ok_or_else(|| missing("/refresh_token"))?;
            refresh(&state, &token, &origin).await
        }
        "authorization_code" => {
            let code = request.code.ok_or_else(|| missing("/code"))?;
            let verifier = request.code_verifier.ok_or_else(|| missing("/code_verifier"))?;
            let client = client(&headers, Some(address));
            code::exchange(&state, &code, &verifier, &origin, client).await
        }
        _ => {
            let detail = "must be refresh_token or authorization_code";
            Err(Problem::new(ProblemType::InvalidGrant)
                .error(FieldError::pointer("/grant_type", detail))
                .with("error", "unsupported_grant_type".into()))
        }
    }
}

async fn refresh(state: &AccountState, token: &str, origin: &Origin) -> Result<Response, Problem> {
    let token = RefreshToken::parse(token)
        .map_err(|error| refused("invalid_grant", format!("{error}.")))?;
    let now = state.clock.now();
    let reused = Entry::new(state.clock.new_id(), now, Kind::RefreshReused).from(origin);
    let salt = state.clock.new_secret();
    let terms = state.tokens.terms;
    let shown = Shown { token: &token, salt, now, terms, reused: &reused };
    match state.ports.sessions.refresh(&shown).await.map_err(store_failed)? {
        Ok(granted) => {
            let (account, role) = (granted.account, granted.role);
            let answer = state.answer(&granted.token, account, role, now, granted.expires_at)?;
            Ok(private(Json(answer).into_response()))
        }
        Err(refusal) => {
            if refusal == Refusal::Reused {
                tracing::warn!(session = %token.session(), "a refresh token was used twice: its session was ended");
                state.know_revoked().await;
            }
            Err(refused("invalid_grant", format!("{refusal}.")))
        }
    }
}

/// The request is not what RFC 6749 wants it to be.
fn invalid_request(problem: Problem) -> Problem {
    problem.with("error", "invalid_request".into())
}

fn missing(pointer: &str) -> Problem {
    let problem = Problem::new(ProblemType::MalformedRequest);
    invalid_request(problem.error(FieldError::pointer(pointer, "is required")))
}

pub(super) fn refused(error: &'static str, detail: String) -> Problem {
    let mut letters = detail.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let detail: String = first.into_iter().chain(letters).collect();
    Problem::new(ProblemType::InvalidGrant).detail(detail).with("error", error.into())
}
