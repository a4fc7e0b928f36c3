//! `GET /v1/login/{provider}`: sends a browser to a provider.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use http_kit::{FieldError, Path, Problem, ProblemDocument, ProblemType, QueryPairs};
use identity::oidc::{
    APP_STATE_CHARS_MAX, App, Begin, BeginError, LoginSecrets, challenge_of, is_app_state,
};

use super::{cookie, unavailable, unknown_provider};
use crate::{failure::store_failed, query::wrong_names, state::AccountState};

pub(super) const PATH: &str = "/v1/login/{provider}";

/// The parameters there are.
const PARAMETERS: [&str; 4] = ["return_to", "code_challenge", "code_challenge_method", "state"];

/// Sign in with a provider
///
/// For browsers: sends them to a provider of OpenID Connect (`identity.providers`), which sends them back to
/// `/v1/login/{provider}/callback`. An app that wants to have its user back names one of the provider's
/// configured addresses as `return_to`, and the challenge (PKCE, S256) that it will meet when it gets tokens for
/// the code.
#[utoipa::path(
    get, path = PATH, operation_id = "begin_provider_login", tag = "login",
    params(
        ("provider" = String, Path, description = "The provider's name in the configuration."),
        ("return_to" = Option<String>, Query, description = "Where the app wants to have its user back."),
        ("code_challenge" = Option<String>, Query, description = "SHA-256 of the app's verifier, in base64url; needed with `return_to`."),
        ("code_challenge_method" = Option<String>, Query, description = "`S256`; needed with `return_to`."),
        ("state" = Option<String>, Query, description = "What the app wants to be told again with its user: 1 to 512 printable characters of ASCII; only with `return_to`."),
    ),
    responses(
        (status = 302, description = "To the provider.", headers(("Location" = String), ("Set-Cookie" = String))),
        (status = 400, description = "A parameter is not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such provider.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The provider, or the identity store, does not answer.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn begin_provider_login(
    State(state): State<AccountState>,
    Path(provider): Path<String>,
    pairs: QueryPairs,
) -> Result<Response, Problem> {
    if !state.sign_ins.knows(&provider) {
        return Err(unknown_provider());
    }
    let app = app(&pairs)?;
    let secrets =
        LoginSecrets { state: state.clock.new_secret(), browser: state.clock.new_secret() };
    let begin = Begin { provider: &provider, app, secrets, now: state.clock.now() };
    let begun = state.sign_ins.begin(begin).await.map_err(|error| match error {
        BeginError::UnknownProvider => unknown_provider(),
        BeginError::ReturnTo => Problem::new(ProblemType::InvalidParameter)
            .error(FieldError::parameter("return_to", "is not an address of this provider's apps")),
        BeginError::Unavailable => unavailable(),
        BeginError::Store(error) => store_failed(error),
    })?;
    let location = HeaderValue::from_str(&begun.url).map_err(Problem::internal)?;
    let mut response = StatusCode::FOUND.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
        .extend(cookie::set(&begun.state, &begun.browser).map(|value| (header::SET_COOKIE, value)));
    Ok(response)
}

/// The app that wants to have its user back: with its address and its challenge, or there is none.
fn app(pairs: &QueryPairs) -> Result<Option<App>, Problem> {
    let mut errors = wrong_names(pairs, &PARAMETERS);
    let value =
        |wanted: &str| pairs.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let challenge = value("code_challenge").map(|text| challenge_of(text));
    let method = value("code_challenge_method").map(String::as_str);
    let has_url = value("return_to").is_some();
    if has_url != (challenge.is_some() || method.is_some()) {
        errors.push(FieldError::parameter("return_to", "belongs together with code_challenge"));
    }
    if has_url && challenge.flatten().is_none() {
        let expected = "must be the SHA-256 of a verifier in base64url, 43 characters";
        errors.push(FieldError::parameter("code_challenge", expected));
    }
    if has_url && method != Some("S256") {
        errors.push(FieldError::parameter("code_challenge_method", "must be S256"));
    }
    let state = value("state").cloned();
    if state.as_deref().is_some_and(|state| !is_app_state(state)) {
        let expected = format!("must be 1 to {APP_STATE_CHARS_MAX} printable characters of ASCII");
        errors.push(FieldError::parameter("state", expected));
    }
    if state.is_some() && !has_url {
        errors.push(FieldError::parameter("state", "belongs together with return_to"));
    }
    if !errors.is_empty() {
        return Err(Problem::new(ProblemType::InvalidParameter).errors(errors));
    }
    let found = value("return_to").cloned().zip(challenge.flatten());
    Ok(found.map(|(return_to, challenge)| App { return_to, challenge, state }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(query: &str) -> Result<Option<String>, Vec<String>> {
        let pairs = QueryPairs::parse(query).unwrap();
        app(&pairs).map(|found| found.map(|app| app.return_to)).map_err(|problem| {
            problem.field_errors().iter().map(|error| format!("{error:?}")).collect()
        })
    }

    #[test]
    fn an_app_names_its_address_and_its_challenge_or_neither() {
        assert_eq!(read(""), Ok(None));
        let whole =
            format!("return_to=https://a/&code_challenge={CHALLENGE}&code_challenge_method=S256");
        assert_eq!(read(&whole), Ok(Some("https://a/".to_owned())));
        for query in [
            "return_to=https://a/".to_owned(),
            format!("code_challenge={CHALLENGE}"),
            format!("return_to=https://a/&code_challenge={CHALLENGE}"),
            format!("return_to=https://a/&code_challenge={CHALLENGE}&code_challenge_method=plain"),
            whole.replace(CHALLENGE, "short"),
            format!("{whole}&return_to=https://b/"),
            format!("{whole}&redirect_uri=https://b/"),
            format!("{whole}&state="),
            format!("{whole}&state=a%0D%0Ab"),
            format!("{whole}&state={}", "x".repeat(APP_STATE_CHARS_MAX + 1)),
            "state=x".to_owned(),
        ] {
            assert!(read(&query).is_err(), "{query}");
        }
    }
}
