//! Who may change accounts: what the store says in that moment, whatever a credential says that is still believed.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::sessions::begin;
use crate::{
    Credential, Identity, Ports, Role, Scopes,
    accounts::{
        Administered, Changed, Changes, EmailAddress, Erased, NewAccount, NewToken, Purpose,
    },
    api_keys::{ApiKeySecret, NewApiKey, NotCreated},
    audit::{Entry, Kind},
};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn entry(kind: Kind) -> Entry {
    static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let id = LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Entry::new(Uuid::from_u128(u128::from(id) + (8 << 64)), now(), kind)
}

fn to_be(role: Role) -> Changes {
    Changes { role: Some(role), ..Changes::default() }
}

fn disabled() -> Changes {
    Changes { disabled: Some(true), ..Changes::default() }
}

/// An account with a password; gives what its session says, which has the same number.
async fn somebody(ports: &Ports, number: u128, role: Role) -> Identity {
    let id = Uuid::from_u128(number);
    let new = NewAccount {
        id,
        email: EmailAddress::parse(&format!("somebody{number}@films.example")).unwrap(),
        is_verified: true,
        name: None,
        password: Some("hash".to_owned()),
        role,
        at: now(),
    };
    assert!(ports.accounts.create(&new, &entry(Kind::Registered)).await.unwrap());
    in_session(ports, id, role, number).await
}

/// What another session of an account says.
async fn in_session(ports: &Ports, account: Uuid, role: Role, number: u128) -> Identity {
    let session = Some(begin(ports, account, number, 0).await.session());
    let credential = Credential::AccessToken { id: Uuid::nil(), session };
    Identity { credential, ..Identity::by_token(account, role, Uuid::nil()) }
}

fn session_of(by: &Identity) -> Uuid {
    by.session().unwrap()
}

/// Changes an account; `by` as in [`Administered`].
async fn change(ports: &Ports, by: Option<Identity>, whom: Uuid, changes: &Changes) -> Changed {
    let entries = Administered {
        by,
        role_changed: entry(Kind::RoleChanged),
        disabled: entry(Kind::Disabled),
        enabled: entry(Kind::Enabled),
    };
    ports.accounts.change(whom, None, changes, now(), &entries).await.unwrap()
}

async fn erase(ports: &Ports, by: Option<&Identity>, whom: Uuid) -> Erased {
    ports.accounts.erase(whom, None, by, now(), &entry(Kind::Erased)).await.unwrap()
}

async fn make_key(ports: &Ports, by: &Identity) -> Result<(), NotCreated> {
    make_key_number(ports, by, 77).await
}

async fn make_key_number(ports: &Ports, by: &Identity, number: u128) -> Result<(), NotCreated> {
    let key = NewApiKey {
        secret: ApiKeySecret::new(Uuid::from_u128(number), [3; 32]),
        account: by.account,
        name: "nightly".to_owned(),
        scopes: Scopes::NONE,
        created_at: now(),
        expires_at: None,
    };
    ports.api_keys.create_key(&key, by, &entry(Kind::KeyCreated)).await.unwrap()
}

/// Whoever was demoted, disabled or erased undoes nothing with a credential that is still believed.
pub async fn who_was_demoted_disabled_or_erased_changes_nothing_more(ports: Ports) {
    let bob = somebody(&ports, 1, Role::Member).await.account;
    let demoted = somebody(&ports, 2, Role::Admin).await;
    let shut_out = somebody(&ports, 3, Role::Admin).await;
    let erased = somebody(&ports, 4, Role::Admin).await;
    for admin in [demoted, shut_out, erased] {
        let named = Changes { name: Some(Some("Bob".to_owned())), ..Changes::default() };
        let done = change(&ports, Some(admin), bob, &named).await;
        assert!(matches!(done, Changed::Done(_)), "an admin may: {done:?}");
    }
    change(&ports, None, demoted.account, &to_be(Role::Viewer)).await;
    change(&ports, None, shut_out.account, &disabled()).await;
    assert_eq!(erase(&ports, None, erased.account).await, Erased::Done);
    let written = ports.audit.page(&Default::default(), None, 100).await.unwrap().len();
    for by in [demoted, shut_out, erased] {
        for whom in [by.account, bob] {
            let promoted = change(&ports, Some(by), whom, &to_be(Role::Admin)).await;
            assert_eq!(promoted, Changed::Refused);
            assert_eq!(erase(&ports, Some(&by), whom).await, Erased::Refused);
        }
        let enabled = Changes { disabled: Some(false), ..Changes::default() };
        assert_eq!(change(&ports, Some(by), by.account, &enabled).await, Changed::Refused);
        assert_eq!(make_key(&ports, &by).await, Err(NotCreated::Refused));
        let by_key = Identity { credential: Credential::ApiKey { id: Uuid::nil() }, ..by };
        assert_eq!(change(&ports, Some(by_key), bob, &disabled()).await, Changed::Refused);
    }
    assert_eq!(ports.accounts.account(bob).await.unwrap().unwrap().role, Role::Member);
    let after = ports.audit.page(&Default::default(), None, 100).await.unwrap().len();
    assert_eq!(after, written, "what is refused is not written down as done");
}

/// Sets a new password with a token from a mail.
async fn reset(ports: &Ports, account: Uuid) {
    let (hash, purpose) = ([5; 32], Purpose::PasswordReset);
    let expires_at = now() + SignedDuration::from_secs(9);
    ports.accounts.add_token(account, &NewToken { hash, purpose, expires_at }).await.unwrap();
    let reset = entry(Kind::PasswordReset);
    let reset = ports.accounts.reset_password(hash, "new", [6; 32], now(), &reset).await.unwrap();
    assert!(reset.is_some());
}

/// Whoever shows what has ended changes no account, makes no key, and ends nothing.
async fn may_nothing(ports: &Ports, by: Identity, whom: Uuid) {
    let written = ports.audit.page(&Default::default(), None, 1000).await.unwrap().len();
    for whom in [whom, by.account] {
        let named = Changes { name: Some(Some("Mallory".to_owned())), ..Changes::default() };
        assert_eq!(change(ports, Some(by), whom, &named).await, Changed::Refused);
        assert_eq!(change(ports, Some(by), whom, &to_be(Role::Admin)).await, Changed::Refused);
        assert_eq!(erase(ports, Some(&by), whom).await, Erased::Refused);
    }
    assert_eq!(make_key(ports, &by).await, Err(NotCreated::Refused));
    let (sessions, keys) = (&ports.sessions, &ports.api_keys);
    for session in sessions.sessions(by.account, now()).await.unwrap() {
        let ended = entry(Kind::SessionRevoked);
        assert!(
            !sessions.end_session(by.account, session.id, Some(&by), now(), &ended).await.unwrap()
        );
    }
    assert!(!sessions.end_sessions(&by, now(), &entry(Kind::SignOut)).await.unwrap());
    for key in keys.keys(by.account).await.unwrap() {
        let revoked = entry(Kind::KeyRevoked);
        assert!(!keys.revoke_key(by.account, key.id, &by, now(), &revoked).await.unwrap());
    }
    if let Some(session) = by.session() {
        let (kept, changed) = (Some(session), entry(Kind::PasswordChanged));
        let before = ports.accounts.password(by.account).await.unwrap();
        let set =
            ports.accounts.set_password(by.account, before.as_deref(), "x", kept, now(), &changed);
        assert!(!set.await.unwrap());
    }
    let after = ports.audit.page(&Default::default(), None, 1000).await.unwrap().len();
    assert_eq!(after, written, "what is refused is not written down as done");
}

/// Whoever shows the access token of a session that has ended, by whatever way, does nothing lasting with it,
/// though a node may still believe it.
pub async fn a_session_that_has_ended_changes_nothing_more(ports: Ports) {
    let bob = somebody(&ports, 1, Role::Member).await.account;
    let here = somebody(&ports, 2, Role::Admin).await;
    let ann = here.account;
    for (number, how) in (10..).step_by(10).zip(["ended", "everywhere", "password", "reset"]) {
        let stolen = in_session(&ports, ann, Role::Admin, number).await;
        let named = Changes { name: Some(Some(format!("Bob {how}"))), ..Changes::default() };
        let done = change(&ports, Some(stolen), bob, &named).await;
        assert!(matches!(done, Changed::Done(_)), "it may: {done:?}");
        assert_eq!(make_key_number(&ports, &stolen, number).await, Ok(()));
        let (sessions, written) = (&ports.sessions, entry(Kind::SignOut));
        match how {
            "ended" => {
                let ended =
                    sessions.end_session(ann, session_of(&stolen), Some(&here), now(), &written);
                assert!(ended.await.unwrap());
            }
            "everywhere" => assert!(sessions.end_sessions(&here, now(), &written).await.unwrap()),
            "password" => {
                let here = in_session(&ports, ann, Role::Admin, number + 1).await;
                let (kept, changed) = (here.session(), entry(Kind::PasswordChanged));
                let set =
                    ports.accounts.set_password(ann, Some("hash"), "newer", kept, now(), &changed);
                assert!(set.await.unwrap());
            }
            _ => reset(&ports, ann).await,
        }
        // What its owner has begun since is not the thief's to end.
        in_session(&ports, ann, Role::Admin, number + 2).await;
        may_nothing(&ports, stolen, bob).await;
    }
    assert_eq!(ports.api_keys.keys(ann).await.unwrap(), [], "a reset ends the keys");
}

/// A key that was revoked, by its owner or with a reset, does nothing lasting, though a node may still believe it.
pub async fn a_key_that_was_revoked_changes_nothing_more(ports: Ports) {
    let bob = somebody(&ports, 1, Role::Member).await.account;
    let ann = somebody(&ports, 2, Role::Admin).await;
    for (number, is_reset) in [(10, false), (20, true)] {
        let id = Uuid::from_u128(number);
        assert_eq!(make_key_number(&ports, &ann, number).await, Ok(()));
        let by_key = Identity { credential: Credential::ApiKey { id }, ..ann };
        let named = Changes { name: Some(Some(format!("Bob {number}"))), ..Changes::default() };
        let done = change(&ports, Some(by_key), bob, &named).await;
        assert!(matches!(done, Changed::Done(_)), "it may: {done:?}");
        match is_reset {
            true => reset(&ports, ann.account).await,
            false => {
                let revoked = entry(Kind::KeyRevoked);
                let keys = &ports.api_keys;
                assert!(keys.revoke_key(ann.account, id, &ann, now(), &revoked).await.unwrap());
            }
        }
        may_nothing(&ports, by_key, bob).await;
    }
}

/// The session and the key must be those of the account that they speak for.
pub async fn what_is_somebody_elses_is_no_authority(ports: Ports) {
    let bob = somebody(&ports, 1, Role::Member).await;
    let ann = somebody(&ports, 2, Role::Admin).await;
    assert_eq!(make_key_number(&ports, &bob, 10).await, Ok(()));
    let key = Credential::ApiKey { id: Uuid::from_u128(10) };
    for credential in [bob.credential, key] {
        may_nothing(&ports, Identity { credential, ..ann }, bob.account).await;
    }
}

/// Whoever makes keys while the password is reset has none when it is, whichever was first.
pub async fn no_key_that_is_made_at_the_moment_of_a_reset_outlives_it(ports: Ports) {
    for round in 0..4_u128 {
        let ann = somebody(&ports, 100 + round, Role::Member).await;
        let thieves: Vec<_> = (0..4)
            .map(|thief| {
                let ports = ports.clone();
                tokio::spawn(async move {
                    // On and on: some of it comes after the reset, whenever that has its turn.
                    for number in 0..10 {
                        let number = 10_000 + round * 1_000 + thief * 100 + number;
                        let made = make_key_number(&ports, &ann, number).await;
                        if made == Err(NotCreated::Refused) {
                            break;
                        }
                        assert_eq!(made, Ok(()));
                    }
                })
            })
            .collect();
        reset(&ports, ann.account).await;
        for thief in thieves {
            thief.await.unwrap();
        }
        assert_eq!(ports.api_keys.keys(ann.account).await.unwrap(), []);
    }
}

/// Tokens that belong to no account go on; with less of a role than the account has, too.
pub async fn a_token_of_no_account_may_what_it_says(ports: Ports) {
    let bob = somebody(&ports, 1, Role::Member).await.account;
    let made = Identity::by_token(Uuid::from_u128(9), Role::Admin, Uuid::nil());
    let external = Identity { credential: Credential::External, ..made };
    for (by, role) in [(made, Role::Editor), (external, Role::Member)] {
        let Changed::Done(account) = change(&ports, Some(by), bob, &to_be(role)).await else {
            panic!("{by:?} may not")
        };
        assert_eq!(account.role, role);
    }
    assert_eq!(make_key(&ports, &made).await, Err(NotCreated::NoAccount));
    assert_eq!(make_key(&ports, &Identity::by_token(bob, Role::Viewer, Uuid::nil())).await, Ok(()));
    assert_eq!(erase(&ports, Some(&made), bob).await, Erased::Done);
}

/// Of admins who demote each other at once one succeeds, and nobody waits for ever.
pub async fn of_two_who_demote_each_other_at_once_one_succeeds(ports: Ports) {
    for round in 0..10 {
        let ann = somebody(&ports, 2 * round + 10, Role::Admin).await;
        let bob = somebody(&ports, 2 * round + 11, Role::Admin).await;
        let viewer = to_be(Role::Viewer);
        let (one, other) = tokio::join!(
            change(&ports, Some(ann), bob.account, &viewer),
            change(&ports, Some(bob), ann.account, &viewer),
        );
        let refused = [&one, &other].into_iter().filter(|of| **of == Changed::Refused).count();
        assert_eq!(refused, 1, "{one:?} {other:?}");
    }
}

/// Nobody but the command line takes the last admin away who can log in.
pub async fn the_last_admin_who_can_log_in_stays(ports: Ports) {
    let ann = somebody(&ports, 1, Role::Admin).await;
    let bob = somebody(&ports, 2, Role::Admin).await;
    change(&ports, None, bob.account, &disabled()).await;
    let no_log_in = NewAccount {
        id: Uuid::from_u128(3),
        email: EmailAddress::parse("machine@films.example").unwrap(),
        is_verified: true,
        name: None,
        password: None,
        role: Role::Admin,
        at: now(),
    };
    assert!(ports.accounts.create(&no_log_in, &entry(Kind::Registered)).await.unwrap());
    let of_no_account = Identity::by_token(Uuid::from_u128(9), Role::Admin, Uuid::nil());
    for by in [ann, of_no_account] {
        for changes in [to_be(Role::Editor), disabled()] {
            let changed = change(&ports, Some(by), ann.account, &changes).await;
            assert_eq!(changed, Changed::LastAdmin);
        }
        assert_eq!(erase(&ports, Some(&by), ann.account).await, Erased::LastAdmin);
    }
    let named = Changes { name: Some(Some("Ann".to_owned())), ..Changes::default() };
    assert!(matches!(change(&ports, Some(ann), ann.account, &named).await, Changed::Done(_)));
    assert_eq!(erase(&ports, Some(&ann), no_log_in.id).await, Erased::Done);
    let changed = change(&ports, None, ann.account, &to_be(Role::Editor)).await;
    assert!(matches!(changed, Changed::Done(_)), "the command line may");
}

/// Of the last two admins who give up at once, in whatever way, one stays.
pub async fn of_the_last_two_admins_who_give_up_at_once_one_stays(ports: Ports) {
    for round in 0..12 {
        let ann = somebody(&ports, 2 * round + 10, Role::Admin).await;
        let bob = somebody(&ports, 2 * round + 11, Role::Admin).await;
        let changes = if round % 2 == 0 { to_be(Role::Member) } else { disabled() };
        let bob_stays = async {
            match round % 3 {
                0 => erase(&ports, Some(&bob), bob.account).await == Erased::LastAdmin,
                _ => change(&ports, Some(bob), bob.account, &changes).await == Changed::LastAdmin,
            }
        };
        let (anns, bob_stays) =
            tokio::join!(change(&ports, Some(ann), ann.account, &changes), bob_stays);
        assert_ne!(anns == Changed::LastAdmin, bob_stays, "one stays, and only one");
        let stays = if bob_stays { bob } else { ann };
        change(&ports, None, stays.account, &to_be(Role::Member)).await;
    }
}
