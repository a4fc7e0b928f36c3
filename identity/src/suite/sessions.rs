//! Sessions: how they go on, and what ends them.

use std::{collections::HashSet, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Identity, Ports, RevocationList, Role,
    accounts::{Account, Administered, Changes, EmailAddress, NewAccount},
    audit::{Entry, Filter, Kind},
    sessions::{Client, NewSession, RefreshToken, Refusal, SESSIONS_MAX, Shown, Terms},
};

const TERMS: Terms = Terms {
    grace: Duration::from_secs(10),
    idle: Duration::from_secs(1_000),
    absolute: Duration::from_secs(5_000),
};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn entry(kind: Kind) -> Entry {
    static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let id = LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Entry::new(Uuid::from_u128(u128::from(id) + (7 << 64)), at(0), kind)
}

/// An account that may rate.
pub(super) async fn account(ports: &Ports, number: u128) -> Uuid {
    let id = Uuid::from_u128(number);
    let new = NewAccount {
        id,
        email: EmailAddress::parse(&format!("somebody{number}@films.example")).unwrap(),
        is_verified: true,
        name: None,
        password: None,
        role: Role::Member,
        at: at(0),
    };
    assert!(ports.accounts.create(&new, &entry(Kind::Registered)).await.unwrap());
    id
}

/// What a token of an account says that belongs to no session.
pub(super) fn owner(account: Uuid) -> Identity {
    Identity::by_token(account, Role::Member, Uuid::nil())
}

/// A session of an account, and its first token.
pub(super) async fn begin(ports: &Ports, account: Uuid, number: u128, second: i64) -> RefreshToken {
    let judged = ports.accounts.account(account).await.unwrap().unwrap();
    begin_as_judged(ports, &judged, number, second).await.unwrap()
}

/// The same for an account as it was when its owner was judged; `None` where it is another by now.
async fn begin_as_judged(
    ports: &Ports,
    judged: &Account,
    number: u128,
    second: i64,
) -> Option<RefreshToken> {
    let token = RefreshToken::first(Uuid::from_u128(number), [9; 32]);
    let session = NewSession {
        token: token.clone(),
        account: judged.id,
        revision: judged.revision,
        begins_at: at(second),
        terms: TERMS,
        client: Client::new(Some("A telephone"), Some([127, 0, 0, 1].into())),
    };
    let began = ports.sessions.begin_session(&session, &entry(Kind::SignIn)).await.unwrap();
    began.then_some(token)
}

/// The token that follows where `token` is shown.
async fn refresh(
    ports: &Ports,
    token: &RefreshToken,
    second: i64,
) -> Result<RefreshToken, Refusal> {
    let reused = entry(Kind::RefreshReused);
    let mut salt = [0; 32];
    salt[..16].copy_from_slice(Uuid::from_u128(second.unsigned_abs().into()).as_bytes());
    let shown = Shown { token, salt, now: at(second), terms: TERMS, reused: &reused };
    ports.sessions.refresh(&shown).await.unwrap().map(|granted| granted.token)
}

pub(super) async fn revoked(ports: &Ports, second: i64) -> RevocationList {
    let list = RevocationList::default();
    list.catch_up(ports.revocations.as_ref(), at(second)).await.unwrap();
    list
}

/// A session goes on with each refresh, and says who it belongs to.
pub async fn a_refresh_token_gives_the_next_and_says_whose_it_is(ports: Ports) {
    let ann = account(&ports, 1).await;
    let token = begin(&ports, ann, 11, 0).await;
    let reused = entry(Kind::RefreshReused);
    let shown = Shown { token: &token, salt: [1; 32], now: at(5), terms: TERMS, reused: &reused };
    let granted = ports.sessions.refresh(&shown).await.unwrap().unwrap();
    assert_eq!((granted.account, granted.role), (ann, Role::Member));
    assert_eq!(granted.expires_at, at(1_005));
    assert!(refresh(&ports, &granted.token, 6).await.is_ok());
}

/// Of fifty who show the same token at once, all get the same next one: there is one chain.
pub async fn fifty_refreshes_at_once_make_one_chain(ports: Ports) {
    let ann = account(&ports, 1).await;
    let token = begin(&ports, ann, 11, 0).await;
    let shows = (0..50_u8).map(|number| {
        let (ports, token) = (ports.clone(), token.clone());
        tokio::spawn(async move {
            let reused = entry(Kind::RefreshReused);
            let shown = Shown {
                token: &token,
                salt: [number; 32],
                now: at(1),
                terms: TERMS,
                reused: &reused,
            };
            ports.sessions.refresh(&shown).await.unwrap().unwrap().token.reveal()
        })
    });
    let shows: Vec<_> = shows.collect();
    let mut given = HashSet::new();
    for show in shows {
        given.insert(show.await.unwrap());
    }
    assert_eq!(given.len(), 1);
    let next = RefreshToken::parse(given.iter().next().unwrap()).unwrap();
    assert!(refresh(&ports, &next, 2).await.is_ok());
    assert_eq!(ports.sessions.sessions(ann, at(2)).await.unwrap().len(), 1);
}

/// An old token ends the session, which is written in the trail and known to all nodes.
pub async fn an_old_token_ends_the_session_for_everybody(ports: Ports) {
    let ann = account(&ports, 1).await;
    let first = begin(&ports, ann, 11, 0).await;
    let second = refresh(&ports, &first, 1).await.unwrap();
    let third = refresh(&ports, &second, 2).await.unwrap();
    let fourth = refresh(&ports, &third, 3).await.unwrap();
    assert_eq!(refresh(&ports, &first, 4).await, Err(Refusal::Reused));
    assert_eq!(refresh(&ports, &fourth, 5).await, Err(Refusal::Unknown));
    assert!(ports.sessions.sessions(ann, at(5)).await.unwrap().is_empty());
    let filter = Filter { kind: Some(Kind::RefreshReused), ..Filter::default() };
    let written = ports.audit.page(&filter, None, 10).await.unwrap();
    assert_eq!((written.len(), written[0].account), (1, Some(ann)));
    assert_eq!(written[0].details.session, Some(Uuid::from_u128(11)));
    assert_eq!(revoked(&ports, 5).await.len(), 1);
}

/// The token just used ends the session once the grace is over.
pub async fn the_token_just_used_ends_the_session_after_the_grace(ports: Ports) {
    let ann = account(&ports, 1).await;
    let first = begin(&ports, ann, 11, 0).await;
    let second = refresh(&ports, &first, 1).await.unwrap();
    assert_eq!(refresh(&ports, &first, 10).await, Ok(second));
    assert_eq!(refresh(&ports, &first, 11).await, Err(Refusal::Reused));
}

/// Sessions end by themselves, and are forgotten then.
pub async fn sessions_are_over_and_forgotten(ports: Ports) {
    let ann = account(&ports, 1).await;
    let token = begin(&ports, ann, 11, 0).await;
    assert_eq!(refresh(&ports, &token, 1_000).await, Err(Refusal::Expired));
    assert!(ports.sessions.sessions(ann, at(1_000)).await.unwrap().is_empty());
    assert_eq!(ports.sessions.forget_sessions(at(999), 10).await.unwrap(), 0);
    assert_eq!(ports.sessions.forget_sessions(at(1_000), 10).await.unwrap(), 1);
    assert_eq!(refresh(&ports, &token, 1).await, Err(Refusal::Unknown));
}

/// A session is its owner's to end, and nobody else's.
pub async fn only_its_owner_ends_a_session(ports: Ports) {
    let (ann, bob) = (account(&ports, 1).await, account(&ports, 2).await);
    begin(&ports, ann, 11, 0).await;
    let (session, sessions) = (Uuid::from_u128(11), &ports.sessions);
    let ended = entry(Kind::SessionRevoked);
    assert!(!sessions.end_session(bob, session, None, at(1), &ended).await.unwrap());
    assert!(revoked(&ports, 1).await.is_empty());
    assert!(sessions.end_session(ann, session, None, at(1), &ended).await.unwrap());
    assert!(!sessions.end_session(ann, session, None, at(1), &entry(Kind::SignOut)).await.unwrap());
    assert_eq!(revoked(&ports, 1).await.len(), 1);
}

/// All sessions of an account end at once; those of others go on.
pub async fn all_sessions_of_an_account_end_and_no_others(ports: Ports) {
    let (ann, bob) = (account(&ports, 1).await, account(&ports, 2).await);
    let tokens = [begin(&ports, ann, 11, 0).await, begin(&ports, ann, 12, 0).await];
    let other = begin(&ports, bob, 13, 0).await;
    let by = owner(ann);
    assert!(ports.sessions.end_sessions(&by, at(1), &entry(Kind::SignOut)).await.unwrap());
    for token in tokens {
        assert_eq!(refresh(&ports, &token, 2).await, Err(Refusal::Unknown));
    }
    assert!(refresh(&ports, &other, 2).await.is_ok());
    // Two sessions, and all that has none.
    assert_eq!(revoked(&ports, 2).await.len(), 3);
}

/// There is an end to how many sessions an account has.
pub async fn one_session_too_many_ends_the_one_not_used_for_longest(ports: Ports) {
    let ann = account(&ports, 1).await;
    for number in 0..SESSIONS_MAX {
        begin(&ports, ann, u128::from(number) + 100, i64::from(number)).await;
    }
    begin(&ports, ann, 99, 500).await;
    let sessions = ports.sessions.sessions(ann, at(501)).await.unwrap();
    assert_eq!(sessions.len(), SESSIONS_MAX as usize);
    assert_eq!(sessions[0].id, Uuid::from_u128(99));
    assert_eq!(sessions[0].user_agent.as_deref(), Some("A telephone"));
    assert!(sessions.iter().all(|session| session.id != Uuid::from_u128(100)));
}

/// An account that is disabled gets no more tokens.
pub async fn who_is_disabled_gets_no_more_tokens(ports: Ports) {
    let ann = account(&ports, 1).await;
    let token = begin(&ports, ann, 11, 0).await;
    disable(&ports, ann).await;
    assert!(refresh(&ports, &token, 2).await.is_err());
}

/// Whoever has shown a password that is another one before their session begins has shown nothing.
pub async fn a_log_in_does_not_survive_the_change_of_its_password(ports: Ports) {
    let ann = account(&ports, 1).await;
    let judged = ports.accounts.account(ann).await.unwrap().unwrap();
    let changed = entry(Kind::PasswordChanged);
    let set = ports.accounts.set_password(ann, None, "new", None, at(1), &changed).await;
    assert!(set.unwrap());
    assert_eq!(begin_as_judged(&ports, &judged, 11, 2).await, None);
    let trail = ports.audit.page(&Filter::default(), None, 10).await.unwrap();
    assert!(trail.iter().all(|entry| entry.kind != Kind::SignIn.as_str()), "nothing is written");
    let judged = ports.accounts.account(ann).await.unwrap().unwrap();
    ports.accounts.rehash(ann, "new", "the same, with more work").await.unwrap();
    assert!(begin_as_judged(&ports, &judged, 12, 3).await.is_some());
}

/// Of a password's change and a log-in with the one before, however they meet, no session is left.
pub async fn a_log_in_at_the_moment_of_a_change_leaves_no_session(ports: Ports) {
    for number in 1..=20 {
        let ann = account(&ports, number).await;
        let judged = ports.accounts.account(ann).await.unwrap().unwrap();
        let changing = {
            let (ports, changed) = (ports.clone(), entry(Kind::PasswordChanged));
            tokio::spawn(async move {
                ports.accounts.set_password(ann, None, "new", None, at(1), &changed).await.unwrap()
            })
        };
        begin_as_judged(&ports, &judged, 1_000 + number, 1).await;
        assert!(changing.await.unwrap());
        assert!(ports.sessions.sessions(ann, at(2)).await.unwrap().is_empty());
    }
}

/// Who is disabled before their session begins gets none.
pub async fn a_log_in_does_not_survive_a_disabling(ports: Ports) {
    let ann = account(&ports, 1).await;
    let judged = ports.accounts.account(ann).await.unwrap().unwrap();
    disable(&ports, ann).await;
    assert_eq!(begin_as_judged(&ports, &judged, 11, 2).await, None);
    let now = ports.accounts.account(ann).await.unwrap().unwrap();
    assert_eq!(begin_as_judged(&ports, &now, 12, 3).await, None);
}

pub(super) async fn disable(ports: &Ports, account: Uuid) {
    let changes = Changes { disabled: Some(true), ..Changes::default() };
    ports.accounts.change(account, None, &changes, at(1), &administered()).await.unwrap();
}

pub(super) fn administered() -> Administered {
    Administered {
        by: None,
        role_changed: entry(Kind::RoleChanged),
        disabled: entry(Kind::Disabled),
        enabled: entry(Kind::Enabled),
    }
}
