//! A server on which anybody gets an account at once.

use std::{ffi::OsStr, path::Path};

use e2e::{Answer, Client, Server, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What everybody logs in with.
const PASSWORD: &str = "correct horse battery staple 7";

/// What a server needs in its environment for that, and so long a grace that it is not over before a busy
/// machine has shown a token again.
pub(crate) const ENVIRONMENT: [(&str, &str); 6] = [
    ("CINELOG__IDENTITY__REFRESH_GRACE", "60s"),
    ("CINELOG__IDENTITY__VERIFICATION", "off"),
    ("CINELOG__LIMITS__SIGN_IN", "unlimited"),
    ("CINELOG__LIMITS__REGISTRATION", "unlimited"),
    ("CINELOG__LIMITS__MAIL", "unlimited"),
    ("CINELOG__LIMITS__ACCOUNT", "unlimited"),
];

/// The server, and its folder.
pub(crate) struct Ground {
    // Stops before its folder goes.
    pub(crate) server: Server,
    _folder: TempDir,
}

/// What somebody has who has logged in.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) account: String,
}

impl Tokens {
    pub(crate) fn of(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            account: text("account"),
        }
    }
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with more in its environment.
    pub(crate) fn with(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = ENVIRONMENT.iter().chain(more);
        let environment: Vec<_> =
            environment.map(|(name, value)| (*name, OsStr::new(*value))).collect();
        let server = Server::start_in(&environment, &folder.path().join("data"), &[]);
        Self { server, _folder: folder }
    }

    pub(crate) fn anyone(&self) -> Client {
        self.server.anyone()
    }

    pub(crate) fn data(&self) -> &Path {
        self.server.data()
    }

    /// Somebody new, who has logged in.
    pub(crate) async fn somebody(&self, name: &str) -> Tokens {
        register(&self.anyone(), name).await;
        log_in(&self.anyone(), name).await
    }

    /// An access token of an admin's for the account of `tokens`, good for one scope: `cinelog token` makes it.
    pub(crate) fn narrow_token(&self, tokens: &Tokens, scope: &str) -> String {
        let data = self.data().to_string_lossy();
        let flags = ["--role", "admin", "--scope", scope, "--account", &tokens.account];
        let output = run(["token", "--data", &data].into_iter().chain(flags));
        assert!(output.success, "{output:?}");
        output.stdout.trim().to_owned()
    }

    /// The caller with this access token or key.
    pub(crate) fn with_token(&self, token: &str) -> Client {
        self.anyone().with_token(token)
    }
}

pub(crate) async fn register(anyone: &Client, name: &str) {
    let body = json!({"email": format!("{name}@films.example"), "password": PASSWORD});
    anyone.post("/v1/accounts", body).await.expect(201);
}

pub(crate) async fn log_in(anyone: &Client, name: &str) -> Tokens {
    let body = json!({"email": format!("{name}@films.example"), "password": PASSWORD});
    Tokens::of(&anyone.post("/v1/login", body).await.expect(200).json())
}

pub(crate) async fn refresh(anyone: &Client, token: &str) -> Answer {
    let body = json!({"grant_type": "refresh_token", "refresh_token": token});
    anyone.post("/v1/token", body).await
}

/// Fails unless the answer is 401 and says this.
#[track_caller]
pub(crate) fn refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 401, "{why}: {}", answer.text);
    let challenge = answer.header("WWW-Authenticate");
    let says = format!("error=\"invalid_token\", error_description=\"{why}\"");
    assert!(challenge.starts_with("Bearer ") && challenge.contains(&says), "{why}: {challenge}");
    assert!(answer.header("Content-Type").starts_with("application/problem+json"));
}
