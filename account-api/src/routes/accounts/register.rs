//! `POST /v1/accounts`: somebody registers.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use http_kit::{Json, Problem, ProblemDocument, ProblemType, RequestOrigin};
use identity::accounts::{NotRegistered, Registered, Registration};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    conditions::NoVersion,
    failure::{busy, invalid, store_failed},
    query::NoParameters,
    representation::{AccountDocument, private, shown},
    state::AccountState,
};

/// Who registers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// The address: what one logs in with.
    #[schema(format = "email", max_length = 254, example = "ada@films.example")]
    email: String,
    /// The password: 12 to 128 characters, not easily guessed.
    #[schema(format = "password", min_length = 12, max_length = 128)]
    password: String,
    /// What one wants to be called.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, example = "Ada")]
    name: Option<String>,
}

/// How it goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegistrationAnswer {
    /// The same for everybody.
    message: &'static str,
}

const ASKED: &str = "A mail is on its way to the address. It says how to go on.";

/// Register
///
/// Where addresses must be verified (`identity.verification`), the answer is 202 whether the address is known or
/// not, and a mail goes to it in either case: nobody finds out who has an account. Where they need not be, it is
/// 201 with the account, and 409 for an address that is known.
#[utoipa::path(
    post, path = "/v1/accounts", operation_id = "register_account", tag = "account",
    request_body = NewAccount,
    responses(
        (status = 201, description = "The account, where addresses need not be verified.", body = AccountDocument),
        (status = 202, description = "A mail says how it goes on.", body = RegistrationAnswer),
        (status = 409, description = "The address has an account, where addresses need not be verified.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Address, name or password are not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many passwords are being looked at, or the identity store cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn register_account(
    State(state): State<AccountState>,
    RequestOrigin(origin): RequestOrigin,
    _: NoParameters,
    _: NoVersion,
    Json(NewAccount { email, password, name }): Json<NewAccount>,
) -> Result<Response, Problem> {
    let registration = Registration { email, password, name };
    match state.registrar.register(registration, &state.occasion(origin)).await {
        Ok(Registered::Asked) => {
            let answer = Json(RegistrationAnswer { message: ASKED });
            Ok(private((StatusCode::ACCEPTED, answer).into_response()))
        }
        Ok(Registered::Made(account)) => {
            let mut response = shown(StatusCode::CREATED, &account);
            let address = HeaderValue::from_static("/v1/account");
            response.headers_mut().insert(header::LOCATION, address);
            Ok(response)
        }
        Err(NotRegistered::Email(wrong)) => Err(invalid("/email", wrong)),
        Err(NotRegistered::Name(wrong)) => Err(invalid("/name", wrong)),
        Err(NotRegistered::Password(unfit)) => Err(invalid("/password", unfit)),
        Err(NotRegistered::Taken) => {
            Err(Problem::new(ProblemType::Conflict)
                .detail("There is an account with this address."))
        }
        Err(NotRegistered::Busy(_)) => Err(busy()),
        Err(NotRegistered::Store(error)) => Err(store_failed(error)),
    }
}
