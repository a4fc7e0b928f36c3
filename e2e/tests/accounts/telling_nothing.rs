//! Nobody finds out who has an account: not by what is answered, and not by how long it takes.

use std::time::{Duration, Instant};

use e2e::Answer;
use serde_json::json;

use crate::ground::{Ground, OTHER, PASSWORD};

/// All of an answer that does not differ from request to request.
fn seen(answer: &Answer) -> (u16, String, Vec<String>) {
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
        body.remove("instance");
    }
    let names = answer.headers.keys().map(ToString::to_string);
    (answer.status, body.to_string(), names.collect())
}

#[tokio::test]
async fn registering_with_a_known_address_is_answered_alike_and_tells_its_owner() {
    let ground = Ground::new();
    let (known, unknown) = (ground.address("known"), ground.address("unknown"));
    ground.member(&known).await;
    let answers = [ground.register(&known).await, ground.register(&unknown).await];
    assert_eq!(seen(&answers[0]), seen(&answers[1]));
    let mails = ground.mails(&known, 2).await;
    assert!(mails[1].contains("have an account already"), "{}", mails[1]);
    ground.mails(&unknown, 1).await;
    // Nothing was changed.
    ground.log_in(&known, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_wrong_password_an_unknown_name_and_one_that_is_not_verified_are_answered_alike() {
    let ground = Ground::new();
    let (known, waiting) = (ground.address("known"), ground.address("waiting"));
    ground.member(&known).await;
    ground.register(&waiting).await.expect(202);
    let wrong = seen(&ground.log_in(&known, OTHER).await.expect(401));
    assert_eq!(seen(&ground.log_in(&ground.address("nobody"), OTHER).await), wrong);
    assert_eq!(seen(&ground.log_in("no address at all", OTHER).await), wrong);
    assert_eq!(seen(&ground.log_in(&waiting, PASSWORD).await), wrong);
    assert_eq!(seen(&ground.log_in(&waiting, OTHER).await), wrong);
    // Who knows the password is sent the mail again.
    ground.mails(&waiting, 2).await;
}

#[tokio::test]
async fn mails_are_asked_for_alike_whether_there_is_an_account_or_not() {
    let ground = Ground::new();
    let (known, unknown) = (ground.address("known"), ground.address("unknown"));
    ground.member(&known).await;
    for path in ["/v1/account/password-reset-mail", "/v1/account/verification-mail"] {
        let anyone = ground.server.anyone();
        let mut answers = Vec::new();
        for address in [&known, &unknown] {
            answers.push(anyone.post(path, json!({ "email": address })).await.expect(202));
        }
        assert_eq!(answers[0].text, answers[1].text);
    }
    // Of the first, one; of the second none, since the address is verified.
    ground.all_mails(&known, 2).await;
    ground.all_mails(&unknown, 0).await;
}

/// What is told by time is told each time: one measurement of a few that shows nothing is enough.
#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let ground = Ground::with(&[("CINELOG__IDENTITY__VERIFICATION", "off")]);
    let mut middles = Vec::new();
    for measurement in 0..3 {
        let middle = unknown_to_wrong(&ground, measurement).await;
        if (0.8..=1.25).contains(&middle) {
            return;
        }
        middles.push(middle);
    }
    panic!("unknown takes {middles:.2?} times as long");
}

/// How many times as long as a wrong password an unknown name takes. Pairs, one right after the other, so that
/// a busy machine is as busy for both; the middle of many, so that a hiccup is none of it.
async fn unknown_to_wrong(ground: &Ground, measurement: usize) -> f64 {
    const ROUNDS: usize = 25;
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        // A name each, since guessing is slowed down.
        let known = ground.address(&format!("known{measurement}-{round}"));
        ground.register(&known).await.expect(201);
        let unknown = ground.address(&format!("other{measurement}-{round}"));
        let mut took = [Duration::ZERO; 2];
        for turn in 0..4 {
            let which = (turn + round) % 2;
            let begun = Instant::now();
            ground.log_in([&known, &unknown][which], OTHER).await.expect(401);
            took[which] += begun.elapsed();
        }
        ratios.push(took[1].as_secs_f64() / took[0].as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let middle = ratios[ROUNDS / 2];
    println!("unknown to wrong: {middle:.3} in the middle of {ratios:.2?}");
    middle
}
