//! Access tokens that other issuers signed: Cinelog as a resource server.

mod claim;
mod foreign_token;
mod issuer_keys;

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use jsonwebtoken::{Validation, decode, errors::ErrorKind};
use moka::sync::Cache;
use uuid::Uuid;

use self::{
    claim::{role_of, scopes_of, texts},
    foreign_token::{CommonClaims, TOKEN_BYTES_MAX, check_header, claimed_issuer, is_id_token},
    issuer_keys::{IssuerKey, IssuerKeys},
};
use super::{kept::Kept, outbound::Outbound, subject::is_subject};
use crate::{
    Credential, Identity, Role, Scope, Scopes, TokenError,
    believed::{BelievedTokens, Fingerprint, Lifetime},
    claims::ReadHeader,
    verifier::read_header,
};

/// How many tokens of an issuer are remembered as checked, so that their signatures need not be checked again.
const TOKENS_MAX: u64 = 16_384;

/// An issuer whose access tokens are believed.
#[derive(Debug, Clone)]
pub struct TrustedIssuerSettings {
    /// The `iss` of its tokens, exactly. Its keys are found by discovery below that URL.
    pub issuer: String,
    /// What `aud` must hold.
    pub audience: String,
    /// Where its tokens name somebody's groups or roles: a claim's name, or a JSON Pointer.
    pub roles_claim: String,
    /// Its names for roles, and the roles that they stand for here.
    pub roles: Vec<(String, Role)>,
    /// The role of somebody whose token has none of those names. `None`: the token is refused.
    pub default_role: Option<Role>,
    /// Where its tokens name scopes, which must be ours. `None`: they have all scopes of the role.
    pub scope_claim: Option<String>,
    /// Whether tokens are believed that do not say that they are access tokens (`typ`).
    pub untyped: bool,
}

/// All issuers whose access tokens are believed.
#[derive(Debug)]
pub struct TrustedIssuers {
    issuers: HashMap<String, TrustedIssuer>,
    outbound: Outbound,
}

#[derive(Debug)]
struct TrustedIssuer {
    settings: TrustedIssuerSettings,
    keys: Kept<IssuerKeys>,
    believed: Cache<Fingerprint, Believed>,
}

/// What a checked signature vouches for. The key is kept too, since the issuer may withdraw it before the token
/// expires.
#[derive(Debug, Clone)]
struct Believed {
    identity: Identity,
    lifetime: Lifetime,
    key: Arc<str>,
}

impl TrustedIssuers {
    /// The issuers of `settings`. No issuer is asked for its keys before the first of its tokens comes.
    pub fn new(settings: Vec<TrustedIssuerSettings>, outbound: Outbound) -> Self {
        let issuer = |settings: TrustedIssuerSettings| {
            let name = settings.issuer.clone();
            let believed = Cache::new(TOKENS_MAX);
            (name, TrustedIssuer { settings, keys: Kept::default(), believed })
        };
        Self { issuers: settings.into_iter().map(issuer).collect(), outbound }
    }

    /// Who `token` speaks for, if it is to be believed at `now`. `None`: it is from none of these issuers.
    pub async fn authenticate(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Option<Result<Identity, TokenError>> {
        if self.issuers.is_empty() || token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let issuer = self.issuers.get(&claimed_issuer(token)?)?;
        Some(issuer.authenticate(&self.outbound, token, now).await)
    }
}

impl TrustedIssuer {
    async fn authenticate(
        &self,
        outbound: &Outbound,
        token: &str,
        now: Timestamp,
    ) -> Result<Identity, TokenError> {
        let header = read_header(token)?;
        check_header(&header, self.settings.untyped)?;
        let fetch = async || IssuerKeys::fetch(outbound, &self.settings.issuer).await;
        let unavailable = |_| TokenError::Unavailable("its issuer does not answer".to_owned());
        let mut keys = self.keys.get(now, fetch).await.map_err(unavailable)?;
        let fingerprint = BelievedTokens::fingerprint(token);
        if let Some(believed) = self.believed.get(&fingerprint)
            && keys.has(&believed.key)
        {
            believed.lifetime.includes(now)?;
            return Ok(believed.identity);
        }
        let id = header.kid.as_deref().ok_or(TokenError::Key)?;
        if keys.get(id).is_none() {
            // The issuer may have begun to use a new one.
            keys = self.keys.newer(&keys, now, fetch).await.map_err(unavailable)?;
        }
        let key = keys.get(id).ok_or(TokenError::Key)?;
        let believed = self.believe(token, &header, key, now)?;
        self.believed.insert(fingerprint, believed.clone());
        Ok(believed.identity)
    }

    fn believe(
        &self,
        token: &str,
        header: &ReadHeader,
        key: &IssuerKey,
        now: Timestamp,
    ) -> Result<Believed, TokenError> {
        let claims = signed_claims(token, header, key)?;
        if is_id_token(&claims) {
            return Err(TokenError::Type);
        }
        // `iss` is not compared: it is what led to this issuer, and so to the key.
        let common = CommonClaims::of(&claims)?;
        if !common.aud.as_ref().is_some_and(|aud| aud.includes(&self.settings.audience)) {
            return Err(TokenError::Audience);
        }
        let lifetime = Lifetime { not_before: common.nbf, expires: common.exp };
        lifetime.includes(now)?;
        Ok(Believed {
            identity: self.identify(&claims, &common)?,
            lifetime,
            key: Arc::clone(&key.fingerprint),
        })
    }

    fn identify(
        &self,
        claims: &serde_json::Value,
        common: &CommonClaims,
    ) -> Result<Identity, TokenError> {
        let settings = &self.settings;
        let subject =
            common.sub.as_deref().filter(|sub| is_subject(sub)).ok_or(TokenError::Account)?;
        let names = texts(claims, &settings.roles_claim);
        let role =
            role_of(&names, &settings.roles).or(settings.default_role).ok_or(TokenError::Role)?;
        let said = settings.scope_claim.as_ref().map(|claim| scopes_of(&texts(claims, claim)));
        // There is no account here that the token could change.
        let scopes = said.unwrap_or_else(Scopes::all).and(Scopes::of(role)).without(Scope::Account);
        let account = account_of(&settings.issuer, subject);
        Ok(Identity { account, role, scopes, credential: Credential::External })
    }
}

impl CommonClaims {
    fn of(claims: &serde_json::Value) -> Result<Self, TokenError> {
        serde::Deserialize::deserialize(claims).map_err(|_| TokenError::Malformed)
    }
}

/// The account that stands for an issuer's subject: always the same one, and no other subject's (a UUID of
/// version 5, RFC 9562 section 5.5).
fn account_of(issuer: &str, subject: &str) -> Uuid {
    Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_URL, issuer.as_bytes()), subject.as_bytes())
}

/// The claims of a token that `key` has signed, with the one algorithm of that key.
fn signed_claims(
    token: &str,
    header: &ReadHeader,
    key: &IssuerKey,
) -> Result<serde_json::Value, TokenError> {
    if header.alg != format!("{:?}", key.algorithm) {
        return Err(TokenError::OthersAlgorithm);
    }
    let mut validation = Validation::new(key.algorithm);
    // The library would take the time from the system. The caller checks audience and times instead.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    match decode(token, &key.decoding, &validation) {
        Ok(token) => Ok(token.claims),
        Err(error) if *error.kind() == ErrorKind::InvalidSignature => Err(TokenError::Signature),
        Err(_) => Err(TokenError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elses_subject_always_has_the_same_account_and_nobody_elses() {
        let ada = account_of("https://a.example", "ada");
        assert_eq!(ada, account_of("https://a.example", "ada"));
        assert_ne!(ada, account_of("https://b.example", "ada"));
        assert_ne!(ada, account_of("https://a.example", "ben"));
        assert_ne!(account_of("https://a.example/x", "y"), account_of("https://a.example/", "xy"));
    }
}
