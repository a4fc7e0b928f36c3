//! Accounts: who has an address, what tokens are good for, and what ends with what.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Ports, Role,
    accounts::{
        Administered, Changed, Changes, EmailAddress, Erased, NewAccount, NewToken, Purpose,
    },
    audit::{Entry, Kind},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn somebody(id: u128, address: &str) -> NewAccount {
    NewAccount {
        id: Uuid::from_u128(id),
        email: email(address),
        is_verified: false,
        name: Some("Ada".to_owned()),
        password: Some(format!("hash {id}")),
        role: Role::Member,
        at: now(),
    }
}

fn entry(id: u128, kind: Kind) -> Entry {
    Entry::new(Uuid::from_u128(id), now(), kind)
}

fn token(byte: u8, purpose: Purpose) -> NewToken {
    NewToken { hash: [byte; 32], purpose, expires_at: now() + HOUR }
}

fn entries() -> Administered {
    Administered {
        by: None,
        role_changed: entry(901, Kind::RoleChanged),
        disabled: entry(902, Kind::Disabled),
        enabled: entry(903, Kind::Enabled),
    }
}

async fn registered(ports: &Ports, id: u128, address: &str, byte: u8) {
    let reset = token(byte + 100, Purpose::PasswordReset);
    let verification = token(byte, Purpose::Verification);
    ports.accounts.register(&somebody(id, address), &verification, &reset).await.unwrap();
}

async fn verified(ports: &Ports, byte: u8) -> Option<Uuid> {
    let entry = entry(800 + u128::from(byte), Kind::Verified);
    let account = ports.accounts.verify([byte; 32], [200; 32], now(), &entry).await.unwrap();
    account.map(|account| account.id)
}

/// Nobody is found by an id that was given to nobody.
pub async fn an_account_that_is_not_there_is_none(ports: Ports) {
    assert_eq!(ports.accounts.account(Uuid::from_u128(1)).await.unwrap(), None);
}

/// What was said of an account is kept.
pub async fn an_account_is_kept_as_it_was_made(ports: Ports) {
    let new = somebody(1, "Ada@Films.Example");
    assert!(ports.accounts.create(&new, &entry(1, Kind::Registered)).await.unwrap());
    let account = ports.accounts.account(new.id).await.unwrap().unwrap();
    assert_eq!(account.email.as_deref(), Some("Ada@Films.Example"));
    assert_eq!((account.name.as_deref(), account.role), (Some("Ada"), Role::Member));
    assert!(account.is_active && account.has_password && account.email_verified_at.is_none());
    assert_eq!((account.revision, account.created_at), (1, now()));
    let known = ports.accounts.known(&email("ada@films.example"), None).await.unwrap().unwrap();
    assert_eq!((known.account, known.password.as_deref()), (account, Some("hash 1")));
}

/// However it is written, an address is one account's.
pub async fn of_many_who_take_an_address_at_once_one_gets_it(ports: Ports) {
    let takers = (1..=8).map(|id| {
        let ports = ports.clone();
        let address = if id % 2 == 0 { "ada@films.example" } else { "ADA@films.example" };
        async move {
            let new = somebody(id, address);
            ports.accounts.create(&new, &entry(id, Kind::Registered)).await.unwrap()
        }
    });
    let mut tasks = tokio::task::JoinSet::new();
    takers.for_each(|taker| drop(tasks.spawn(taker)));
    let got = tasks.join_all().await;
    assert_eq!(got.into_iter().filter(|got| *got).count(), 1);
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

/// What somebody may do is changed with what it ends.
pub async fn a_role_and_a_disabling_are_written_down_and_revoke(ports: Ports) {
    let new = somebody(1, "ada@films.example");
    ports.accounts.create(&new, &entry(1, Kind::Registered)).await.unwrap();
    let change = |expected, changes: Changes| {
        let (ports, id) = (ports.clone(), new.id);
        async move { ports.accounts.change(id, expected, &changes, now(), &entries()).await.unwrap() }
    };
    let editor = Changes { role: Some(Role::Editor), ..Changes::default() };
    let Changed::Done(account) = change(Some(1), editor.clone()).await else { panic!() };
    assert_eq!((account.role, account.revision), (Role::Editor, 2));
    assert_eq!(change(Some(1), editor.clone()).await, Changed::Elsewhere(2));
    assert_eq!(change(None, editor).await, Changed::Done(account), "nothing is different");
    // What was made so far, and what is made with the old role for a moment more.
    assert_eq!(ports.revocations.revoked_after(0, 100).await.unwrap().len(), 2);
    let disabled = Changes { disabled: Some(true), ..Changes::default() };
    let Changed::Done(account) = change(None, disabled).await else { panic!() };
    assert_eq!(account.disabled_at, Some(now()));
    let trail = ports.audit.page(&Default::default(), None, 100).await.unwrap();
    assert_eq!(trail.len(), 3);
    let nobody = Uuid::from_u128(9);
    let (nothing, entries) = (Changes::default(), entries());
    let missing = ports.accounts.change(nobody, None, &nothing, now(), &entries).await;
    assert_eq!(missing.unwrap(), Changed::Missing);
}

/// Of who is erased, nothing is found any more.
pub async fn an_account_that_is_erased_is_gone_with_all_that_it_had(ports: Ports) {
    let new = somebody(1, "ada@films.example");
    ports.accounts.create(&new, &entry(1, Kind::Registered)).await.unwrap();
    ports.accounts.add_token(new.id, &token(1, Purpose::PasswordReset)).await.unwrap();
    ports.accounts.remember_device(new.id, [200; 32], now()).await.unwrap();
    let written = entry(2, Kind::Erased).about(new.id);
    let erase = async || ports.accounts.erase(new.id, None, now(), &written).await.unwrap();
    assert_eq!(erase().await, Erased::Done);
    assert_eq!(erase().await, Erased::Missing);
    assert_eq!(ports.accounts.account(new.id).await.unwrap(), None);
    assert!(ports.accounts.known(&new.email, None).await.unwrap().is_none());
    let purpose = Purpose::PasswordReset;
    assert_eq!(ports.accounts.token_owner([1; 32], purpose, now()).await.unwrap(), None);
    assert_eq!(ports.revocations.revoked_after(0, 100).await.unwrap().len(), 1);
    assert!(ports.accounts.create(&new, &entry(3, Kind::Registered)).await.unwrap());
}

/// Pages follow each other without gap or repeat.
pub async fn accounts_are_listed_in_pages(ports: Ports) {
    for id in 1..=5 {
        let new = somebody(id, &format!("{id}@films.example"));
        ports.accounts.create(&new, &entry(id, Kind::Registered)).await.unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = ports.accounts.list(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|account| account.id.as_u128()));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

/// What is old is forgotten, and nothing else.
pub async fn what_has_been_kept_long_enough_is_forgotten(ports: Ports) {
    registered(&ports, 1, "ada@films.example", 1).await;
    let kept = somebody(2, "bob@films.example");
    ports.accounts.create(&kept, &entry(1, Kind::Registered)).await.unwrap();
    ports.accounts.remember_device(kept.id, [200; 32], now()).await.unwrap();
    let before = now() - HOUR;
    let none = ports.accounts.forget_old(now(), before, before, 100).await.unwrap();
    assert_eq!(none, 0);
    let later = now() + 2 * HOUR;
    // The token, the registration and the device.
    let forgotten = ports.accounts.forget_old(later, later, later, 100).await.unwrap();
    assert_eq!(forgotten, 3);
    assert!(ports.accounts.account(kept.id).await.unwrap().is_some());
    assert_eq!(ports.accounts.account(Uuid::from_u128(1)).await.unwrap(), None);
}
