//! Makers of jobs, whom a server that was restarted asks about.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use identity::{
    Authenticator, Credential, Identity, KeyPair, Ports, Realm, Role, Scope, Verifier,
    accounts::{Administered, Changed, Changes, EmailAddress, NewAccount},
    api_keys::{ApiKeySecret, NewApiKey},
    audit::{Entry, Kind},
    sessions::{Client, NewSession, RefreshToken, Terms},
    store::{SqliteIdentity, SqliteIdentityOptions},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::tests::{file, finish};
use crate::{
    bulk::BULK_PATH,
    testing::{Api, FILM},
};

/// The account of an editor.
const EDITOR: Uuid = Uuid::from_u128(100);

/// The session of that account.
const SESSION: Uuid = Uuid::from_u128(200);

/// The key of that account.
const KEY: Uuid = Uuid::from_u128(2);

/// The editor, by a token of no session.
fn editor() -> Identity {
    Identity::by_token(EDITOR, Role::Editor, Uuid::nil())
}

/// An entry of the audit trail.
fn entry(at: Timestamp, kind: Kind) -> Entry {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    Entry::new(Uuid::from_u128(u128::from(number)), at, kind)
}

/// A store of identities in the folder of the API, with an editor.
pub(super) async fn store(api: &Api) -> Ports {
    let store = SqliteIdentityOptions::at(api.folder().join("identity.db"));
    let ports = Ports::on(Arc::new(SqliteIdentity::open(store).await.unwrap()));
    let new = NewAccount {
        id: EDITOR,
        email: EmailAddress::parse("ann@films.example").unwrap(),
        is_verified: true,
        name: None,
        password: None,
        role: Role::Editor,
        at: api.now(),
    };
    assert!(ports.accounts.create(&new, &entry(api.now(), Kind::Registered)).await.unwrap());
    ports
}

/// The editor's key.
pub(super) async fn editors_key(ports: &Ports, at: Timestamp) -> String {
    let secret = ApiKeySecret::new(KEY, [3; 32]);
    let key = NewApiKey {
        secret: secret.clone(),
        account: EDITOR,
        name: "nightly".to_owned(),
        scopes: [Scope::CatalogueWrite].into_iter().collect(),
        created_at: at,
        expires_at: None,
    };
    let by = editor();
    let created = ports.api_keys.create_key(&key, &by, &entry(at, Kind::KeyCreated)).await;
    assert_eq!(created.unwrap(), Ok(()));
    secret.reveal()
}

/// An access token of the editor's session.
async fn editors_token(api: &Api, ports: &Ports) -> String {
    let account = ports.accounts.account(EDITOR).await.unwrap().unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    let session = NewSession {
        token: RefreshToken::first(SESSION, [7; 32]),
        account: EDITOR,
        revision: account.revision,
        begins_at: api.now(),
        terms: Terms { grace: Duration::from_secs(10), idle: day, absolute: day },
        client: Client::default(),
    };
    let begun = ports.sessions.begin_session(&session, &entry(api.now(), Kind::SignIn)).await;
    assert!(begun.unwrap());
    let credential = Credential::AccessToken { id: Uuid::nil(), session: Some(SESSION) };
    api.token_of(&Identity { credential, ..editor() })
}

/// An API that knows accounts, and their store. It hears of no revocations: as where those are forgotten.
async fn with_accounts() -> (Api, Ports) {
    let api = Api::start().await;
    let ports = store(&api).await;
    let realm = Realm { issuer: "test".to_owned(), audience: "cinelog".to_owned() };
    let verifier = Verifier::new(realm, KeyPair::from_seed(&[7; 32]).unwrap());
    let authenticator = Authenticator::new(verifier).with_store(ports.clone());
    (api.restarted_with(Arc::new(authenticator)), ports)
}

/// Has a film made by a job that waits; gives its address.
async fn job_by(api: &Api, credential: &str) -> String {
    let ask = api.anonymous("POST", BULK_PATH).header("prefer", "respond-async");
    let ask = ask.header("idempotency-key", "k");
    let ask = ask.header("authorization", &format!("Bearer {credential}"));
    let promised = ask.lines(FILM).send().await;
    assert_eq!(promised.status, StatusCode::ACCEPTED, "{promised:?}");
    promised.header("location").to_owned()
}

async fn change(api: &Api, ports: &Ports, changes: Changes) {
    let entries = Administered {
        by: None,
        role_changed: entry(api.now(), Kind::RoleChanged),
        disabled: entry(api.now(), Kind::Disabled),
        enabled: entry(api.now(), Kind::Enabled),
    };
    let changed = ports.accounts.change(EDITOR, None, &changes, api.now(), &entries).await;
    assert!(matches!(changed.unwrap(), Changed::Done(_)));
}

async fn log_out(api: &Api, ports: &Ports) {
    let entry = entry(api.now(), Kind::SignOut);
    assert!(ports.sessions.end_session(EDITOR, SESSION, None, api.now(), &entry).await.unwrap());
}

async fn revoke_key(api: &Api, ports: &Ports) {
    let (by, entry) = (editor(), entry(api.now(), Kind::KeyRevoked));
    assert!(ports.api_keys.revoke_key(EDITOR, KEY, &by, api.now(), &entry).await.unwrap());
}

#[tokio::test]
async fn after_a_restart_a_job_ends_whose_maker_has_lost_the_right_however_long_ago() {
    for by_key in [false, true] {
        for how in ["revoked", "disabled", "demoted", "erased"] {
            let (api, ports) = with_accounts().await;
            let address = match by_key {
                true => job_by(&api, &editors_key(&ports, api.now()).await).await,
                false => job_by(&api, &editors_token(&api, &ports).await).await,
            };
            match how {
                "revoked" if by_key => revoke_key(&api, &ports).await,
                "revoked" => log_out(&api, &ports).await,
                "disabled" => {
                    change(&api, &ports, Changes { disabled: Some(true), ..Changes::default() })
                        .await;
                }
                "demoted" => {
                    let role = Some(Role::Member);
                    change(&api, &ports, Changes { role, ..Changes::default() }).await;
                }
                _ => {
                    let entry = entry(api.now(), Kind::Erased);
                    ports.accounts.erase(EDITOR, None, None, api.now(), &entry).await.unwrap();
                }
            }
            // Longer than any node keeps a revocation of these in mind.
            api.pass(Duration::from_secs(3 * 60 * 60));
            let ended = finish(&api.restarted(), &address).await;
            assert_eq!(ended["state"], "failed", "{how}, by key: {by_key}: {ended}");
            let detail = ended["detail"].as_str().unwrap();
            assert!(detail.starts_with("Its maker may not do this any more."), "{how}: {detail}");
            assert_eq!(ended["lines"]["answered"], 0, "{how}");
        }
    }
}

#[tokio::test]
async fn after_a_restart_a_job_goes_on_whose_maker_may_though_the_token_has_expired() {
    for how in ["session", "key", "no account"] {
        let (api, ports) = with_accounts().await;
        let credential = match how {
            "session" => editors_token(&api, &ports).await,
            "key" => editors_key(&ports, api.now()).await,
            _ => api.token(Role::Admin, 9),
        };
        let address = job_by(&api, &credential).await;
        api.pass(Duration::from_secs(3 * 60 * 60));
        let api = api.restarted();
        let stop = CancellationToken::new();
        let running = tokio::spawn(api.state.clone().run_jobs(stop.clone()));
        let done = loop {
            let job = api.anonymous("GET", &address).by(Role::Admin, 9).send().await.body;
            if !["queued", "running"].contains(&job["state"].as_str().unwrap()) {
                break job;
            }
            tokio::task::yield_now().await;
        };
        stop.cancel();
        running.await.unwrap();
        assert_eq!((&done["state"], &done["lines"]["succeeded"]), (&json!("done"), &json!(1)));
    }
}

#[tokio::test]
async fn after_a_restart_whoever_asked_for_a_job_last_is_asked_about() {
    let (api, ports) = with_accounts().await;
    let address = job_by(&api, &editors_token(&api, &ports).await).await;
    assert_eq!(job_by(&api, &editors_key(&ports, api.now()).await).await, address);
    log_out(&api, &ports).await;
    assert_eq!(finish(&api.restarted(), &address).await["state"], "done");
}

#[tokio::test]
async fn nothing_is_kept_of_a_maker_with_which_somebody_could_get_in() {
    for by_key in [false, true] {
        let (api, ports) = with_accounts().await;
        let credential = match by_key {
            true => editors_key(&ports, api.now()).await,
            false => editors_token(&api, &ports).await,
        };
        let address = job_by(&api, &credential).await;
        let kept = fs::read_to_string(file(&api, &address, "job.json")).unwrap();
        let id = if by_key { KEY } else { SESSION };
        assert!(kept.contains(&id.to_string()), "what it is asked about by: {kept}");
        let secret = credential.rsplit(['.', '_']).next().unwrap();
        assert!(secret.len() > 40 && !kept.contains(secret), "{kept}");
        assert!(!kept.contains("Bearer"), "{kept}");
    }
}

#[tokio::test]
async fn a_job_from_before_makers_were_kept_is_carried_out() {
    let (api, ports) = with_accounts().await;
    let address = job_by(&api, &editors_key(&ports, api.now()).await).await;
    let path = file(&api, &address, "job.json");
    let mut kept: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(kept.as_object_mut().unwrap().remove("maker").is_some());
    fs::write(&path, kept.to_string()).unwrap();
    revoke_key(&api, &ports).await;
    assert_eq!(finish(&api.restarted(), &address).await["state"], "done");
}
