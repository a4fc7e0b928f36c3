//! The recipes of accounts, sign-ins, tokens and keys. What ends something ends something that was made for
//! it, so that the walk can go on.

use e2e::Client;
use serde_json::{Value, json};

use crate::{
    callers::Who,
    ground::{Account, Ground, PASSWORD, unique},
    recipes::Recipe,
    table::Row,
};

/// The recipe of a route that is about accounts.
pub(crate) async fn of(ground: &Ground, row: &Row, who: Who) -> Recipe {
    let told = |target: &str, expected: u16| Recipe::new(row, target, expected);
    let comes_in = who.refusal(row).is_none();
    match row.name().as_str() {
        "POST /v1/accounts" => told(&row.path, 201).json(registration()),
        "GET /v1/accounts"
        | "GET /v1/account"
        | "GET /v1/account/sessions"
        | "GET /v1/account/api-keys"
        | "GET /v1/audit"
        | "GET /.well-known/jwks.json" => told(&row.path, 200),
        "GET /v1/accounts/{id}" => told(&somebody(ground).await, 200),
        "PATCH /v1/accounts/{id}" => {
            told(&somebody(ground).await, 200).body(PATCH, json!({"role": "editor"}).to_string())
        }
        "DELETE /v1/accounts/{id}" => told(&somebody(ground).await, 204),
        "PATCH /v1/account" => {
            told(&row.path, 200).body(PATCH, json!({"name": unique()}).to_string())
        }
        "DELETE /v1/account" | "POST /v1/logout/everywhere" => {
            own(ground, who, comes_in, told(&row.path, 204)).await
        }
        "POST /v1/logout" => {
            // A token that the command line made belongs to no session.
            let expected = if matches!(who, Who::Narrow(_)) { 409 } else { 204 };
            own(ground, who, comes_in, told(&row.path, expected)).await
        }
        "PUT /v1/account/password" => {
            let body =
                json!({"current_password": PASSWORD, "new_password": format!("{PASSWORD}, anew")});
            own(ground, who, comes_in, told(&row.path, 204).json(body)).await
        }
        // A token that never was: tokens that can be used go by mail (`e2e/tests/accounts`).
        "POST /v1/account/verification" => told(&row.path, 422).json(json!({"token": "x"})),
        "POST /v1/account/password-reset" => {
            told(&row.path, 422).json(json!({"token": "x", "new_password": PASSWORD}))
        }
        "POST /v1/account/verification-mail" | "POST /v1/account/password-reset-mail" => {
            told(&row.path, 202).json(json!({"email": format!("{}@films.example", unique())}))
        }
        "POST /v1/login" => {
            let email = &ground.account("viewer").email;
            told(&row.path, 200).json(json!({"email": email, "password": PASSWORD}))
        }
        "POST /v1/token" => {
            let signed_in = ground.sign_in(ground.account("viewer")).await;
            let token = signed_in["refresh_token"].clone();
            told(&row.path, 200)
                .json(json!({"grant_type": "refresh_token", "refresh_token": token}))
        }
        // No provider is configured here; with one: `e2e/tests/oidc`.
        "GET /v1/login/{provider}" => told("/v1/login/nobody", 404),
        "GET /v1/login/{provider}/callback" => told("/v1/login/nobody/callback?state=x", 404),
        "DELETE /v1/account/sessions/{id}" => {
            let id = if comes_in { session(ground, who).await } else { NOTHING.to_owned() };
            told(&format!("/v1/account/sessions/{id}"), 204)
        }
        "POST /v1/account/api-keys" => {
            told(&row.path, if has_keys(who) { 201 } else { 422 }).json(key())
        }
        "DELETE /v1/account/api-keys/{id}" => {
            let mut id = NOTHING.to_owned();
            if comes_in && has_keys(who) {
                let owner = ground.client(who).await;
                let made = owner.post("/v1/account/api-keys", key()).await.expect(201).json();
                made["id"].as_str().unwrap().clone_into(&mut id);
            }
            told(&format!("/v1/account/api-keys/{id}"), if has_keys(who) { 204 } else { 404 })
        }
        name => panic!("nobody has said how to ask {name} rightly: add it to the recipes"),
    }
}

/// An id that nothing has.
const NOTHING: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// What a patch is written in.
const PATCH: &str = "application/merge-patch+json";

/// Somebody new.
fn registration() -> Value {
    json!({"email": format!("{}@films.example", unique()), "password": PASSWORD, "name": "New"})
}

/// A key that is wanted.
fn key() -> Value {
    json!({"name": unique(), "scopes": ["ratings"]})
}

/// A viewer has no scope that a key may have.
fn has_keys(who: Who) -> bool {
    // A key may no more than the token that makes it: this one has nothing for keys.
    !matches!(who, Who::Narrow(_)) && who != Who::Role("viewer")
}

/// Where an account is that nobody needs.
async fn somebody(ground: &Ground) -> String {
    format!("/v1/accounts/{}", ground.new_account("member").await.id)
}

/// Sends `recipe` as somebody of the same kind whom nobody needs, where it would be carried out.
async fn own(ground: &Ground, who: Who, comes_in: bool, recipe: Recipe) -> Recipe {
    if !comes_in {
        return recipe;
    }
    let role = if let Who::Role(role) = who { role } else { "admin" };
    let account = ground.new_account(role).await;
    recipe.sent_by(alike(ground, who, &account).await)
}

/// `account`, calling in the way that `who` does.
async fn alike(ground: &Ground, who: Who, account: &Account) -> Client {
    match who {
        Who::Narrow(scope) => ground.narrow(account, scope),
        _ => ground.signed_in(account).await,
    }
}

/// A session of theirs that they can do without.
async fn session(ground: &Ground, who: Who) -> String {
    let role = if let Who::Role(role) = who { role } else { "admin" };
    let new = ground.signed_in(ground.account(role)).await;
    let sessions = new.get("/v1/account/sessions").await.expect(200).json();
    let is_new = |session: &&Value| session["current"] == true;
    let session = sessions["items"].as_array().unwrap().iter().find(is_new);
    session.unwrap()["id"].as_str().unwrap().to_owned()
}
