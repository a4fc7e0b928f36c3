//! `GET /v1/login/{provider}/callback`: a browser comes back from a provider.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_kit::{
    ClientAddress, Json, Path, Problem, ProblemDocument, ProblemType, QueryPairs, RequestOrigin,
};
use identity::{
    Role,
    audit::{Entry, Kind, Origin},
    oidc::{Callback, FinishError, FinishReason, Finished, SaidNo, with_parameters},
    sessions::Client,
};

use super::{cookie, unavailable, unknown_provider};
use crate::{
    failure::store_failed,
    representation::private,
    state::AccountState,
    tokens::{SignIn, TokenAnswer, client},
};

pub(super) const PATH: &str = "/v1/login/{provider}/callback";

/// What somebody may do who came by a provider and was not here before.
const NEW_ROLE: Role = Role::Member;

/// Come back from a provider
///
/// Where a provider sends browsers back to. Answers tokens as `POST /v1/login` does; or, where an app wanted to
/// have its user back, sends the browser there with `code`, for which `POST /v1/token` gives it tokens, or with
/// `error`; and with the app's `state` and `iss` (RFC 9207). Tokens are never in an address. Whatever comes of it, a sign-in cannot be ended twice; without the
/// cookie of the browser that has begun it, nothing is ended.
#[utoipa::path(
    get, path = PATH, operation_id = "end_provider_login", tag = "login",
    params(
        ("provider" = String, Path, description = "The provider's name in the configuration."),
        ("state" = String, Query, description = "Which sign-in it is."),
        ("code" = Option<String>, Query, description = "What the provider gives for it."),
        ("error" = Option<String>, Query, description = "Why the provider gives nothing (RFC 6749 section 4.1.2.1)."),
        ("iss" = Option<String>, Query, description = "Which provider it is (RFC 9207)."),
    ),
    responses(
        (status = 200, description = "Signed in.", body = TokenAnswer),
        (status = 302, description = "Back to the app, with `code` or `error`.", headers(("Location" = String))),
        (status = 400, description = "The sign-in is not known here, or the provider's answer is not believed.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such provider.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "An account has the address already, and may not be linked.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The provider, or the identity store, does not answer.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn end_provider_login(
    State(state): State<AccountState>,
    Path(provider): Path<String>,
    RequestOrigin(origin): RequestOrigin,
    address: ClientAddress,
    headers: HeaderMap,
    pairs: QueryPairs,
) -> Result<Response, Problem> {
    let answer = Answer::of(&pairs)?;
    let finished = finish(&state, &provider, &origin, &headers, &answer).await;
    let mut response = match finished {
        Ok(finished) => {
            let client = client(&headers, Some(address));
            welcome(&state, &provider, finished, &origin, client).await?
        }
        Err(error) => refuse(&state, &provider, &origin, error).await?,
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.extend(cookie::cleared(answer.state).map(|value| (header::SET_COOKIE, value)));
    Ok(response)
}

/// What is read of the address. Providers add parameters of their own.
struct Answer<'a> {
    state: &'a str,
    code: Option<&'a str>,
    error: Option<&'a str>,
    iss: Option<&'a str>,
}

impl<'a> Answer<'a> {
    fn of(pairs: &'a QueryPairs) -> Result<Self, Problem> {
        let value = |wanted: &str| {
            let mut values = pairs.0.iter().filter(|(name, _)| name == wanted);
            match (values.next(), values.next()) {
                // Two are none: each reader would take another.
                (Some(_), Some(_)) => {
                    Err(failed("The answer has a parameter twice.", "unknown_login"))
                }
                (first, _) => Ok(first.map(|(_, value)| value.as_str())),
            }
        };
        Ok(Self {
            state: value("state")?.unwrap_or_default(),
            code: value("code")?,
            error: value("error")?,
            iss: value("iss")?,
        })
    }
}

async fn finish(
    state: &AccountState,
    provider: &str,
    origin: &Origin,
    headers: &HeaderMap,
    answer: &Answer<'_>,
) -> Result<Finished, FinishError> {
    let callback = Callback {
        provider,
        state: answer.state,
        code: answer.code,
        error: answer.error,
        iss: answer.iss,
        browser: cookie::read(headers, answer.state),
        account: state.clock.new_id(),
        role: NEW_ROLE,
        entries: [state.clock.new_id(), state.clock.new_id()],
        origin,
        now: state.clock.now(),
    };
    state.sign_ins.finish(callback).await
}

async fn welcome(
    state: &AccountState,
    provider: &str,
    finished: Finished,
    origin: &Origin,
    client: Client,
) -> Result<Response, Problem> {
    let Finished { account, return_to } = finished;
    let Some((url, challenge)) = return_to else {
        let sign_in = SignIn { account: &account, origin, client, provider: Some(provider) };
        let Some(answer) = state.begin_session(sign_in).await? else {
            // Changed between the provider's word and this: perhaps disabled.
            let error = FinishError { reason: FinishReason::Disabled, return_to: None };
            return refuse(state, provider, origin, error).await;
        };
        return Ok(private(Json(answer).into_response()));
    };
    let secret = state.clock.new_secret();
    let now = state.clock.now();
    let code = state.sign_ins.give_code(account.id, provider, challenge, &secret, now).await;
    redirect(state, &url, "code", &code.map_err(store_failed)?)
}

async fn refuse(
    state: &AccountState,
    provider: &str,
    origin: &Origin,
    error: FinishError,
) -> Result<Response, Problem> {
    let FinishError { reason, return_to } = error;
    if let FinishReason::NotBelieved(why) = &reason {
        tracing::warn!(provider, why, "a sign-in by a provider is not believed");
    }
    if let Some(word) = word_of(&reason) {
        let (id, now) = (state.clock.new_id(), state.clock.now());
        let entry = Entry::new(id, now, Kind::SignInRefused).from(origin).because(word);
        state.refusals.offer(entry);
    }
    match return_to {
        Some(url) => redirect(state, &url, "error", code_of(&reason)),
        None => Err(problem_of(reason)),
    }
}

/// What the app is told (RFC 6749 section 4.1.2.1).
fn code_of(reason: &FinishReason) -> &'static str {
    match reason {
        FinishReason::Unavailable
        | FinishReason::Store(_)
        | FinishReason::Refused(SaidNo::TemporarilyUnavailable) => "temporarily_unavailable",
        FinishReason::UnknownProvider
        | FinishReason::UnknownLogin
        | FinishReason::NotBelieved(_)
        | FinishReason::Refused(SaidNo::ServerError) => "server_error",
        FinishReason::Refused(SaidNo::Denied)
        | FinishReason::EmailTaken
        | FinishReason::Disabled => "access_denied",
    }
}

/// What the audit trail says of it. `None`: nobody was refused.
fn word_of(reason: &FinishReason) -> Option<&'static str> {
    match reason {
        FinishReason::UnknownLogin => Some("unknown_login"),
        FinishReason::Refused(_) => Some("refused_by_provider"),
        FinishReason::NotBelieved(_) => Some("not_believed"),
        FinishReason::EmailTaken => Some("email_taken"),
        FinishReason::Disabled => Some("disabled"),
        FinishReason::UnknownProvider | FinishReason::Unavailable | FinishReason::Store(_) => None,
    }
}

fn problem_of(reason: FinishReason) -> Problem {
    let word = word_of(&reason).unwrap_or_default();
    match reason {
        FinishReason::UnknownProvider => unknown_provider(),
        FinishReason::Unavailable => unavailable(),
        FinishReason::Store(error) => store_failed(error),
        FinishReason::UnknownLogin => failed(
            "This sign-in was not begun here, is over, or was begun in another browser. Begin again.",
            word,
        ),
        FinishReason::Refused(SaidNo::Denied) => {
            failed("The provider did not sign anybody in.", word)
        }
        FinishReason::Refused(SaidNo::ServerError | SaidNo::TemporarilyUnavailable) => {
            failed("The provider could not sign anybody in. Begin again later.", word)
        }
        FinishReason::NotBelieved(_) => failed("The provider's answer is not believed.", word),
        FinishReason::Disabled => failed("The account may not be used.", word),
        FinishReason::EmailTaken => Problem::new(ProblemType::Conflict).detail(
            "An account has this address already, and has not shown that it is its own. Log in to it with its \
             password, verify its address, and sign in here again.",
        ),
    }
}

fn failed(detail: &str, reason: &str) -> Problem {
    Problem::new(ProblemType::SignInFailed).detail(detail).with("reason", reason.into())
}

/// Only to addresses that are configured. An app that uses several servers is told who answers (RFC 9207).
fn redirect(state: &AccountState, url: &str, name: &str, value: &str) -> Result<Response, Problem> {
    let answer = [(name, value), ("iss", state.tokens.signer.issuer())];
    let location = HeaderValue::from_str(&with_parameters(url, &answer));
    let location = location.map_err(Problem::internal)?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}
