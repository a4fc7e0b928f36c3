//! The first admin, and what admins do.

use e2e::run_in;
use serde_json::{Value, json};

use crate::ground::{Ground, PASSWORD};

fn cinelog(ground: &Ground, arguments: &[&str]) -> e2e::Output {
    let data = ground.server.data().to_str().expect("a path").to_owned();
    let mut all = vec!["account"];
    all.extend(arguments);
    all.extend(["--data", &data]);
    run_in(&[], all)
}

/// Makes an admin on the command line; gives the address and the password.
fn admin(ground: &Ground) -> (String, String) {
    let address = ground.address("admin");
    let made = cinelog(ground, &["create", "--role", "admin", "--email", &address, "--generate"]);
    let made = made.expect_success();
    let password = made.stdout.lines().find_map(|line| line.strip_prefix("password: "));
    (address, password.expect("a password").to_owned())
}

#[tokio::test]
async fn the_first_admin_is_made_beside_the_server_and_changes_what_others_may_do() {
    let ground = Ground::new();
    let (address, password) = admin(&ground);
    let admin = ground.logged_in(&address, &password).await;
    let member = ground.address("member");
    ground.member(&member).await;
    let before = ground.logged_in(&member, PASSWORD).await;
    before.get("/v1/accounts").await.expect(403);
    let page = admin.get("/v1/accounts?limit=1").await.expect(200).json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    let next = page["links"]["next"].as_str().expect("a next page").to_owned();
    let page = admin.get(&next).await.expect(200).json();
    let id = page["items"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(page["items"][0]["email"], json!(member));
    assert_eq!(page["links"].get("next"), None);
    let one = format!("/v1/accounts/{id}");
    let changed = admin.patch(&one, "*", json!({ "role": "editor" })).await.expect(200).json();
    assert_eq!(changed["role"], "editor");
    // At the node that was asked, at once.
    before.get("/v1/account").await.expect(401);
    let editor = ground.logged_in(&member, PASSWORD).await;
    editor.post("/v1/movies", json!({ "title": "Playtime", "year": 1967 })).await.expect(201);
    admin.patch(&one, "*", json!({ "disabled": true })).await.expect(200);
    editor.get("/v1/account").await.expect(401);
    ground.log_in(&member, PASSWORD).await.expect(401);
    admin.patch(&one, "*", json!({ "disabled": false })).await.expect(200);
    ground.log_in(&member, PASSWORD).await.expect(200);
    admin.patch(&one, "*", json!({ "role": "king" })).await.expect(422);
    admin.patch(&one, "\"r1\"", json!({ "role": "member" })).await.expect(412);
    admin.delete(&one).await.expect(204);
    admin.delete(&one).await.expect(204);
    admin.get(&one).await.expect(404);
    let told: Value = admin.get(&format!("/v1/audit?account={id}")).await.expect(200).json();
    let kinds: Vec<&str> = told["items"]
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|e| e["kind"].as_str())
        .collect();
    for kind in ["verified", "role_changed", "disabled", "enabled", "erased"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
}

#[tokio::test]
async fn accounts_are_listed_and_changed_on_the_command_line() {
    let ground = Ground::new();
    let (address, _) = admin(&ground);
    let listed = cinelog(&ground, &["list"]).expect_success().stdout;
    assert!(listed.contains("admin") && listed.contains("active"), "{listed}");
    assert!(listed.contains(&address), "{listed}");
    cinelog(&ground, &["role", &address, "editor"]).expect_success();
    cinelog(&ground, &["disable", &address]).expect_success();
    let listed = cinelog(&ground, &["list"]).expect_success().stdout;
    assert!(listed.contains("editor") && listed.contains("disabled"), "{listed}");
    let again = cinelog(&ground, &["create", "--email", &address, "--generate"]);
    assert!(!again.success && again.stderr.contains("there is an account"), "{}", again.stderr);
    let unknown = cinelog(&ground, &["enable", "nobody@films.example"]);
    assert!(!unknown.success && unknown.stderr.contains("no such account"), "{}", unknown.stderr);
}
