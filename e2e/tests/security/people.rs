//! People with accounts, as these tests need them.

use std::{ffi::OsStr, path::Path, sync::Arc, time::Duration};

use e2e::{Answer, Client, PATIENCE, Server};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

/// A password that nobody would guess.
pub(crate) const PASSWORD: &str = "seven lamps over a quiet harbour";

/// A server on which people register without mails, as often as they like.
pub(crate) struct Place {
    pub(crate) server: Server,
    folder: Arc<TempDir>,
}

/// Whatever is limited by default, for tests that are not about that.
const UNLIMITED: [(&str, &str); 5] = [
    ("CINELOG__IDENTITY__VERIFICATION", "off"),
    ("CINELOG__LIMITS__SIGN_IN", "unlimited"),
    ("CINELOG__LIMITS__REGISTRATION", "unlimited"),
    ("CINELOG__LIMITS__MAIL", "unlimited"),
    ("CINELOG__LIMITS__ACCOUNT", "unlimited"),
];

impl Place {
    /// Opened to everybody.
    pub(crate) fn open() -> Self {
        Self::with(&UNLIMITED)
    }

    /// The same, with more in its environment.
    pub(crate) fn open_with(more: &[(&str, &str)]) -> Self {
        Self::with(&[&UNLIMITED[..], more].concat())
    }

    /// As it is by default, but for this.
    pub(crate) fn with(environment: &[(&str, &str)]) -> Self {
        Self::on(Arc::new(tempfile::tempdir().expect("a temporary folder")), environment)
    }

    /// The same, open to everybody, after its server was told to end and has ended.
    pub(crate) fn again(self) -> Self {
        self.server.terminate();
        self.server.wait_with_log();
        Self::on(self.folder, &UNLIMITED)
    }

    fn on(folder: Arc<TempDir>, environment: &[(&str, &str)]) -> Self {
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| (*name, OsStr::new(*value))).collect();
        let server = Server::start_in(&environment, &data(&folder), &[]);
        Self { server, folder }
    }

    pub(crate) fn anyone(&self) -> Client {
        self.server.anyone()
    }

    /// Registers somebody, and signs in.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let email = format!("{name}@people.example");
        let anyone = self.anyone();
        let body = json!({"email": email, "password": PASSWORD, "name": name});
        let registered = anyone.post("/v1/accounts", body).await.expect(201).json();
        let id = registered["id"].as_str().expect("an id").to_owned();
        let signed_in = log_in(&anyone, &email, PASSWORD).await.expect(200).json();
        Person { id, email, client: anyone.with_token(text(&signed_in, "access_token")), signed_in }
    }

    /// All of the trail, as an admin reads it, the newest first.
    pub(crate) async fn trail(&self) -> Vec<Value> {
        let admin = self.server.caller("admin");
        let (mut entries, mut next) = (Vec::new(), Some("/v1/audit?limit=100".to_owned()));
        while let Some(page) = next {
            let page = admin.get(&page).await.expect(200).json();
            entries.extend(page["items"].as_array().expect("entries").iter().cloned());
            next = page["links"]["next"].as_str().map(str::to_owned);
        }
        entries
    }
}

fn data(folder: &TempDir) -> Box<Path> {
    folder.path().join("data").into_boxed_path()
}

/// Somebody who has signed in.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) client: Client,
    /// What signing in was answered with.
    pub(crate) signed_in: Value,
}

/// Tries to sign in.
pub(crate) async fn log_in(client: &Client, email: &str, password: &str) -> Answer {
    client.post("/v1/login", json!({"email": email, "password": password})).await
}

/// A member that is a text.
pub(crate) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

/// The names of an object's members.
pub(crate) fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<_> =
        value.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// A film, made by an editor; gives its address.
pub(crate) async fn film(server: &Server) -> String {
    let film = server.caller("editor").post("/v1/movies", json!({"title": "Stalker"})).await;
    film.expect(201).header("Location").to_owned()
}

/// Somebody who may change the catalogue, signed in as that.
pub(crate) async fn editor(place: &Place, name: &str) -> Person {
    let mut person = place.person(name).await;
    let admin = place.server.caller("admin");
    let role = json!({"role": "editor"});
    change(&admin, &person.id, role).await;
    // Tokens of the moment of the change are not believed.
    let made_editor = async {
        loop {
            let signed_in = log_in(&place.anyone(), &person.email, PASSWORD).await.expect(200);
            person.signed_in = signed_in.json();
            person.client = place.anyone().with_token(text(&person.signed_in, "access_token"));
            if person.client.get("/v1/account").await.status == 200 {
                return person;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, made_editor).await.expect("within seconds")
}

/// An admin changes an account.
pub(crate) async fn change(admin: &Client, id: &str, to: Value) {
    let request = admin.request(Method::PATCH, &format!("/v1/accounts/{id}"));
    let request = request.header("Content-Type", "application/merge-patch+json");
    Answer::to(request.body(to.to_string())).await.expect(200);
}
