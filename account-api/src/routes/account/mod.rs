//! One's own account.

mod delete;
mod get;
mod password;
mod password_reset;
mod password_reset_mail;
mod patch;
mod verification;
mod verification_mail;

use http_kit::access::{RateGroup, Role, Row, Scope, Takes};
use utoipa_axum::{router::OpenApiRouter, routes as methods};

use crate::state::AccountState;

const ACCOUNT: &str = "/v1/account";
const PASSWORD: &str = "/v1/account/password";
const VERIFICATION: &str = "/v1/account/verification";
const VERIFICATION_MAIL: &str = "/v1/account/verification-mail";
const PASSWORD_RESET: &str = "/v1/account/password-reset";
const PASSWORD_RESET_MAIL: &str = "/v1/account/password-reset-mail";

/// What the routes take.
pub(super) fn access() -> Vec<Row> {
    const OWNER: Takes = Takes::caller(Role::Viewer, Scope::Account);
    vec![
        Row::get(ACCOUNT, OWNER, RateGroup::Account),
        Row::patch(ACCOUNT, OWNER, RateGroup::Account),
        Row::delete(ACCOUNT, OWNER, RateGroup::Account),
        Row::put(PASSWORD, OWNER, RateGroup::SignIn),
        Row::post(VERIFICATION, Takes::Anyone, RateGroup::SignIn),
        Row::post(VERIFICATION_MAIL, Takes::Anyone, RateGroup::Mail),
        Row::post(PASSWORD_RESET, Takes::Anyone, RateGroup::SignIn),
        Row::post(PASSWORD_RESET_MAIL, Takes::Anyone, RateGroup::Mail),
    ]
}

pub(super) fn routes() -> OpenApiRouter<AccountState> {
    OpenApiRouter::new()
        .routes(methods!(get::get_account, patch::patch_account, delete::delete_account))
        .routes(methods!(password::put_password))
        .routes(methods!(verification::verify_account))
        .routes(methods!(verification_mail::mail_verification))
        .routes(methods!(password_reset::reset_password))
        .routes(methods!(password_reset_mail::mail_password_reset))
}
