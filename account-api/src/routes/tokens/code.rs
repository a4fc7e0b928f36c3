//! `POST /v1/token` with a code that an app's user came back with from a provider.

use axum::response::{IntoResponse, Response};
use http_kit::{Json, Problem};
use identity::{
    audit::{Entry, Kind, Origin},
    oidc::SignIns,
};

use super::refresh::refused;
use crate::{failure::store_failed, representation::private, state::AccountState, tokens::SignIn};

/// Gives whoever can meet the code's challenge a session of the person who came back. A code is good once, and
/// so is a try: who shows it with another verifier has used it up. Where it is shown again, somebody else has had
/// it too: the session that it began ends (RFC 6749 section 4.1.2).
pub(super) async fn exchange(
    state: &AccountState,
    code: &str,
    verifier: &str,
    origin: &Origin,
    client: identity::sessions::Client,
) -> Result<Response, Problem> {
    let invalid = || {
        let detail = "the code is unknown, over or used, or its verifier is another one.";
        refused("invalid_grant", detail.to_owned())
    };
    let taken = state.sign_ins.take_code(code, verifier, state.clock.now()).await;
    let Some(taken) = taken.map_err(store_failed)? else {
        end_session_of(state, code, origin).await?;
        return Err(invalid());
    };
    let account = state.ports.accounts.account(taken.account).await.map_err(store_failed)?;
    let account = account.filter(|account| account.disabled_at.is_none()).ok_or_else(invalid)?;
    let sign_in = SignIn { account: &account, origin, client, provider: Some(&taken.provider) };
    let answer = state.begin_session_as(SignIns::session_of(code), sign_in).await?;
    Ok(private(Json(answer.ok_or_else(invalid)?).into_response()))
}

/// Ends the session that a code has begun, if it has, and that lives.
async fn end_session_of(state: &AccountState, code: &str, origin: &Origin) -> Result<(), Problem> {
    let account = state.sign_ins.account_signed_in_by(code).await.map_err(store_failed)?;
    let Some(account) = account else { return Ok(()) };
    let (id, now, session) = (state.clock.new_id(), state.clock.now(), SignIns::session_of(code));
    let entry = Entry::new(id, now, Kind::SessionRevoked).about(account).from(origin);
    let entry = entry.session(session).because("code_reused");
    let ended = state.ports.sessions.end_session(account, session, None, now, &entry).await;
    if ended.map_err(store_failed)? {
        tracing::warn!(%session, "a code of a sign-in was used twice: its session was ended");
        state.know_revoked().await;
    }
    Ok(())
}
