//! What somebody gets who has shown who they are: a session, with an access token and a refresh token.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, header};
use http_kit::{ClientAddress, Problem};
use identity::{
    Credential, Identity, KeyRing, RevocationList, Role, Scopes, Signer,
    accounts::Account,
    audit::{Entry, Kind, Origin},
    sessions::{Client, NewSession, RefreshToken, Terms},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{failure::store_failed, state::AccountState};

/// What makes tokens and says how long they live.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Signs access tokens.
    pub signer: Arc<Signer>,
    /// The keys that it signs with.
    pub keys: KeyRing,
    /// How long an access token of a session is good.
    pub access_token_ttl: Duration,
    /// How long sessions last.
    pub terms: Terms,
    /// What this node knows to be revoked.
    pub revocations: Arc<RevocationList>,
}

/// An access token, and what the next one is got with (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    /// Shown as `Authorization: Bearer …`.
    pub(crate) access_token: String,
    #[schema(example = "Bearer")]
    pub(crate) token_type: &'static str,
    /// How long the access token is good, in seconds.
    #[schema(example = 600)]
    pub(crate) expires_in: u64,
    /// Good once: shown to `/v1/token`, it gives another pair.
    pub(crate) refresh_token: String,
    /// How long the refresh token is good if it is not used, in seconds.
    #[schema(example = 1_209_600)]
    pub(crate) refresh_expires_in: u64,
    /// What the access token is good for: names with spaces between them.
    #[schema(example = "ratings account")]
    pub(crate) scope: String,
    /// The account.
    pub(crate) account: Uuid,
    /// Shown at the next log-in from this device, so that strangers who guess elsewhere cannot lock it out. Only
    /// in the answer to a log-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) device_token: Option<String>,
}

/// Who logs in, and from where.
#[derive(Debug)]
pub(crate) struct SignIn<'a> {
    /// The account that somebody has shown to be theirs, as it was then.
    pub(crate) account: &'a Account,
    /// Where the request came from.
    pub(crate) origin: &'a Origin,
    /// By what its owner knows the session again.
    pub(crate) client: Client,
    /// The provider that has vouched for it, by its name in the configuration.
    pub(crate) provider: Option<&'a str>,
}

impl AccountState {
    /// Begins a session for somebody who has shown who they are, and gives its first tokens. `None` where the
    /// account was changed meanwhile: what they have shown may be good no more.
    pub(crate) async fn begin_session(
        &self,
        sign_in: SignIn<'_>,
    ) -> Result<Option<TokenAnswer>, Problem> {
        self.begin_session_as(self.clock.new_id(), sign_in).await
    }

    /// The same, with `id` as the session's: there is none of it yet.
    pub(crate) async fn begin_session_as(
        &self,
        id: Uuid,
        sign_in: SignIn<'_>,
    ) -> Result<Option<TokenAnswer>, Problem> {
        let now = self.clock.now();
        let SignIn { account, origin, client, provider } = sign_in;
        let Account { id: owner, role, revision, .. } = *account;
        let session = NewSession {
            token: RefreshToken::first(id, self.clock.new_secret()),
            account: owner,
            revision,
            begins_at: now,
            terms: self.tokens.terms,
            client,
        };
        let entry = Entry::new(self.clock.new_id(), now, Kind::SignIn);
        let mut entry = entry.about(owner).by(owner).from(origin).session(id);
        if let Some(provider) = provider {
            entry = entry.provider(provider);
        }
        if !self.ports.sessions.begin_session(&session, &entry).await.map_err(store_failed)? {
            return Ok(None);
        }
        let lives = self.tokens.terms.idle.min(self.tokens.terms.absolute);
        let expires_at = now.saturating_add(lives).unwrap_or(Timestamp::MAX);
        self.answer(&session.token, owner, role, now, expires_at).map(Some)
    }

    /// Tokens of a session.
    pub(crate) fn answer(
        &self,
        refresh_token: &RefreshToken,
        account: Uuid,
        role: Role,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<TokenAnswer, Problem> {
        let session = Some(refresh_token.session());
        let credential = Credential::AccessToken { id: self.clock.new_id(), session };
        let identity = Identity { account, role, scopes: Scopes::of(role), credential };
        let ttl = self.tokens.access_token_ttl;
        let access_token =
            self.tokens.signer.issue(&identity, now, ttl).map_err(Problem::internal)?;
        Ok(TokenAnswer {
            access_token,
            token_type: "Bearer",
            expires_in: ttl.as_secs(),
            refresh_token: refresh_token.reveal(),
            refresh_expires_in: expires_at.duration_since(now).as_secs().max(0).unsigned_abs(),
            scope: identity.scopes.to_string(),
            account,
            device_token: None,
        })
    }

    /// Makes this node know what it has just revoked; the others hear of it within a second or two. Where it
    /// cannot be read, the poll will.
    pub(crate) async fn know_revoked(&self) {
        let now = self.clock.now();
        let revocations = self.ports.revocations.as_ref();
        if let Err(error) = self.tokens.revocations.catch_up(revocations, now).await {
            tracing::warn!(%error, "what was just revoked could not be read again");
        }
    }
}

/// From where somebody logs in.
pub(crate) fn client(headers: &HeaderMap, address: Option<ClientAddress>) -> Client {
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Client::new(user_agent, address.map(ClientAddress::ip))
}
