//! API2: broken authentication. Somebody guesses, with patience or in a hurry.

use std::time::Duration;

use e2e::{Answer, Client};
use serde_json::json;

use crate::people::{PASSWORD, Place, log_in, text};

/// More tries than anybody needs who has forgotten a password.
const TRIES_MAX: usize = 40;

/// A wait in seconds that is not over before the next is asked, on a busy machine either.
const LONG: u64 = 6;

/// The statuses that wrong passwords are answered with until the next may be tried after a long wait only, and
/// the last answer. Shorter waits are waited for.
async fn guess(client: &Client, email: &str) -> (Vec<u16>, Answer) {
    let mut statuses = Vec::new();
    while statuses.len() < TRIES_MAX {
        let guess = format!("{PASSWORD} {}", statuses.len());
        let answer = log_in(client, email, &guess).await;
        statuses.push(answer.status);
        if answer.status == 429 {
            let wait: u64 = answer.header("Retry-After").parse().unwrap();
            if wait >= LONG {
                return (statuses, answer);
            }
            tokio::time::sleep(Duration::from_secs(wait)).await;
        }
    }
    panic!("nobody is slowed down: {statuses:?}");
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down_and_the_right_one_is_no_way_around() {
    let place = Place::open();
    let ann = place.person("ann").await;
    let anyone = place.anyone();
    let (statuses, last) = guess(&anyone, &ann.email).await;
    let tried = statuses.iter().filter(|status| **status == 401).count();
    assert!(statuses[0] == 401 && tried <= 10, "{statuses:?}");
    // Whoever comes upon it in the meantime is not told.
    let right = log_in(&anyone, &ann.email, PASSWORD).await.expect(429);
    assert_eq!(right.json()["type"], last.json()["type"]);
    assert_eq!(right.json()["violated-policies"], json!(["log-in-tries"]));
}

#[tokio::test]
async fn names_that_nobody_has_are_answered_and_slowed_down_like_others() {
    let place = Place::open();
    let ann = place.person("ann").await;
    let anyone = place.anyone();
    let known = log_in(&anyone, &ann.email, "not this one, surely").await.expect(401);
    let unknown = log_in(&anyone, "nobody@people.example", "not this one, surely").await;
    let said = |answer: &Answer| {
        let body = answer.json();
        (answer.status, body["type"].clone(), body["detail"].clone(), body.get("errors").cloned())
    };
    assert_eq!(said(&known), said(&unknown));
    let (known, last_known) = guess(&anyone, &ann.email).await;
    let (unknown, last_unknown) = guess(&anyone, "nobody@people.example").await;
    assert_eq!(last_known.json()["type"], last_unknown.json()["type"]);
    // A machine that stands still for as long as a wait lasts gives either one try more.
    let tried = |statuses: &[u16]| statuses.iter().filter(|status| **status == 401).count();
    assert!(tried(&known).abs_diff(tried(&unknown)) <= 1, "{known:?}, {unknown:?}");
}

#[tokio::test]
async fn a_stranger_who_guesses_does_not_keep_the_owner_out() {
    let place = Place::open();
    let (ann, bob) = (place.person("ann").await, place.person("bob").await);
    let anyone = place.anyone();
    guess(&anyone, &ann.email).await;
    log_in(&anyone, &ann.email, PASSWORD).await.expect(429);
    // Nor is a device token of one's own any good for another's account.
    let device = text(&bob.signed_in, "device_token");
    let body = json!({"email": ann.email, "password": PASSWORD, "device_token": device});
    anyone.post("/v1/login", body).await.expect(429);
    let device = text(&ann.signed_in, "device_token");
    let body = json!({"email": ann.email, "password": PASSWORD, "device_token": device});
    anyone.post("/v1/login", body).await.expect(200);
}

#[tokio::test]
async fn one_password_tried_on_many_names_is_counted_by_where_it_comes_from() {
    // By the hour, so that a slow machine comes to the end of it too.
    let rate = ("CINELOG__LIMITS__SIGN_IN", "30 per hour");
    let place = Place::with(&[("CINELOG__IDENTITY__VERIFICATION", "off"), rate]);
    let anyone = place.anyone();
    let mut refused = None;
    for name in 0..60 {
        let answer = log_in(&anyone, &format!("{name}@people.example"), "Password-123456").await;
        if answer.status == 429 {
            refused = Some((name, answer));
            break;
        }
        assert_eq!(answer.status, 401);
    }
    let (tries, answer) = refused.expect("it has an end");
    assert!((20..=40).contains(&tries), "{tries} names were tried");
    assert!(answer.header("Retry-After").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    assert!(answer.json()["type"].as_str().unwrap().contains("quota-exceeded"));
    // A header that anybody can send makes no new client of it.
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP"] {
        let value = if header == "Forwarded" { "for=192.0.2.9" } else { "192.0.2.9" };
        let request = anyone.request(reqwest::Method::POST, "/v1/login").header(header, value);
        let body = json!({"email": "x@people.example", "password": "Password-123456"});
        Answer::to(request.json(&body)).await.expect(429);
    }
}

#[tokio::test]
async fn a_token_is_taken_from_the_authorization_header_and_nowhere_else() {
    let place = Place::open();
    let token = place.server.token("admin");
    let anyone = place.anyone();
    anyone.get(&format!("/v1/audit?access_token={token}")).await.expect(401);
    for (name, value) in [
        ("Cookie", format!("access_token={token}")),
        ("X-Access-Token", token.clone()),
        ("Proxy-Authorization", format!("Bearer {token}")),
    ] {
        let request = anyone.request(reqwest::Method::GET, "/v1/audit").header(name, value);
        Answer::to(request).await.expect(401);
    }
    anyone.with_token(&token).get("/v1/audit").await.expect(200);
}

#[tokio::test]
async fn a_signed_out_session_is_good_for_nothing_within_seconds() {
    let place = Place::open();
    let ann = place.person("ann").await;
    let refresh = text(&ann.signed_in, "refresh_token").to_owned();
    Answer::to(ann.client.request(reqwest::Method::POST, "/v1/logout")).await.expect(204);
    let body = json!({"grant_type": "refresh_token", "refresh_token": refresh});
    let refused = place.anyone().post("/v1/token", body).await;
    assert!([400, 401].contains(&refused.status), "{refused:?}");
    let gone = async {
        while ann.client.get("/v1/account").await.status != 401 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("within seconds");
}
