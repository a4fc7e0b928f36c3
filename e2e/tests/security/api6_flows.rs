//! API6: unrestricted access to sensitive business flows. Somebody registers without end, or has us write to
//! a victim.

use std::time::Duration;

use e2e::Answer;
use reqwest::Method;
use serde_json::json;

use crate::people::{PASSWORD, Place};

/// What the log says of a mail, where no `[mail]` is configured.
const MAIL: &str = "a mail, written here";

/// The most mails that a victim gets within an hour, whoever asks for them, and from wherever.
const MAILS_MAX: usize = 5;

#[tokio::test]
async fn registrations_from_one_address_have_an_end() {
    let place = Place::with(&[]);
    let anyone = place.anyone();
    let mut statuses = Vec::new();
    for number in 0..15 {
        let email = format!("{number}@flood.example");
        let body = json!({"email": email, "password": PASSWORD});
        statuses.push(anyone.post("/v1/accounts", body).await.status);
    }
    assert_eq!(statuses[..5], [202; 5]);
    assert_eq!(statuses[14], 429, "{statuses:?}");
}

#[tokio::test]
async fn a_stranger_from_many_addresses_cannot_fill_the_letter_box_of_a_victim() {
    // Behind a proxy that says where requests come from, so that each comes from somewhere else.
    let place = Place::with(&[("CINELOG__SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    let anyone = place.anyone();
    let victim = "victim@people.example";
    for number in 0..60_u8 {
        let (path, body) = match number % 3 {
            0 => ("/v1/accounts", json!({"email": victim, "password": PASSWORD})),
            1 => ("/v1/account/verification-mail", json!({"email": victim})),
            _ => ("/v1/account/password-reset-mail", json!({"email": victim})),
        };
        let request = anyone.request(Method::POST, path);
        let request = request.header("X-Forwarded-For", format!("198.51.100.{number}"));
        Answer::to(request.json(&body)).await.expect(202);
    }
    // Spelled otherwise, it is the same letter box.
    let request = anyone.request(Method::POST, "/v1/account/verification-mail");
    let request = request.header("X-Forwarded-For", "198.51.100.99");
    let body = json!({"email": "Victim@PEOPLE.example"});
    Answer::to(request.json(&body)).await.expect(202);
    // Somebody else's mail is sent after all of those.
    let request = anyone.request(Method::POST, "/v1/accounts");
    let request = request.header("X-Forwarded-For", "198.51.100.100");
    let body = json!({"email": "other@people.example", "password": PASSWORD});
    Answer::to(request.json(&body)).await.expect(202);
    let mails = || place.server.logged().matches(MAIL).count();
    let settled = async {
        let mut seen = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            match mails() {
                count if count > 0 && count == seen => return count,
                count => seen = count,
            }
        }
    };
    let count = tokio::time::timeout(Duration::from_secs(60), settled).await.expect("mails");
    assert!(count <= MAILS_MAX + 1, "{count} mails");
}

#[tokio::test]
async fn asking_for_a_mail_tells_nothing_of_who_has_an_account() {
    let place = Place::with(&[]);
    let anyone = place.anyone();
    let ask = async |email: &str| {
        let answer = anyone
            .post("/v1/account/password-reset-mail", json!({"email": email}))
            .await
            .expect(202);
        answer.text
    };
    let body = json!({"email": "ann@people.example", "password": PASSWORD});
    let first = anyone.post("/v1/accounts", body.clone()).await.expect(202);
    let second = anyone.post("/v1/accounts", body).await.expect(202);
    assert_eq!(first.text, second.text);
    assert_eq!(ask("ann@people.example").await, ask("nobody@people.example").await);
}
