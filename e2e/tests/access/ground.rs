//! A server, and everybody who calls it.

use std::{collections::HashMap, ffi::OsStr};

use e2e::{Client, Server, run};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::callers::{ROLES, Who};

/// What everybody signs in with.
pub(crate) const PASSWORD: &str = "correct horse battery staple 7";

/// A server of its own, with an account for each role.
pub(crate) struct Ground {
    // Stops before its folder goes.
    server: Server,
    _folder: TempDir,
    /// The accounts, by role.
    accounts: HashMap<&'static str, Account>,
    /// Keys and tokens that have been made, by caller.
    made: Mutex<HashMap<String, String>>,
}

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
}

/// What a server needs in its environment so that anybody can be made an account at once, as often as
/// tests like.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("CINELOG__IDENTITY__VERIFICATION", "off"),
    ("CINELOG__LIMITS__SIGN_IN", "unlimited"),
    ("CINELOG__LIMITS__REGISTRATION", "unlimited"),
    ("CINELOG__LIMITS__MAIL", "unlimited"),
    ("CINELOG__LIMITS__ACCOUNT", "unlimited"),
    ("CINELOG__LOGGING__FILTER", "warn"),
];

impl Ground {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let environment = ENVIRONMENT.map(|(name, value)| (name, OsStr::new(value)));
        let server = Server::start_in(&environment, &data, &[]);
        let mut ground =
            Self { server, _folder: folder, accounts: HashMap::new(), made: Mutex::default() };
        for role in ROLES {
            let account = ground.new_account(role).await;
            ground.accounts.insert(role, account);
        }
        ground
    }

    pub(crate) fn anyone(&self) -> Client {
        self.server.anyone()
    }

    /// The account of a role that everybody of that role is.
    pub(crate) fn account(&self, role: &str) -> &Account {
        &self.accounts[role]
    }

    /// A new account with `role`, which can sign in.
    pub(crate) async fn new_account(&self, role: &str) -> Account {
        let email = format!("{}@films.example", unique());
        let body = json!({"email": email, "password": PASSWORD, "name": "Walker"});
        let answer = self.anyone().post("/v1/accounts", body).await.expect(201);
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        if role != "member" {
            let admin = self.token(&["--role", "admin"]);
            let admin = self.anyone().with_token(&admin);
            let target = format!("/v1/accounts/{id}");
            let answer = e2e::Answer::to(
                admin.request(reqwest::Method::PATCH, &target).json(&json!({"role": role})),
            );
            answer.await.expect(200);
        }
        Account { id, email }
    }

    /// What somebody is given who signs in: `access_token`, `refresh_token`, …
    pub(crate) async fn sign_in(&self, account: &Account) -> serde_json::Value {
        let body = json!({"email": account.email, "password": PASSWORD});
        self.anyone().post("/v1/login", body).await.expect(200).json()
    }

    /// Somebody who has just signed in.
    pub(crate) async fn signed_in(&self, account: &Account) -> Client {
        let answer = self.sign_in(account).await;
        self.anyone().with_token(answer["access_token"].as_str().unwrap())
    }

    /// What `cinelog token` prints.
    fn token(&self, flags: &[&str]) -> String {
        let data = self.server.data().to_string_lossy();
        let output = run(["token", "--data", &data].iter().chain(flags));
        output.expect_success().stdout.trim().to_owned()
    }

    /// One of them.
    pub(crate) async fn client(&self, who: Who) -> Client {
        let name = format!("{who:?}");
        let mut made = self.made.lock().await;
        if let Some(credential) = made.get(&name) {
            return self.anyone().with_token(credential);
        }
        let credential = match who {
            Who::Nobody => return self.anyone(),
            Who::Forger => return self.anyone().with_token("e30.e30.c2lnbmF0dXJl"),
            Who::Role(role) => {
                let answer = self.sign_in(&self.accounts[role]).await;
                answer["access_token"].as_str().unwrap().to_owned()
            }
            Who::Narrow(scope) => self.narrow_token(&self.accounts["admin"], scope),
            Who::Key(scope) => self.key(&self.accounts["admin"], scope).await,
        };
        made.insert(name, credential.clone());
        self.anyone().with_token(&credential)
    }

    fn narrow_token(&self, admin: &Account, scope: &str) -> String {
        self.token(&["--role", "admin", "--scope", scope, "--account", &admin.id])
    }

    /// An admin, with a token that is good for one scope.
    pub(crate) fn narrow(&self, admin: &Account, scope: &str) -> Client {
        self.anyone().with_token(&self.narrow_token(admin, scope))
    }

    /// A new API key with one scope.
    pub(crate) async fn key(&self, account: &Account, scope: &str) -> String {
        let owner = self.signed_in(account).await;
        let body = json!({"name": "walk", "scopes": [scope]});
        let answer = owner.post("/v1/account/api-keys", body).await.expect(201);
        answer.json()["key"].as_str().unwrap().to_owned()
    }
}

/// A name that no other test has.
pub(crate) fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("n{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
