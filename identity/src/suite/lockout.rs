//! Tries to log in.

use std::time::Duration;

use jiff::Timestamp;

use crate::{Ports, lockout::Counted};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

const STRANGERS: Counted = Counted { name: [1; 32], device: None };
const OWNER: Counted = Counted { name: [1; 32], device: Some([2; 32]) };

async fn tries_until_blocked(ports: &Ports, counted: Counted) -> usize {
    let mut tries = 0;
    while ports.attempts.count_try(&counted, now()).await.unwrap().is_ok() {
        tries += 1;
    }
    tries
}

/// After a few failures there is a wait, of which is said how long it is.
pub async fn tries_are_blocked_after_a_few_and_allowed_again_later(ports: Ports) {
    assert_eq!(tries_until_blocked(&ports, STRANGERS).await, 5);
    let blocked = ports.attempts.count_try(&STRANGERS, now()).await.unwrap().unwrap_err();
    assert_eq!(blocked.until, now() + Duration::from_secs(1));
    ports.attempts.count_try(&STRANGERS, blocked.until).await.unwrap().unwrap();
}

/// Strangers do not lock out who logs in from a device that is known.
pub async fn a_known_device_has_a_count_of_its_own(ports: Ports) {
    tries_until_blocked(&ports, STRANGERS).await;
    assert_eq!(tries_until_blocked(&ports, OWNER).await, 5);
    ports.attempts.forget_tries(&OWNER).await.unwrap();
    assert!(ports.attempts.count_try(&OWNER, now()).await.unwrap().is_ok());
    assert!(ports.attempts.count_try(&STRANGERS, now()).await.unwrap().is_err());
}

/// Many at once are not more than one after the other.
pub async fn of_many_tries_at_once_as_many_are_made_as_one_after_the_other(ports: Ports) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let ports = ports.clone();
        tasks.spawn(async move { ports.attempts.count_try(&STRANGERS, now()).await.unwrap() });
    }
    let made = tasks.join_all().await;
    assert_eq!(made.into_iter().filter(Result::is_ok).count(), 5);
}

/// Counts of long ago are forgotten, and those of now are kept.
pub async fn old_counts_are_forgotten(ports: Ports) {
    ports.attempts.count_try(&STRANGERS, now()).await.unwrap().unwrap();
    assert_eq!(ports.attempts.forget_old_tries(now(), 100).await.unwrap(), 0);
    let later = now() + Duration::from_secs(60 * 60);
    assert_eq!(ports.attempts.forget_old_tries(later, 100).await.unwrap(), 1);
}
