//! A server that knows a provider, and what tests do with the two.

use std::ffi::OsStr;

use e2e::{Answer, Client, Server};
use proving_ground::OidcProvider;
use serde_json::Value;
use tempfile::TempDir;

use crate::{browser::Browser, liar::Liar};

/// A Cinelog that one can sign in to.
pub(crate) struct Ground {
    pub(crate) server: Server,
    folder: TempDir,
}

/// Where apps may have their users back.
pub(crate) const APP: &str = "https://app.example/back";

/// Who Cinelog is for apps.
const OWN_ISSUER: &str = "https://films.example";

/// What a test sets besides, below `identity`.
pub(crate) type Settings<'a> = &'a [(&'a str, &'a str)];

impl Ground {
    /// One that knows `issuer` as the provider `local`.
    pub(crate) fn new(issuer: &str) -> Self {
        Self::with(issuer, &[])
    }

    /// The same, for the users of an app, which is told who answers: [`OWN_ISSUER`].
    pub(crate) fn for_apps(issuer: &str) -> Self {
        Self::with(issuer, &[("issuer", OWN_ISSUER), ("providers.local.return_to", APP)])
    }

    /// An admin where it is [for apps](Self::for_apps).
    pub(crate) fn admin(&self) -> Client {
        let data = self.folder.path().join("data");
        let environment = [("CINELOG__IDENTITY__ISSUER", OsStr::new(OWN_ISSUER))];
        let token = ["token", "--role", "admin", "--data", data.to_str().expect("a path")];
        let made = e2e::run_in(&environment, token);
        assert!(made.success, "{made:?}");
        self.server.anyone().with_token(made.stdout.trim())
    }

    /// The same, with more set.
    pub(crate) fn with(issuer: &str, more: Settings<'_>) -> Self {
        let mut settings = provider("local", issuer);
        settings.extend(more.iter().map(|(key, value)| (variable(key), (*value).to_owned())));
        Self::start(&settings)
    }

    /// One that believes the tokens of `issuer`.
    pub(crate) fn that_believes(issuer: &str, more: Settings<'_>) -> Self {
        let own = [
            ("trusted_issuers.local.issuer", issuer),
            ("trusted_issuers.local.audience", "https://films.example/api"),
            ("trusted_issuers.local.roles_claim", "/realm_access/roles"),
            ("trusted_issuers.local.roles.film-editors", "editor"),
        ];
        let all = own.iter().chain(more).map(|(key, value)| (variable(key), (*value).to_owned()));
        Self::start(&all.collect::<Vec<_>>())
    }

    fn start(settings: &[(String, String)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let environment: Vec<(&str, &OsStr)> =
            settings.iter().map(|(name, value)| (name.as_str(), OsStr::new(value))).collect();
        let server = Server::start_in(&environment, &folder.path().join("data"), &[]);
        Self { server, folder }
    }

    /// Begins to sign in with `provider`: where the browser is sent.
    pub(crate) async fn begin(&self, browser: &mut Browser, provider: &str) -> String {
        self.begin_with(browser, &format!("/v1/login/{provider}")).await
    }

    /// The same, at an address with parameters.
    pub(crate) async fn begin_with(&self, browser: &mut Browser, target: &str) -> String {
        let answer = browser.get(&format!("{}{target}", self.server.url)).await.expect(302);
        answer.header("Location").to_owned()
    }

    /// An address that the provider sent the browser back to, at this server: the provider knows it by a port
    /// that nobody listens on.
    pub(crate) fn here(&self, callback: &str) -> String {
        let path = callback.split('/').skip(3).collect::<Vec<_>>().join("/");
        format!("{}/{path}", self.server.url)
    }

    /// All the way, from the first page to what the server answers in the end.
    pub(crate) async fn sign_in(
        &self,
        browser: &mut Browser,
        provider: &str,
        user: &str,
    ) -> Answer {
        let url = self.begin(browser, provider).await;
        let callback = browser.sign_in(&url, user).await;
        browser.get(&self.here(&callback)).await
    }

    /// The account of whoever shows this token.
    pub(crate) async fn account(&self, token: &str) -> Value {
        self.server.anyone().with_token(token).get("/v1/account").await.expect(200).json()
    }
}

/// The environment of a server that knows `issuer` as the provider `name`.
pub(crate) fn provider(name: &str, issuer: &str) -> Vec<(String, String)> {
    let secret = OidcProvider::running().client_secret().to_owned();
    let redirect = format!("http://127.0.0.1:9/v1/login/{name}/callback");
    [
        ("issuer", issuer),
        ("client_id", "cinelog"),
        ("client_secret", &secret),
        ("redirect_uri", &redirect),
    ]
    .map(|(key, value)| (variable(&format!("providers.{name}.{key}")), value.to_owned()))
    .to_vec()
}

/// The name of a key below `identity` in the environment.
fn variable(key: &str) -> String {
    format!("CINELOG__IDENTITY__{}", key.replace('.', "__"))
}

/// What a refusal says of itself.
#[track_caller]
pub(crate) fn reason(answer: &Answer) -> String {
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(!answer.text.contains("access_token"), "{answer:?}");
    answer.json()["reason"].as_str().unwrap_or_default().to_owned()
}

/// A token of the machine `client`, for Cinelog, from the provider at `issuer`.
pub(crate) async fn token_of(issuer: &str, client: &str, more: &str) -> String {
    let secret = OidcProvider::running().client_secret().to_owned();
    let http = reqwest::Client::new();
    let request = http.post(format!("{issuer}/token")).basic_auth(client, Some(secret));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let answer = Answer::to(request.body(format!("grant_type=client_credentials{more}"))).await;
    let answer = answer.expect(200).json();
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// A provider that lies if it is told to, and a Cinelog that knows it.
pub(crate) async fn liar_and_ground() -> (Liar, Ground) {
    let liar = Liar::start().await;
    let ground = Ground::new(&liar.issuer);
    (liar, ground)
}
