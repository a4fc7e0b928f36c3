//! What shows that somebody is who they say: tokens of mails, and passwords.

use std::time::Duration;

use uuid::Uuid;

use super::accounts::{HOUR, email, entry, now, registered, somebody, token};
use crate::{Ports, accounts::Purpose, audit::Kind};

async fn verified(ports: &Ports, byte: u8) -> Option<Uuid> {
    let entry = entry(800 + u128::from(byte), Kind::Verified);
    let account = ports.accounts.verify([byte; 32], [200; 32], now(), &entry).await.unwrap();
    account.map(|account| account.id)
}

/// Who registers with an address that is waited for takes nothing from whoever waits.
pub async fn the_first_registration_that_is_verified_gets_the_address(ports: Ports) {
    registered(&ports, 1, "ada@films.example", 1).await;
    registered(&ports, 2, "ada@films.example", 2).await;
    assert!(!ports.accounts.account(Uuid::from_u128(1)).await.unwrap().unwrap().is_active);
    assert_eq!(verified(&ports, 1).await, Some(Uuid::from_u128(1)));
    assert_eq!(verified(&ports, 2).await, None);
    assert_eq!(ports.accounts.account(Uuid::from_u128(2)).await.unwrap(), None);
    let known = ports.accounts.known(&email("ada@films.example"), Some([200; 32])).await.unwrap();
    let known = known.unwrap();
    assert!(known.account.is_active && known.account.email_verified_at == Some(now()));
    assert!(known.is_known_device);
}

/// Mails that show an address look alike: whoever follows one does not make a stranger's password their own.
pub async fn where_several_registered_with_an_address_none_of_their_passwords_is_good(
    ports: Ports,
) {
    registered(&ports, 1, "ada@films.example", 1).await;
    registered(&ports, 2, "ada@films.example", 2).await;
    registered(&ports, 3, "bob@films.example", 3).await;
    assert_eq!(verified(&ports, 2).await, Some(Uuid::from_u128(2)));
    assert_eq!(ports.accounts.password(Uuid::from_u128(2)).await.unwrap(), None);
    assert!(!ports.accounts.account(Uuid::from_u128(2)).await.unwrap().unwrap().has_password);
    assert_eq!(verified(&ports, 3).await, Some(Uuid::from_u128(3)));
    assert!(ports.accounts.password(Uuid::from_u128(3)).await.unwrap().is_some());
}

/// Strangers who register with an address again and again fill nothing.
pub async fn few_registrations_wait_for_one_address(ports: Ports) {
    for number in 1..=20 {
        let mut new = somebody(u128::from(number), "ada@films.example");
        new.at = now() + Duration::from_secs(number.into());
        let token = token(number, Purpose::Verification);
        let reset = self::token(number + 100, Purpose::PasswordReset);
        ports.accounts.register(&new, &token, &reset).await.unwrap();
    }
    assert_eq!(ports.accounts.list(None, 100).await.unwrap().len(), 10);
    assert_eq!(verified(&ports, 1).await, None);
    assert_eq!(verified(&ports, 20).await, Some(Uuid::from_u128(20)));
}

/// Who has an account is asked, and keeps it.
pub async fn registering_with_a_known_address_changes_nothing_and_gives_a_token_to_reset(
    ports: Ports,
) {
    let new = somebody(1, "ada@films.example");
    ports.accounts.create(&new, &entry(1, Kind::Registered)).await.unwrap();
    let (verification, reset) = (token(1, Purpose::Verification), token(2, Purpose::PasswordReset));
    let again = somebody(2, "ada@films.example");
    let owner = ports.accounts.register(&again, &verification, &reset).await.unwrap();
    assert_eq!(owner.map(|owner| owner.id), Some(new.id));
    assert_eq!(ports.accounts.account(again.id).await.unwrap(), None);
    let purpose = Purpose::PasswordReset;
    let owner = ports.accounts.token_owner([2; 32], purpose, now()).await.unwrap();
    assert_eq!(owner.map(|owner| owner.id), Some(new.id));
}

/// A token is good once, whoever hurries.
pub async fn of_many_who_use_a_token_at_once_one_succeeds(ports: Ports) {
    registered(&ports, 1, "ada@films.example", 1).await;
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..8 {
        let ports = ports.clone();
        tasks.spawn(async move {
            let entry = entry(700 + id, Kind::Verified);
            ports.accounts.verify([1; 32], [200; 32], now(), &entry).await.unwrap()
        });
    }
    let used = tasks.join_all().await;
    assert_eq!(used.into_iter().flatten().count(), 1);
}

/// A token is good for its purpose and its time.
pub async fn a_token_that_is_over_or_for_something_else_is_not_good(ports: Ports) {
    registered(&ports, 1, "ada@films.example", 1).await;
    let late = now() + HOUR;
    let verify = |at| {
        let ports = ports.clone();
        async move {
            let entry = entry(1, Kind::Verified);
            ports.accounts.verify([1; 32], [200; 32], at, &entry).await.unwrap()
        }
    };
    let reset = entry(2, Kind::PasswordReset);
    let reset = ports.accounts.reset_password([1; 32], "new", [200; 32], now(), &reset).await;
    assert_eq!(reset.unwrap(), None);
    assert_eq!(verify(late).await, None);
    assert!(verify(now()).await.is_some());
}

/// A reset by mail opens the door for its owner alone.
pub async fn a_reset_sets_the_password_ends_what_was_and_forgets_failed_tries(ports: Ports) {
    use crate::lockout::Counted;
    let new = somebody(1, "ada@films.example");
    ports.accounts.create(&new, &entry(1, Kind::Registered)).await.unwrap();
    for byte in [1, 2] {
        let token = token(byte, Purpose::PasswordReset);
        ports.accounts.add_token(new.id, &token).await.unwrap();
    }
    let counted = Counted { name: new.email.name_hash(), device: None };
    while ports.attempts.count_try(&counted, now()).await.unwrap().is_ok() {}
    let written = entry(2, Kind::PasswordReset);
    let reset = ports.accounts.reset_password([1; 32], "new", [200; 32], now(), &written).await;
    assert_eq!(reset.unwrap().unwrap().email_verified_at, Some(now()));
    assert_eq!(ports.accounts.password(new.id).await.unwrap().as_deref(), Some("new"));
    assert!(ports.attempts.count_try(&counted, now()).await.unwrap().is_ok());
    let revoked = ports.revocations.revoked_after(0, 100).await.unwrap();
    assert_eq!(revoked.len(), 1);
    let again = entry(3, Kind::PasswordReset);
    let again = ports.accounts.reset_password([2; 32], "newer", [200; 32], now(), &again).await;
    assert_eq!(again.unwrap(), None, "the other token is gone, too");
}

/// A token that somebody was sent before is of no more use to whoever has read that mail.
pub async fn a_reset_takes_every_other_token_of_the_account_along(ports: Ports) {
    let new = somebody(1, "ada@films.example");
    ports.accounts.create(&new, &entry(1, Kind::Registered)).await.unwrap();
    ports.accounts.add_token(new.id, &token(1, Purpose::PasswordReset)).await.unwrap();
    ports.accounts.add_token(new.id, &token(2, Purpose::Verification)).await.unwrap();
    let written = entry(2, Kind::PasswordReset);
    let reset = ports.accounts.reset_password([1; 32], "new", [200; 32], now(), &written).await;
    assert!(reset.unwrap().is_some());
    assert_eq!(verified(&ports, 2).await, None);
}

/// Two who change a password at once do not both succeed.
pub async fn a_password_is_changed_where_it_is_still_the_one_that_was_shown(ports: Ports) {
    let new = somebody(1, "ada@films.example");
    ports.accounts.create(&new, &entry(1, Kind::Registered)).await.unwrap();
    let set = |before, after| {
        let (ports, written) = (ports.clone(), entry(2, Kind::PasswordChanged));
        async move {
            let id = Uuid::from_u128(1);
            ports.accounts.set_password(id, before, after, None, now(), &written).await.unwrap()
        }
    };
    assert!(set(Some("hash 1"), "second").await);
    assert!(!set(Some("hash 1"), "third").await);
    assert!(!set(None, "third").await);
    ports.accounts.rehash(new.id, "hash 1", "fourth").await.unwrap();
    assert_eq!(ports.accounts.password(new.id).await.unwrap().as_deref(), Some("second"));
}
