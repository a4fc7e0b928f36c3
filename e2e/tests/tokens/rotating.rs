//! The keys that sign: a new one takes over while the server runs, and an old one is retired.

use std::{path::Path, process::Command, time::Duration};

use e2e::{Client, PATIENCE, run, run_in};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::ground::{Ground, log_in, refused};

const SESSIONS: &str = "/v1/account/sessions";
const JWKS: &str = "/.well-known/jwks.json";

fn key(data: &Path, arguments: &[&str]) -> String {
    let data = data.to_string_lossy();
    run(["key"].iter().chain(arguments).chain(&["--data", &*data])).expect_success().stdout
}

/// The id of the first key that is in this state.
fn in_state(table: &str, state: &str) -> String {
    let line = table.lines().find(|line| line.split_whitespace().nth(1) == Some(state));
    line.unwrap_or_else(|| panic!("none {state}:\n{table}"))
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned()
}

/// The ids that the server publishes.
async fn published(anyone: &Client) -> Vec<String> {
    let jwks = anyone.get(JWKS).await.expect(200).json();
    let keys = jwks["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn publishes(anyone: &Client, ids: &[&str]) {
    let becomes = async {
        while published(anyone).await != ids {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let becomes = timeout(PATIENCE, becomes).await;
    assert!(becomes.is_ok(), "it publishes {ids:?} in time");
}

#[tokio::test]
async fn a_new_key_takes_over_while_the_server_runs_and_the_old_one_is_retired() {
    let ground = Ground::new();
    let (anyone, data) = (ground.anyone(), ground.data());
    let before = ground.somebody("ann").await;
    let old = in_state(&key(data, &["list"]), "signs");
    assert_eq!(published(&anyone).await, [old.as_str()]);
    // Published first: nothing else changes yet.
    let waiting = in_state(&key(data, &["rotate", "--after", "1h"]), "published");
    publishes(&anyone, &[&old, &waiting]).await;
    assert_eq!(in_state(&key(data, &["list"]), "signs"), old);
    // At once.
    let table = key(data, &["rotate", "--after", "0s"]);
    let new = in_state(&table, "signs");
    assert_ne!(new, old);
    publishes(&anyone, &[&old, &waiting, &new]).await;
    ground.with_token(&before.access).get(SESSIONS).await.expect(200);
    let after = log_in(&anyone, "ann").await;
    ground.with_token(&after.access).get(SESSIONS).await.expect(200);
    // Retired: what it signed is refused, also what was believed before.
    key(data, &["retire", &old]);
    publishes(&anyone, &[&waiting, &new]).await;
    let answer = ground.with_token(&before.access).get(SESSIONS).await;
    refused(&answer, "the token's key has been retired");
    ground.with_token(&after.access).get(SESSIONS).await.expect(200);
}

#[tokio::test]
async fn the_only_key_cannot_be_retired_and_what_is_no_key_is_named() {
    let ground = Ground::new();
    let data = ground.data().to_string_lossy().into_owned();
    let only = in_state(&key(ground.data(), &["list"]), "signs");
    let output = run(["key", "retire", &only, "--data", &data]);
    assert!(!output.success && output.stderr.contains("the only key that signs"), "{output:?}");
    let output = run(["key", "retire", "nonsense", "--data", &data]);
    assert!(!output.success && output.stderr.contains("there is no key nonsense"), "{output:?}");
}

#[test]
fn a_configured_file_that_is_missing_is_not_made_and_the_error_says_what_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (data, path) = (folder.path().join("data"), folder.path().join("keys.pem"));
    let cinelog = |arguments: &[&str]| {
        let configured = ("CINELOG__IDENTITY__SIGNING_KEY_FILE", path.as_os_str());
        run_in(&[configured], arguments.iter().chain(&["--data", &*data.to_string_lossy()]))
    };
    let (rotate, token) = (["key", "rotate"], ["token", "--role", "viewer"]);
    let missing = format!("identity.signing_key_file: there is no key file {}", path.display());
    let mut command = String::new();
    for arguments in [&["key", "list"][..], &["key", "retire", "x"], &token, &rotate] {
        let output = cinelog(arguments);
        assert!(!output.success && output.stderr.contains(&missing), "{arguments:?}: {output:?}");
        output.stderr.split('`').nth(1).expect("a command").clone_into(&mut command);
        assert!(!path.exists() && !data.join("signing-key.pem").exists(), "{arguments:?}");
    }
    let made = Command::new("sh")
        .args(["-c", &command.replace("FILE", "keys.pem")])
        .current_dir(folder.path())
        .output()
        .expect("there is a shell");
    assert!(made.status.success(), "{command}: keys are made by openssl: apt-get install openssl");
    let old = in_state(&cinelog(&["key", "list"]).expect_success().stdout, "signs");
    let table = cinelog(&rotate).expect_success().stdout;
    assert_eq!(in_state(&table, "signs"), old);
    assert_ne!(in_state(&table, "published"), old);
    cinelog(&token).expect_success();
}

#[tokio::test]
async fn a_file_that_was_spoilt_changes_nothing_and_is_complained_about() {
    let ground = Ground::new();
    let ann = ground.somebody("ann").await;
    let path = ground.data().join("signing-key.pem");
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, "spoilt").unwrap();
    ground.server.logs("the keys of access tokens stay as they are").await;
    ground.with_token(&ann.access).get(SESSIONS).await.expect(200);
    std::fs::write(&path, good).unwrap();
    log_in(&ground.anyone(), "ann").await;
}

#[tokio::test]
async fn the_public_keys_can_be_kept_by_caches_and_hold_no_secret() {
    let ground = Ground::new();
    let answer = ground.anyone().get(JWKS).await.expect(200);
    assert_eq!(answer.header("Cache-Control"), "public, max-age=60");
    assert_eq!(answer.header("Content-Type"), "application/jwk-set+json");
    let etag = answer.header("ETag").to_owned();
    let key = answer.json()["keys"][0].clone();
    let names: Vec<_> = key.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["kty", "crv", "alg", "use", "kid", "x"]);
    assert_eq!((&key["kty"], &key["crv"]), (&Value::from("OKP"), &Value::from("Ed25519")));
    ground.anyone().get_with(JWKS, "If-None-Match", &etag).await.expect(304);
}
