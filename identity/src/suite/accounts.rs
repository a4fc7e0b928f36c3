//! Accounts: who has an address, what they may do, and what ends with what.

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

pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

pub(super) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub(super) fn somebody(id: u128, address: &str) -> NewAccount {
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

pub(super) fn entry(id: u128, kind: Kind) -> Entry {
    Entry::new(Uuid::from_u128(id), now(), kind)
}

pub(super) fn token(byte: u8, purpose: Purpose) -> NewToken {
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

pub(super) async fn registered(ports: &Ports, id: u128, address: &str, byte: u8) {
    let reset = token(byte + 100, Purpose::PasswordReset);
    let verification = token(byte, Purpose::Verification);
    ports.accounts.register(&somebody(id, address), &verification, &reset).await.unwrap();
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
    assert_eq!(account.email.as_deref(), Some("Ada@films.example"));
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

/// A domain in Unicode and in punycode is one domain: who has the address is found by either, and by nobody else.
pub async fn an_address_is_one_accounts_however_its_domain_is_written(ports: Ports) {
    let (unicode, ascii) = ("ada@b\u{fc}cher.example", "Ada@XN--bcher-kva.example");
    let new = somebody(1, unicode);
    assert!(ports.accounts.create(&new, &entry(1, Kind::Registered)).await.unwrap());
    assert!(
        !ports.accounts.create(&somebody(2, ascii), &entry(2, Kind::Registered)).await.unwrap()
    );
    let (verification, reset) = (token(1, Purpose::Verification), token(2, Purpose::PasswordReset));
    let owner = ports.accounts.register(&somebody(3, ascii), &verification, &reset).await.unwrap();
    let owner = owner.unwrap();
    assert_eq!((owner.id, owner.email.as_deref()), (new.id, Some("ada@xn--bcher-kva.example")));
    for written in [unicode, ascii] {
        let known = ports.accounts.known(&email(written), None).await.unwrap().unwrap();
        assert_eq!(known.account.id, new.id);
    }
    let other = email("ada@bucher.example");
    assert!(ports.accounts.known(&other, None).await.unwrap().is_none());
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
    // What was made so far, and what is made with the old role for a moment more, but not with the new one.
    assert_eq!(ports.revocations.revoked_after(0, 100).await.unwrap().len(), 3);
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
    let erase = async || ports.accounts.erase(new.id, None, None, now(), &written).await.unwrap();
    assert_eq!(erase().await, Erased::Done);
    assert_eq!(erase().await, Erased::Missing);
    assert_eq!(ports.accounts.account(new.id).await.unwrap(), None);
    assert!(ports.accounts.known(&new.email, None).await.unwrap().is_none());
    let purpose = Purpose::PasswordReset;
    assert_eq!(ports.accounts.token_owner([1; 32], purpose, now()).await.unwrap(), None);
    assert_eq!(ports.revocations.revoked_after(0, 100).await.unwrap().len(), 1);
    assert!(ports.accounts.create(&new, &entry(3, Kind::Registered)).await.unwrap());
}

/// Who wants to erase what they have seen does not erase what it has become since, however close the two are.
pub async fn an_account_is_erased_at_the_revision_that_is_meant_or_not_at_all(ports: Ports) {
    let written = entry(2, Kind::Erased);
    let named = Changes { name: Some(Some("Bob".to_owned())), ..Changes::default() };
    for id in 1..=12 {
        let new = somebody(id, &format!("{id}@films.example"));
        ports.accounts.create(&new, &entry(1_000 + id, Kind::Registered)).await.unwrap();
        let administered = entries();
        let (changed, erased) = tokio::join!(
            ports.accounts.change(new.id, Some(1), &named, now(), &administered),
            ports.accounts.erase(new.id, Some(1), None, now(), &written),
        );
        match (changed.unwrap(), erased.unwrap()) {
            (Changed::Done(account), Erased::Elsewhere(2)) => {
                assert_eq!(ports.accounts.account(new.id).await.unwrap(), Some(account));
                let erased = ports.accounts.erase(new.id, Some(2), None, now(), &written).await;
                assert_eq!(erased.unwrap(), Erased::Done);
            }
            (Changed::Missing, Erased::Done) => {}
            both => panic!("both or neither: {both:?}"),
        }
        assert_eq!(ports.accounts.account(new.id).await.unwrap(), None);
    }
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
