//! Passwords: changed, forgotten, guessed.

use serde_json::json;

use crate::ground::{Ground, OTHER, PASSWORD};

#[tokio::test]
async fn a_forgotten_password_is_set_anew_once_and_ends_all_sessions() {
    let ground = Ground::new();
    let address = ground.address("forgets");
    ground.member(&address).await;
    let before = ground.logged_in(&address, PASSWORD).await;
    let anyone = ground.server.anyone();
    let ask = json!({ "email": address.to_uppercase() });
    anyone.post("/v1/account/password-reset-mail", ask).await.expect(202);
    let token = ground.token(&address, 2).await;
    let weak = json!({ "token": token, "new_password": "password1234" });
    anyone.post("/v1/account/password-reset", weak).await.expect(422);
    let reset = json!({ "token": token, "new_password": OTHER });
    anyone.post("/v1/account/password-reset", reset.clone()).await.expect(200);
    anyone.post("/v1/account/password-reset", reset).await.expect(422);
    ground.log_in(&address, PASSWORD).await.expect(401);
    ground.logged_in(&address, OTHER).await.get("/v1/account").await.expect(200);
    ground.is_refused(&before).await;
    let told = ground.mails(&address, 3).await;
    assert!(told[2].contains("password was changed"), "{}", told[2]);
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions_and_keeps_this_one() {
    let ground = Ground::new();
    let address = ground.address("changes");
    ground.member(&address).await;
    let here = ground.logged_in(&address, PASSWORD).await;
    let elsewhere = ground.logged_in(&address, PASSWORD).await;
    let wrong = json!({ "current_password": OTHER, "new_password": OTHER });
    here.put("/v1/account/password", wrong).await.expect(422);
    let right = json!({ "current_password": PASSWORD, "new_password": OTHER });
    here.put("/v1/account/password", right).await.expect(204);
    ground.is_refused(&elsewhere).await;
    here.get("/v1/account").await.expect(200);
    ground.log_in(&address, PASSWORD).await.expect(401);
    ground.log_in(&address, OTHER).await.expect(200);
}

#[tokio::test]
async fn guessing_is_slowed_down_for_strangers_and_not_for_the_owners_device() {
    let ground = Ground::new();
    let address = ground.address("guessed");
    let device = ground.member(&address).await;
    for _ in 0..5 {
        ground.log_in(&address, OTHER).await.expect(401);
    }
    is_slowed_down(&ground, &address, 6).await;
    let blocked = ground.log_in(&address, PASSWORD).await.expect(429);
    let wait: u64 = blocked.header("Retry-After").parse().expect("seconds");
    assert!((1..=900).contains(&wait), "{wait}");
    let own = json!({ "email": address, "password": PASSWORD, "device_token": device });
    let anyone = ground.server.anyone();
    let answer = anyone.post("/v1/login", own).await.expect(200).json();
    assert_eq!(answer["device_token"], json!(device));
    // Somebody else's device is a stranger's.
    let other = ground.address("stranger");
    let strange = ground.member(&other).await;
    let body = json!({ "email": address, "password": PASSWORD, "device_token": strange });
    for _ in 0..3 {
        let status = anyone.post("/v1/login", body.clone()).await.status;
        assert!([200, 429].contains(&status), "{status}");
    }
    // The same for a name that nobody has.
    let nobody = ground.address("nobody");
    for _ in 0..5 {
        ground.log_in(&nobody, OTHER).await.expect(401);
    }
    is_slowed_down(&ground, &nobody, 1).await;
}

/// Guesses until the next may be tried after so many seconds only: the first waits may be over before a busy
/// machine asks again.
async fn is_slowed_down(ground: &Ground, address: &str, seconds: u64) {
    for _ in 0..20 {
        let answer = ground.log_in(address, OTHER).await;
        assert!([401, 429].contains(&answer.status), "{answer:?}");
        if answer.status == 429 {
            let wait: u64 = answer.header("Retry-After").parse().expect("seconds");
            if wait >= seconds {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
        }
    }
    panic!("nobody is slowed down");
}

#[tokio::test]
async fn many_guesses_at_once_are_not_more_than_one_after_the_other() {
    let ground = Ground::new();
    let address = ground.address("raced");
    ground.member(&address).await;
    let begun = std::time::Instant::now();
    let guesses = (0..20).map(|_| ground.log_in(&address, OTHER));
    let answers = futures::future::join_all(guesses).await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    // Five, and one more after each wait that is over by then: each is twice as long as the one before.
    let over = (begun.elapsed().as_secs() + 1).ilog2() as usize;
    assert!((5..=8 + over).contains(&tried), "{tried} of 20 were looked at");
}
