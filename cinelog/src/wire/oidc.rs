//! OpenID Connect: the providers to sign in with, and the issuers whose access tokens are believed. Nobody is
//! asked here: a provider that is down keeps no server from starting.

use identity::{
    Ports,
    oidc::{Outbound, ProviderSettings, SecretIn, SignIns, TrustedIssuerSettings, TrustedIssuers},
};

use crate::{
    config::{Config, ProviderConfig, SecretPlace, TrustedIssuerConfig},
    error::Failure,
    secrets::secret,
};

/// Signing in with the configured providers.
pub(crate) fn sign_ins(config: &Config, ports: &Ports) -> Result<SignIns, Failure> {
    let providers = config.identity.providers.iter().map(|(name, config)| provider(name, config));
    let providers = providers.collect::<Result<Vec<_>, _>>()?;
    let logins = std::sync::Arc::clone(&ports.provider_logins);
    Ok(SignIns::new(providers, logins, Outbound::default()))
}

/// The configured issuers. `None`: there are none.
pub(crate) fn trusted_issuers(config: &Config) -> Option<TrustedIssuers> {
    let issuers: Vec<_> = config.identity.trusted_issuers.values().map(issuer).collect();
    (!issuers.is_empty()).then(|| TrustedIssuers::new(issuers, Outbound::default()))
}

fn provider(name: &str, config: &ProviderConfig) -> Result<ProviderSettings, Failure> {
    let key = format!("identity.providers.{name}.client_secret");
    let client_secret = secret(&key, &config.client_secret, config.client_secret_file.as_deref())?;
    Ok(ProviderSettings {
        name: name.to_owned(),
        issuer: config.issuer.clone(),
        client_id: config.client_id.clone(),
        client_secret,
        secret_in: match config.client_secret_in {
            SecretPlace::Header => SecretIn::Header,
            SecretPlace::Body => SecretIn::Body,
        },
        scopes: config.scopes.iter().filter(|scope| *scope != "openid").cloned().collect(),
        redirect_uri: config.redirect_uri.clone(),
        return_to: config.return_to.clone(),
        link_by_email: config.link_by_email,
    })
}

fn issuer(config: &TrustedIssuerConfig) -> TrustedIssuerSettings {
    TrustedIssuerSettings {
        issuer: config.issuer.clone(),
        audience: config.audience.clone(),
        roles_claim: config.roles_claim.clone(),
        roles: config.roles(),
        default_role: config.default_role.as_deref().and_then(|role| role.parse().ok()),
        scope_claim: config.scope_claim.clone(),
        untyped: config.untyped,
    }
}
