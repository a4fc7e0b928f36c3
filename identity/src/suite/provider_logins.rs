//! Signing in with somebody else's account.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::sessions::{begin, owner};
use crate::{
    Ports, Role,
    accounts::{Account, EmailAddress, NewToken, Purpose},
    audit::{Entry, Filter, Kind, Origin},
    oidc::{NewLink, NewSignInCode, PendingLogin, ProviderUser, Resolved, SignIns, Subject},
    sessions::{Client, NewSession, RefreshToken, Terms},
};

const ISSUER: &str = "https://provider.example";

/// So many seconds into these tests.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

fn login(number: u8, over: i64) -> PendingLogin {
    PendingLogin {
        state: [number; 32],
        browser: [number + 100; 32],
        provider: "google".to_owned(),
        return_to: Some(("https://app.example/back".to_owned(), [9; 32])),
        expires_at: at(over),
    }
}

fn user(subject: &str, email: Option<&str>) -> ProviderUser {
    let subject = Subject { issuer: ISSUER.to_owned(), subject: subject.to_owned() };
    let verified_email = email.map(|email| EmailAddress::parse(email).unwrap());
    ProviderUser { subject, verified_email, name: Some("Ada".to_owned()) }
}

fn link(number: u128, origin: &Origin) -> NewLink<'_> {
    NewLink {
        account: Uuid::from_u128(number),
        role: Role::Member,
        by_email: true,
        entries: [Uuid::from_u128(number + 1_000), Uuid::from_u128(number + 2_000)],
        origin,
        provider: "google",
        now: at(0),
    }
}

/// Takes the sign-in of this number, as the browser that has begun it.
async fn take(ports: &Ports, number: u8, now: Timestamp) -> Option<PendingLogin> {
    let PendingLogin { state, browser, provider, .. } = login(number, 0);
    ports.provider_logins.take_login(&state, &browser, &provider, now).await.unwrap()
}

async fn resolve(ports: &Ports, number: u128, user: &ProviderUser) -> Resolved {
    ports.provider_logins.resolve(user, link(number, &Origin::default())).await.unwrap()
}

fn created(resolved: Resolved) -> Account {
    let account = match resolved {
        Resolved::Created(account) => Some(account),
        Resolved::Known(_) | Resolved::Linked(_) | Resolved::EmailTaken => None,
    };
    account.unwrap()
}

async fn kinds(ports: &Ports) -> Vec<String> {
    let entries = ports.audit.page(&Filter::default(), None, 100).await.unwrap();
    let mut kinds: Vec<String> = entries.into_iter().map(|entry| entry.kind).collect();
    kinds.sort();
    kinds
}

/// With all that belongs to it; and no other.
pub async fn a_sign_in_that_was_begun_is_found_once(ports: Ports) {
    let logins = &ports.provider_logins;
    for begun in [login(1, 600), PendingLogin { return_to: None, ..login(2, 600) }] {
        logins.begin_login(&begun, at(0)).await.unwrap();
        let number = begun.state[0];
        assert_eq!(take(&ports, number, at(599)).await, Some(begun));
        assert_eq!(take(&ports, number, at(599)).await, None);
    }
    assert_eq!(take(&ports, 3, at(0)).await, None);
}

/// Whoever else learns of the address, a scanner of links among them.
pub async fn only_the_browser_that_has_begun_a_sign_in_ends_it(ports: Ports) {
    let (logins, begun) = (&ports.provider_logins, login(1, 600));
    logins.begin_login(&begun, at(0)).await.unwrap();
    for (browser, provider) in [([7; 32], "google"), (begun.browser, "other")] {
        let taken = logins.take_login(&begun.state, &browser, provider, at(1)).await.unwrap();
        assert_eq!(taken, None);
    }
    assert_eq!(take(&ports, 1, at(2)).await, Some(begun));
}

/// To the second.
pub async fn a_sign_in_whose_time_is_over_is_not_found(ports: Ports) {
    let logins = &ports.provider_logins;
    logins.begin_login(&login(1, 600), at(0)).await.unwrap();
    assert_eq!(take(&ports, 1, at(600)).await, None);
    // What is over is deleted by those who come later; what is not, is not.
    logins.begin_login(&login(2, 600), at(0)).await.unwrap();
    logins.begin_login(&login(3, 1_200), at(0)).await.unwrap();
    logins.begin_login(&login(4, 1_200), at(700)).await.unwrap();
    assert_eq!(take(&ports, 2, at(0)).await, None);
    assert!(take(&ports, 3, at(700)).await.is_some());
}

/// A callback that is sent twice at the same moment.
pub async fn of_many_who_take_a_sign_in_one_gets_it(ports: Ports) {
    let logins = &ports.provider_logins;
    logins.begin_login(&login(1, 600), at(0)).await.unwrap();
    let taken = (0..8).map(|_| {
        let ports = ports.clone();
        tokio::spawn(async move { take(&ports, 1, at(1)).await.is_some() })
    });
    let mut got = 0;
    for one in taken.collect::<Vec<_>>() {
        got += u32::from(one.await.unwrap());
    }
    assert_eq!(got, 1);
}

/// The subject, and nothing else, says who it is.
pub async fn who_comes_again_has_the_same_account(ports: Ports) {
    let ada = created(resolve(&ports, 1, &user("ada", Some("ada@films.example"))).await);
    assert_eq!((ada.id, ada.role, ada.is_active), (Uuid::from_u128(1), Role::Member, true));
    assert_eq!(
        (ada.email.as_deref(), ada.email_verified_at),
        (Some("ada@films.example"), Some(at(0)))
    );
    for email in [None, Some("ada@elsewhere.example")] {
        let again = resolve(&ports, 2, &user("ada", email)).await;
        assert_eq!(again, Resolved::Known(ada.clone()));
    }
    assert_eq!(ports.accounts.account(ada.id).await.unwrap(), Some(ada));
    assert_eq!(kinds(&ports).await, ["provider_linked", "registered"]);
}

/// Two people whom two providers call by the same name are two.
pub async fn the_same_name_at_another_provider_is_somebody_else(ports: Ports) {
    created(resolve(&ports, 1, &user("ada", None)).await);
    let subject = Subject { issuer: "https://other.example".to_owned(), subject: "ada".to_owned() };
    let other = created(resolve(&ports, 2, &ProviderUser { subject, ..user("ada", None) }).await);
    assert_eq!((other.id, other.email), (Uuid::from_u128(2), None));
}

/// Where both sides have verified it, in whatever case it is written.
pub async fn an_account_is_linked_by_an_address_that_both_have_verified(ports: Ports) {
    let ada = created(resolve(&ports, 1, &user("ada", Some("Ada@films.example"))).await);
    let linked = resolve(&ports, 2, &user("ada-2", Some("ada@FILMS.example"))).await;
    assert_eq!(linked, Resolved::Linked(ada.clone()));
    let again = resolve(&ports, 3, &user("ada-2", None)).await;
    assert_eq!(again, Resolved::Known(ada));
    assert_eq!(kinds(&ports).await, ["provider_linked", "provider_linked", "registered"]);
}

/// An operator who does not believe a provider in this says so.
pub async fn a_provider_that_may_not_link_links_nothing(ports: Ports) {
    created(resolve(&ports, 1, &user("ada", Some("ada@films.example"))).await);
    let (origin, other) = (Origin::default(), user("mallory", Some("ada@films.example")));
    let not_by_email = NewLink { by_email: false, ..link(2, &origin) };
    let resolved = ports.provider_logins.resolve(&other, not_by_email).await.unwrap();
    assert_eq!(resolved, Resolved::EmailTaken);
    assert_eq!(kinds(&ports).await, ["provider_linked", "registered"]);
}

/// Two windows, one person.
pub async fn however_often_at_once_one_account_is_made(ports: Ports) {
    let tasks = (1..=8).map(|number| {
        let ports = ports.clone();
        let user = user("ada", Some("ada@films.example"));
        tokio::spawn(async move { resolve(&ports, number, &user).await })
    });
    let (mut made, mut ids) = (0_u32, std::collections::BTreeSet::new());
    for task in tasks.collect::<Vec<_>>() {
        let resolved = task.await.unwrap();
        made += u32::from(matches!(resolved, Resolved::Created(_)));
        if let Resolved::Created(account) | Resolved::Known(account) = resolved {
            ids.insert(account.id);
        }
    }
    assert_eq!((made, ids.len()), (1, 1));
}

/// For the app that can meet the challenge.
fn code(number: u8, account: Uuid) -> NewSignInCode {
    NewSignInCode {
        hash: [number; 32],
        account,
        provider: "google".to_owned(),
        challenge: [7; 32],
        expires_at: at(60),
    }
}

/// And only in its time.
pub async fn a_code_is_good_once(ports: Ports) {
    let ada = created(resolve(&ports, 1, &user("ada", None)).await);
    let logins = &ports.provider_logins;
    for number in [1, 2] {
        logins.keep_code(&code(number, ada.id), at(0)).await.unwrap();
    }
    let got = logins.take_code(&[1; 32], at(59)).await.unwrap().unwrap();
    assert_eq!((got.account, got.provider.as_str(), got.challenge), (ada.id, "google", [7; 32]));
    assert_eq!(logins.take_code(&[1; 32], at(59)).await.unwrap(), None);
    assert_eq!(logins.take_code(&[2; 32], at(60)).await.unwrap(), None);
}

/// By its id, which follows from a code.
pub async fn a_session_tells_whose_it_is_while_it_lives(ports: Ports) {
    let ada = created(resolve(&ports, 1, &user("ada", None)).await);
    let logins = &ports.provider_logins;
    let id = SignIns::session_of("a code");
    assert_eq!(logins.account_of_session(id).await.unwrap(), None);
    let terms = Terms {
        idle: Duration::from_secs(1_000),
        absolute: Duration::from_secs(5_000),
        grace: Duration::ZERO,
    };
    let session = NewSession {
        token: RefreshToken::first(id, [9; 32]),
        account: ada.id,
        revision: ada.revision,
        begins_at: at(0),
        terms,
        client: Client::default(),
    };
    let entry = |number, kind| Entry::new(Uuid::from_u128(number), at(1), kind);
    assert!(ports.sessions.begin_session(&session, &entry(11, Kind::SignIn)).await.unwrap());
    assert_eq!(logins.account_of_session(id).await.unwrap(), Some(ada.id));
    let revoked = entry(12, Kind::SessionRevoked);
    assert!(ports.sessions.end_session(ada.id, id, None, at(1), &revoked).await.unwrap());
    assert_eq!(logins.account_of_session(id).await.unwrap(), None);
}

/// Whoever holds a code of before would be signed in after: by none of the ways in which all sessions end.
pub async fn a_code_ends_with_the_sessions_of_its_account_and_no_others_do(ports: Ports) {
    let ada = created(resolve(&ports, 1, &user("ada", Some("ada@films.example"))).await).id;
    let bob = created(resolve(&ports, 2, &user("bob", None)).await).id;
    let (accounts, logins) = (&ports.accounts, &ports.provider_logins);
    logins.keep_code(&code(0, bob), at(0)).await.unwrap();
    let entry = |number, kind| Entry::new(Uuid::from_u128(number), at(1), kind);
    let give = async |number| logins.keep_code(&code(number, ada), at(0)).await.unwrap();
    let is_good = async |number| logins.take_code(&[number; 32], at(1)).await.unwrap().is_some();

    give(1).await;
    ports.sessions.end_sessions(&owner(ada), at(1), &entry(11, Kind::SignOut)).await.unwrap();
    assert!(!is_good(1).await, "signed out everywhere");

    give(2).await;
    let token = NewToken { hash: [5; 32], purpose: Purpose::PasswordReset, expires_at: at(600) };
    accounts.add_token(ada, &token).await.unwrap();
    let reset = entry(12, Kind::PasswordReset);
    let reset = accounts.reset_password([5; 32], "new", [6; 32], at(1), &reset).await.unwrap();
    assert!(reset.is_some() && !is_good(2).await, "the password was reset");

    give(3).await;
    let kept = Some(begin(&ports, ada, 99, 0).await.session());
    let changed = entry(13, Kind::PasswordChanged);
    let set = accounts.set_password(ada, Some("new"), "newer", kept, at(1), &changed).await;
    assert!(set.unwrap() && !is_good(3).await, "all sessions but one ended");

    give(4).await;
    accounts.erase(ada, None, None, at(1), &entry(14, Kind::Erased)).await.unwrap();
    assert!(!is_good(4).await, "the account was erased");

    assert!(is_good(0).await, "of somebody else");
}
