//! `[identity.providers.NAME]` and `[identity.trusted_issuers.NAME]`: whom others may sign in with, and whose
//! access tokens are believed besides our own.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use identity::{Role, oidc::is_safe_url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Secret, Texts};

/// The longest name of a provider, in characters: it stands in addresses.
const NAME_CHARS_MAX: usize = 32;

/// A provider of OpenID Connect to sign in with.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderConfig {
    /// Its `iss`, such as `https://accounts.google.com`: exactly as its tokens have it. All else is found
    /// below this URL, by discovery.
    pub(crate) issuer: String,
    /// What it calls Cinelog.
    pub(crate) client_id: String,
    /// What it knows Cinelog by. Unset: by PKCE alone.
    #[schemars(with = "String")]
    #[serde(default)]
    pub(crate) client_secret: Secret,
    /// A file with the same, in the place of it.
    #[schemars(with = "Option<String>")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Where it wants to have that: `header` (client_secret_basic) or `body` (client_secret_post).
    #[serde(default)]
    pub(crate) client_secret_in: SecretPlace,
    /// What it is asked for, besides `openid`.
    #[schemars(with = "Vec<String>")]
    #[serde(default = "usual_scopes", deserialize_with = "Texts::deserialize_parts")]
    pub(crate) scopes: Vec<String>,
    /// The address that it sends browsers back to, as it is registered there:
    /// `https://HOST/v1/login/NAME/callback`.
    pub(crate) redirect_uri: String,
    /// Addresses of apps that their users may be sent back to with a code (`return_to`). Compared exactly. Where
    /// there are any, `identity.issuer` must be a URL: apps are told it.
    #[schemars(with = "Vec<String>")]
    #[serde(default, deserialize_with = "Texts::deserialize_parts")]
    pub(crate) return_to: Vec<String>,
    /// Whether an account that is there is found by its address, where the provider and the account have both
    /// verified it. `false`: such a person is refused, instead of being believed to be that one.
    #[serde(default = "yes")]
    pub(crate) link_by_email: bool,
}

/// Where a client's secret goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretPlace {
    /// `Authorization: Basic`.
    #[default]
    Header,
    /// The form.
    Body,
}

/// An issuer whose access tokens are believed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustedIssuerConfig {
    /// Its `iss`, exactly. Its keys are found below this URL, by discovery.
    pub(crate) issuer: String,
    /// What the `aud` of its tokens must hold.
    pub(crate) audience: String,
    /// Where its tokens say what somebody is: the name of a claim, or a JSON Pointer such as
    /// `/realm_access/roles`.
    #[serde(default = "usual_roles_claim")]
    pub(crate) roles_claim: String,
    /// What its names for that mean here, such as `{ "film-editors" = "editor" }`. The greatest counts.
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, String>,
    /// What somebody is whose token has none of those names. Unset: nobody, and the token is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default_role: Option<String>,
    /// Where its tokens say what they are good for, in scopes of Cinelog (`scope`, `scp`). Unset: for all that
    /// the role may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope_claim: Option<String>,
    /// Whether tokens are believed whose header does not say that they are access tokens (`typ` is missing, or
    /// `JWT`), as those of Okta and Keycloak.
    #[serde(default)]
    pub(crate) untyped: bool,
}

fn usual_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

fn usual_roles_claim() -> String {
    "roles".to_owned()
}

fn yes() -> bool {
    true
}

impl ProviderConfig {
    pub(super) fn check(&self, name: &str, wrong: &mut Vec<String>) {
        let mut wrong_key = |key: &str, expected: &str| {
            wrong.push(format!("identity.providers.{name}.{key}: expected {expected}"));
        };
        if !is_issuer(&self.issuer) {
            wrong_key("issuer", ISSUER);
        }
        if self.client_id.trim().is_empty() {
            wrong_key("client_id", "a text that is not empty");
        }
        if self.client_secret.reveal().is_some() && self.client_secret_file.is_some() {
            wrong_key("client_secret_file", "to be set only where client_secret is not");
        }
        let path = format!("/v1/login/{name}/callback");
        if !is_safe_url(&self.redirect_uri) || !self.redirect_uri.ends_with(&path) {
            wrong_key("redirect_uri", &format!("https://HOST{path}"));
        }
        if self.return_to.iter().any(|url| !is_safe_url(url) || url.contains('#')) {
            wrong_key("return_to", "URLs with https:// (or http:// on this machine) without #");
        }
        if self.scopes.iter().any(|scope| scope.is_empty() || scope.contains(char::is_whitespace)) {
            wrong_key("scopes", "names without spaces");
        }
    }
}

impl TrustedIssuerConfig {
    pub(super) fn check(&self, name: &str, wrong: &mut Vec<String>) {
        let mut wrong_key = |key: &str, expected: &str| {
            wrong.push(format!("identity.trusted_issuers.{name}.{key}: expected {expected}"));
        };
        if !is_issuer(&self.issuer) {
            wrong_key("issuer", ISSUER);
        }
        for (key, value) in [("audience", &self.audience), ("roles_claim", &self.roles_claim)] {
            if value.trim().is_empty() {
                wrong_key(key, "a text that is not empty");
            }
        }
        let is_role = |name: &String| name.parse::<Role>().is_ok();
        if !self.roles.values().all(is_role) {
            wrong_key("roles", "names of theirs, each with viewer, member, editor or admin");
        }
        if !self.default_role.iter().all(is_role) {
            wrong_key("default_role", "viewer, member, editor or admin");
        }
        if self.roles.is_empty() && self.default_role.is_none() {
            wrong_key("roles", "at least one, or a default_role: else nobody's token is believed");
        }
    }

    /// What names of theirs mean here. Those that mean nothing were refused when the configuration was read.
    pub(crate) fn roles(&self) -> Vec<(String, Role)> {
        let role = |(name, role): (&String, &String)| Some((name.clone(), role.parse().ok()?));
        self.roles.iter().filter_map(role).collect()
    }
}

/// What is wrong with all of them together.
pub(super) fn check_all(
    own_issuer: &str,
    providers: &BTreeMap<String, ProviderConfig>,
    trusted: &BTreeMap<String, TrustedIssuerConfig>,
    wrong: &mut Vec<String>,
) {
    for (section, name) in providers
        .keys()
        .map(|name| ("providers", name))
        .chain(trusted.keys().map(|name| ("trusted_issuers", name)))
    {
        if !is_name(name) {
            wrong.push(format!(
                "identity.{section}.{name}: expected a name of 1 to {NAME_CHARS_MAX} of a-z, 0-9 and -"
            ));
        }
    }
    for (name, provider) in providers {
        provider.check(name, wrong);
    }
    // Apps are told it (RFC 9207): by a name that others may have, too, none could tell servers apart.
    let has_apps = providers.values().any(|provider| !provider.return_to.is_empty());
    if has_apps && !is_issuer(own_issuer) {
        wrong.push(format!("identity.issuer: expected {ISSUER}, since a provider has return_to"));
    }
    let mut issuers = BTreeSet::from([own_issuer]);
    for (name, issuer) in trusted {
        issuer.check(name, wrong);
        if !issuers.insert(&issuer.issuer) {
            wrong.push(format!(
                "identity.trusted_issuers.{name}.issuer: expected one that is neither identity.issuer nor \
                 another's"
            ));
        }
    }
}

const ISSUER: &str = "a URL with https:// (or http:// on this machine), without ? and #";

fn is_issuer(url: &str) -> bool {
    is_safe_url(url) && !url.contains(['?', '#'])
}

fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Overrides};

    fn load(toml: &str) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), toml).unwrap();
        Config::load(Some(file.path()), &Overrides::default()).map_err(|e| e.to_string())
    }

    fn google(change: &str, to: &str) -> Result<Config, String> {
        load(
            &"[identity]
issuer = 'https://films.example'
[identity.providers.google]
issuer = 'https://accounts.google.com'
client_id = '123.apps.googleusercontent.com'
client_secret = 's3cret'
redirect_uri = 'https://films.example/v1/login/google/callback'
return_to = ['https://app.example/back']"
                .replace(change, to),
        )
    }

    #[test]
    fn a_provider_is_read_and_its_secret_is_shown_by_no_print() {
        let config = google("", "").unwrap();
        let provider = &config.identity.providers["google"];
        assert_eq!(provider.client_secret.reveal(), Some("s3cret"));
        assert_eq!(provider.scopes, ["openid", "email", "profile"]);
        assert!(provider.link_by_email);
        for shown in [toml::to_string(&config).unwrap(), format!("{config:?}")] {
            assert!(shown.contains("accounts.google.com") && !shown.contains("s3cret"), "{shown}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_provider_is_named() {
        for (change, to, key) in [
            ("https://accounts.google.com", "http://accounts.google.com", "google.issuer"),
            ("https://accounts.google.com", "https://accounts.google.com?x", "google.issuer"),
            ("https://films.example/v1", "http://films.example/v1", "google.redirect_uri"),
            ("google/callback", "okta/callback", "google.redirect_uri"),
            ("https://app.example/back", "https://app.example/#x", "google.return_to"),
            ("https://app.example/back", "javascript:alert(1)", "google.return_to"),
            ("issuer = 'https://films.example'", "", "identity.issuer"),
            ("issuer = 'https://films.example'", "issuer = 'films'", "identity.issuer"),
            ("client_secret", "client_sceret", "client_sceret"),
            ("providers.google", "providers.Google", "providers.Google"),
        ] {
            let error = google(change, to).unwrap_err();
            assert!(error.contains(key), "{key} in {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn who_sends_nobody_back_to_an_app_may_be_called_anything() {
        let [issuer, apps] = ["issuer = 'https://films.example'", "'https://app.example/back'"];
        let without_apps = google(apps, "").unwrap();
        assert!(without_apps.identity.providers["google"].return_to.is_empty());
        let error = google(issuer, "").unwrap_err();
        assert!(error.contains("identity.issuer") && error.contains("return_to"), "{error}");
    }

    #[test]
    fn an_issuer_needs_roles_that_there_are_and_is_not_our_own() {
        let issuer = |rest: &str| {
            load(&format!(
                "[identity.trusted_issuers.okta]\nissuer = 'https://x.okta.com'\naudience = 'films'\n{rest}"
            ))
        };
        issuer("roles = { editors = 'editor' }").unwrap();
        issuer("default_role = 'viewer'").unwrap();
        for (rest, key) in [
            ("", "okta.roles"),
            ("roles = { editors = 'boss' }", "okta.roles"),
            ("default_role = 'boss'", "okta.default_role"),
        ] {
            let error = issuer(rest).unwrap_err();
            assert!(error.contains(key), "{key} in {error}");
        }
        let own = "[identity]\nissuer = 'https://x.okta.com'\n[identity.trusted_issuers.okta]\n\
                   issuer = 'https://x.okta.com'\naudience = 'films'\ndefault_role = 'viewer'";
        assert!(load(own).unwrap_err().contains("okta.issuer"));
    }
}
