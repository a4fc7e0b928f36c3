//! A server that sends mails, and what tests do with it.

use std::{ffi::OsStr, time::Duration};

use e2e::{Answer, Client, PATIENCE, Server};
use proving_ground::MailServer;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A password that is taken.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Another one.
pub(crate) const OTHER: &str = "7Kq!vR2#pLx9 and more";

/// A server with a mail server.
pub(crate) struct Ground {
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
    mails: MailServer,
}

impl Ground {
    /// One without limits, so that a test may ask as often as it likes.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with more in its environment.
    pub(crate) fn with(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mails = MailServer::running();
        let port = mails.port().to_string();
        let settings = [
            ("CINELOG__MAIL__HOST", "localhost"),
            ("CINELOG__MAIL__PORT", &port),
            ("CINELOG__MAIL__TLS", "none"),
            ("CINELOG__MAIL__FROM", "Cinelog <no-reply@films.example>"),
            ("CINELOG__LIMITS__SIGN_IN", "unlimited"),
            ("CINELOG__LIMITS__REGISTRATION", "unlimited"),
            ("CINELOG__LIMITS__MAIL", "unlimited"),
            ("CINELOG__LIMITS__ACCOUNT", "unlimited"),
        ];
        let environment: Vec<(&str, &OsStr)> =
            settings.iter().chain(more).map(|(name, value)| (*name, OsStr::new(*value))).collect();
        let server = Server::start_in(&environment, &folder.path().join("data"), &[]);
        Self { server, folder, mails }
    }

    /// An address that nobody else has. `name` stands before the `@`, made unique.
    pub(crate) fn address(&self, name: &str) -> String {
        let unique: String = self
            .folder
            .path()
            .to_string_lossy()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        format!("{name}-{}@films.example", unique.to_lowercase())
    }

    /// The mails to an address, once there are so many.
    pub(crate) async fn mails(&self, address: &str, count: usize) -> Vec<String> {
        let place = self.mails.mails_to(address);
        let asker = Client::anyone_at("http://127.0.0.1");
        for _ in 0..600 {
            let mails = asker.get(&place).await.expect(200).json();
            let mails: Vec<String> = serde_json::from_value(mails).expect("a list of texts");
            assert!(mails.len() <= count, "more than {count}: {mails:?}");
            if mails.len() == count {
                return mails;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("fewer than {count} mails came:\n{}", self.server.logged());
    }

    /// The same where no more may come: a mail that is asked for now has come before this looks.
    pub(crate) async fn all_mails(&self, address: &str, count: usize) -> Vec<String> {
        let name = address.split('-').next().unwrap_or_default();
        let last = self.address(&format!("after-{name}"));
        self.register(&last).await.expect(202);
        self.mails(&last, 1).await;
        self.mails(address, count).await
    }

    /// Waits until the server has said something so many times.
    pub(crate) async fn logs(&self, what: &str, times: usize) {
        let said = async {
            while self.server.logged().matches(what).count() < times {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let said = tokio::time::timeout(PATIENCE, said).await;
        assert!(said.is_ok(), "{what:?} is not in:\n{}", self.server.logged());
    }

    /// Waits until so many mails were withheld that somebody has asked for.
    pub(crate) async fn withheld(&self, mails: usize) {
        let admin = self.server.anyone().at(&self.server.admin_url);
        let mails = mails.to_string();
        let is_withheld = |line: &str| {
            let value = line.rsplit(' ').next();
            line.contains("outcome=\"withheld\"") && value == Some(mails.as_str())
        };
        let withheld = async {
            while !admin.get("/metrics").await.expect(200).text.lines().any(is_withheld) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, withheld).await.expect("so many are withheld, and no more");
    }

    /// The token in the newest of so many mails.
    pub(crate) async fn token(&self, address: &str, count: usize) -> String {
        token_in(self.mails(address, count).await.last().expect("a mail"))
    }

    pub(crate) async fn register(&self, address: &str) -> Answer {
        let body = json!({ "email": address, "password": PASSWORD, "name": "Ada" });
        self.server.anyone().post("/v1/accounts", body).await
    }

    pub(crate) async fn verify(&self, token: &str) -> Answer {
        self.server.anyone().post("/v1/account/verification", json!({ "token": token })).await
    }

    /// Verifies the address of somebody who has registered.
    pub(crate) async fn member_of_waiting(&self, address: &str) {
        // Who tries to log in is sent the mail again: the newest token is as good as the first.
        let mails = self.mails(address, 2).await;
        self.verify(&token_in(mails.last().expect("a mail"))).await.expect(200);
    }

    /// Somebody who has registered and verified their address; with the token of their device.
    pub(crate) async fn member(&self, address: &str) -> String {
        self.register(address).await.expect(202);
        let answer = self.verify(&self.token(address, 1).await).await.expect(200);
        answer.json()["device_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn log_in(&self, address: &str, password: &str) -> Answer {
        let body = json!({ "email": address, "password": password });
        self.server.anyone().post("/v1/login", body).await
    }

    /// Somebody who has logged in.
    pub(crate) async fn logged_in(&self, address: &str, password: &str) -> Client {
        let answer = self.log_in(address, password).await.expect(200).json();
        self.caller(&answer)
    }

    /// Whoever has the access token of an answer.
    pub(crate) fn caller(&self, answer: &Value) -> Client {
        self.server.anyone().with_token(answer["access_token"].as_str().expect("a token"))
    }

    /// Waits until a caller is refused: nodes hear of what is revoked within seconds.
    pub(crate) async fn is_refused(&self, caller: &Client) {
        for _ in 0..100 {
            if caller.get("/v1/account").await.status == 401 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("an access token is believed that was revoked");
    }
}

/// The line of a mail that is a token.
pub(crate) fn token_in(mail: &str) -> String {
    let is_token = |line: &&str| {
        line.len() == 43 && line.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    mail.lines().find(is_token).unwrap_or_else(|| panic!("no token in {mail}")).to_owned()
}
