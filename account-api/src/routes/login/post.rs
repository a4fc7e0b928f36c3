//! `POST /v1/login`: an address and a password give tokens.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header};
use http_kit::{ClientAddress, Json, Problem, ProblemDocument, ProblemType, RequestOrigin};
use identity::{
    accounts::{LogIn, LoginRefused},
    audit::{Entry, Kind, Origin},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    conditions::NoVersion,
    failure::{self, store_failed},
    query::NoParameters,
    representation::private,
    state::AccountState,
    tokens::{SignIn, TokenAnswer, client},
};

pub(super) const PATH: &str = "/v1/login";

/// Somebody logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    #[schema(example = "ann@example.org")]
    email: String,
    #[schema(format = Password)]
    password: String,
    /// The `device_token` of an earlier log-in from this device.
    #[serde(default)]
    device_token: Option<String>,
}

/// Log in
///
/// Begins a session: a short-lived access token, and a refresh token for the next one. An address that is not
/// known, a wrong password, and an account that is disabled or not verified are all the same 401, after the
/// same time.
#[utoipa::path(
    post, path = PATH, operation_id = "log_in", tag = "sign-in",
    request_body(content = LoginRequest, description = "Who, and how that is known"),
    responses(
        (status = 200, description = "Logged in.", body = TokenAnswer),
        (status = 400, description = "The body is not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "The address or the password is wrong.", body = ProblemDocument, content_type = "application/problem+json", headers(("WWW-Authenticate" = String, description = "How to authenticate."))),
        (status = 413, description = "The body is too large.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The body is not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many passwords are being checked, or the identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn log_in(
    State(state): State<AccountState>,
    RequestOrigin(origin): RequestOrigin,
    address: ClientAddress,
    headers: HeaderMap,
    _: NoParameters,
    _: NoVersion,
    Json(request): Json<LoginRequest>,
) -> Result<Response, Problem> {
    let log_in = LogIn {
        email: &request.email,
        password: &request.password,
        device: request.device_token.as_deref(),
    };
    let occasion = state.occasion(origin.clone());
    let logged_in = state.registrar.check_password(log_in, &occasion).await;
    let logged_in = logged_in.map_err(|refused| state.login_refused(refused, &origin))?;
    let sign_in = SignIn {
        account: &logged_in.account,
        origin: &origin,
        client: client(&headers, Some(address)),
        provider: None,
    };
    let Some(mut answer) = state.begin_session(sign_in).await? else {
        // The password was another one, or the account disabled, before this was through.
        let wrong = LoginRefused::Wrong { account: Some(logged_in.account.id) };
        return Err(state.login_refused(wrong, &origin));
    };
    answer.device_token = Some(logged_in.device_token);
    Ok(private(Json(answer).into_response()))
}

impl AccountState {
    /// Why somebody is not let in, noted for the audit trail.
    fn login_refused(&self, refused: LoginRefused, origin: &Origin) -> Problem {
        let note = |account: Option<Uuid>, reason| {
            let entry = Entry::new(self.clock.new_id(), self.clock.now(), Kind::SignInRefused);
            let entry = account.into_iter().fold(entry, Entry::about);
            self.refusals.offer(entry.from(origin).because(reason));
        };
        match refused {
            LoginRefused::Wrong { account } => {
                note(account, "wrong");
                Problem::new(ProblemType::Unauthorized)
                    .header(
                        header::WWW_AUTHENTICATE,
                        HeaderValue::from_static("Bearer realm=\"cinelog\""),
                    )
                    .detail("The e-mail address or the password is wrong.")
            }
            LoginRefused::Blocked(blocked) => {
                note(None, "blocked");
                failure::blocked(blocked, self.clock.now())
            }
            LoginRefused::Busy(_) => failure::busy(),
            LoginRefused::Store(error) => store_failed(error),
        }
    }
}
