//! Whose requests are counted together: accounts by role, and everybody else by address.

use e2e::Answer;
use reqwest::Method;
use serde_json::json;

use crate::ground::{Ground, NO_FILM, admitted, left, policies};

#[tokio::test]
async fn each_is_let_in_as_their_role_has_it_and_each_account_counts_by_itself() {
    let ground = Ground::with(&[
        ("limits/read/anonymous", "2 per hour"),
        ("limits/read/member", "4 per hour"),
        ("limits/read/admin", "unlimited"),
    ]);
    let server = &ground.server;
    let [member, other] = [server.caller("member"), server.caller("member")];
    assert_eq!(admitted(&member, NO_FILM, 8).await, 4);
    assert_eq!(admitted(&other, NO_FILM, 8).await, 4);
    assert_eq!(admitted(&server.anyone(), NO_FILM, 8).await, 2);
    // Who is not named has what the role before has.
    assert_eq!(admitted(&server.caller("viewer"), NO_FILM, 8).await, 2);
    assert_eq!(admitted(&server.caller("editor"), NO_FILM, 8).await, 4);
    let admin = server.caller("admin");
    assert_eq!(admitted(&admin, NO_FILM, 20).await, 20);
    assert!(policies(&admin.get(NO_FILM).await).is_empty());
}

#[tokio::test]
async fn who_shows_what_is_not_believed_is_counted_as_anybody_at_that_address() {
    let ground = Ground::with(&[
        ("limits/read/anonymous", "3 per hour"),
        ("limits/read/viewer", "unlimited"),
        ("limits/write/anonymous", "3 per hour"),
        ("limits/write/viewer", "unlimited"),
    ]);
    let anyone = ground.server.anyone();
    let guess = |number: u32| anyone.with_token(&format!("eyJhbGciOiJub25lIn0.e30.{number}"));
    for number in 0..2 {
        guess(number).get(NO_FILM).await.expect(404);
    }
    assert_eq!(admitted(&anyone, NO_FILM, 3).await, 1);
    assert_eq!(guess(9).get(NO_FILM).await.status, 429);
    // Guesses at who may write are refused as such, and then not looked at any more.
    let statuses = [401, 401, 401, 429, 429];
    for (number, expected) in (0..).zip(statuses) {
        let tried = guess(number).post("/v1/movies", json!({"title": "Ran"})).await;
        assert_eq!(tried.status, expected);
    }
    let editor = ground.server.caller("editor");
    editor.post("/v1/movies", json!({"title": "Ran"})).await.expect(201);
}

#[tokio::test]
async fn groups_count_each_by_itself_unless_they_share() {
    let ground = Ground::with(&[
        ("read", "3 per hour"),
        ("search", "with read"),
        ("rate", "2 per hour"),
        ("write", "5 per hour"),
    ]);
    let (film, reader) = (ground.film().await, ground.server.anyone());
    reader.get("/v1/movies").await.expect(200);
    let second = reader.get(NO_FILM).await.expect(404);
    assert_eq!(left(&second)["read-hour"].0, 1);
    reader.get("/v1/movies").await.expect(200);
    for target in ["/v1/movies", NO_FILM] {
        let refused = reader.get(target).await.expect(429);
        assert_eq!(refused.json()["violated-policies"], json!(["read-hour"]));
    }
    let editor = ground.server.caller("editor");
    let rating = format!("{film}/ratings/me");
    for expected in [201, 200, 429] {
        assert_eq!(editor.put(&rating, json!({"value": 8})).await.status, expected);
    }
    let tagged = editor.put(&format!("{film}/tags/epic"), json!({})).await;
    assert_eq!((tagged.status, left(&tagged)["write-hour"].0), (200, 4));
}

#[tokio::test]
async fn who_signs_in_is_counted_by_address_whoever_they_say_they_are() {
    let ground = Ground::with(&[("sign_in", "4 per hour")]);
    let anyone = ground.server.anyone();
    let tries = [anyone.clone(), ground.server.caller("admin")];
    let mut statuses = Vec::new();
    for number in 0..6 {
        let attempt =
            json!({"email": format!("a{number}@films.example"), "password": "not the password"});
        let answer = tries[number % 2].post("/v1/login", attempt).await;
        statuses.push(answer.status);
        if answer.status == 429 {
            assert_eq!(answer.json()["violated-policies"], json!(["sign_in-hour"]), "{answer:?}");
        }
    }
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 2, "{statuses:?}");
    assert_eq!(statuses[4..], [429, 429]);
    // That of others is untouched.
    anyone.get(NO_FILM).await.expect(404);
}

#[tokio::test]
async fn a_bulk_request_costs_as_much_as_any() {
    let ground = Ground::with(&[("write", "2 per hour")]);
    let editor = ground.server.caller("editor");
    for expected in [200, 200, 429] {
        let request = editor.request(Method::POST, "/v1/movies/bulk");
        let request = request.header("Content-Type", "application/x-ndjson");
        let answer =
            Answer::to(request.body("{\"title\": \"Ran\"}\n{\"title\": \"Ikiru\"}\n")).await;
        assert_eq!(answer.status, expected, "{answer:?}");
    }
}
