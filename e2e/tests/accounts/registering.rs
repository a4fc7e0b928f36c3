//! Registering, and showing that an address is one's own.

use serde_json::json;

use crate::ground::{Ground, OTHER, PASSWORD};

#[tokio::test]
async fn somebody_registers_verifies_the_address_logs_in_and_reads_their_account() {
    let ground = Ground::new();
    let address = ground.address("Ada");
    ground.register(&address).await.expect(202);
    ground.log_in(&address, PASSWORD).await.expect(401);
    ground.member_of_waiting(&address).await;
    let ada = ground.logged_in(&address, PASSWORD).await;
    let answer = ada.get("/v1/account").await.expect(200);
    let account = answer.json();
    assert_eq!(account["email"], json!(address));
    assert_eq!((&account["name"], &account["role"]), (&json!("Ada"), &json!("member")));
    assert_eq!(account["email_verified"], true);
    assert_eq!(answer.header("Cache-Control"), "no-store");
    let tag = answer.header("ETag").to_owned();
    let changed =
        ada.patch("/v1/account", &tag, json!({ "name": "Ada Lovelace" })).await.expect(200);
    assert_eq!(changed.json()["name"], "Ada Lovelace");
    ada.patch("/v1/account", &tag, json!({ "name": null })).await.expect(412);
    ada.patch("/v1/account", "*", json!({ "name": "" })).await.expect(422);
    ada.patch("/v1/account", "*", json!({ "role": "admin" })).await.expect(422);
}

#[tokio::test]
async fn a_token_verifies_once_and_only_what_it_was_made_for() {
    let ground = Ground::new();
    let address = ground.address("once");
    ground.register(&address).await.expect(202);
    let token = ground.token(&address, 1).await;
    let reset = json!({ "token": token, "new_password": OTHER });
    ground.server.anyone().post("/v1/account/password-reset", reset).await.expect(422);
    ground.verify(&token).await.expect(200);
    let again = ground.verify(&token).await.expect(422);
    assert_eq!(again.json()["errors"][0]["pointer"], "/token");
    ground.verify("").await.expect(422);
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_said_by_field() {
    let ground = Ground::new();
    for (body, pointer) in [
        (json!({ "email": "ada", "password": PASSWORD }), "/email"),
        (json!({ "email": "ada@-films.example", "password": PASSWORD }), "/email"),
        (json!({ "email": "ada@xn--films-.example", "password": PASSWORD }), "/email"),
        (json!({ "email": "ada@films.example", "password": "short" }), "/password"),
        (json!({ "email": "ada@films.example", "password": "password1234" }), "/password"),
        (json!({ "email": "ada@films.example", "password": "xx ada@films.example" }), "/password"),
        (json!({ "email": "ada@films.example", "password": PASSWORD, "name": " " }), "/name"),
        (json!({ "email": "ada@films.example", "password": PASSWORD, "role": "admin" }), "/role"),
    ] {
        let answer = ground.server.anyone().post("/v1/accounts", body).await.expect(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
}

#[tokio::test]
async fn where_addresses_need_not_be_verified_an_account_is_there_at_once() {
    let ground = Ground::with(&[("CINELOG__IDENTITY__VERIFICATION", "off")]);
    let address = ground.address("off");
    let answer = ground.register(&address).await.expect(201);
    assert_eq!(answer.header("Location"), "/v1/account");
    ground.register(&address.to_uppercase()).await.expect(409);
    ground.logged_in(&address, PASSWORD).await.get("/v1/account").await.expect(200);
}

/// The mail goes to the domain in ASCII, which every mail server understands.
#[tokio::test]
async fn a_domain_in_unicode_and_in_punycode_is_the_same_persons() {
    let ground = Ground::new();
    let ascii = ground.address("ida").replace("films", "xn--bcher-kva");
    let unicode = ascii.replace("xn--bcher-kva", "bücher");
    ground.register(&unicode).await.expect(202);
    ground.verify(&ground.token(&ascii, 1).await).await.expect(200);
    ground.register(&ascii).await.expect(202);
    let mails = ground.mails(&ascii, 2).await;
    assert!(mails[1].contains("have an account already"), "{}", mails[1]);
    for written in [unicode, ascii.to_uppercase()] {
        let ida = ground.logged_in(&written, PASSWORD).await;
        let account = ida.get("/v1/account").await.expect(200).json();
        assert_eq!(account["email"], json!(ascii));
    }
}
