//! What is revoked, and what is believed nevertheless.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::sessions::{account, administered, at, begin, entry, owner, revoked};
use crate::{
    Authenticator, Credential, Identity, KeyPair, KeyRing, Ports, Realm, RevocationList, Role,
    Signer, TokenError, Verifier, accounts::Changes, audit::Kind, revocations::Subject,
};

/// What believes tokens and keys of a store.
pub(super) fn authenticator(ports: &Ports, list: &Arc<RevocationList>) -> (Authenticator, Signer) {
    let realm = Realm { issuer: "i".to_owned(), audience: "a".to_owned() };
    let keys = KeyRing::from(KeyPair::from_seed(&[1; 32]).unwrap());
    let authenticator = Authenticator::new(Verifier::new(realm.clone(), keys.clone()))
        .unless_revoked(Arc::clone(list))
        .with_api_keys(Arc::clone(&ports.api_keys));
    (authenticator, Signer::new(realm, keys))
}

/// However many revoke at once, who reads in order misses none.
pub async fn revocations_of_many_writers_are_heard_of_in_order(ports: Ports) {
    let ann = account(&ports, 1).await;
    for number in 0..40 {
        begin(&ports, ann, 100 + number, 0).await;
    }
    let list = Arc::new(RevocationList::default());
    let enders: Vec<_> = (0..40_u128)
        .map(|number| {
            let ports = ports.clone();
            tokio::spawn(async move {
                let session = Uuid::from_u128(100 + number);
                let ended = entry(Kind::SessionRevoked);
                ports.sessions.end_session(ann, session, None, at(1), &ended).await.unwrap()
            })
        })
        .collect();
    // Read on while they write: a number that becomes visible late would be missed for ever.
    while !enders.iter().all(tokio::task::JoinHandle::is_finished) {
        list.catch_up(ports.revocations.as_ref(), at(1)).await.unwrap();
    }
    for ender in enders {
        assert!(ender.await.unwrap());
    }
    list.catch_up(ports.revocations.as_ref(), at(1)).await.unwrap();
    assert_eq!(list.len(), 40);
}

/// Revocations are forgotten when nothing that they concern can live.
pub async fn revocations_are_forgotten_in_time(ports: Ports) {
    let ann = account(&ports, 1).await;
    begin(&ports, ann, 11, 0).await;
    ports.sessions.end_sessions(&owner(ann), at(0), &entry(Kind::SignOut)).await.unwrap();
    let forget = async |second| ports.revocations.forget_revocations(at(second), 10).await.unwrap();
    assert_eq!((forget(2 * 3600 - 1).await, forget(2 * 3600).await), (0, 1));
    assert_eq!((revoked(&ports, 2 * 3600).await.len(), forget(32 * 86_400).await), (1, 1));
}

/// The time is taken before the transaction, which may have to wait for another; and clocks differ.
pub async fn what_was_revoked_later_is_not_set_back_by_whoever_commits_last(ports: Ports) {
    let ann = account(&ports, 1).await;
    let list = Arc::new(RevocationList::default());
    let (authenticator, signer) = authenticator(&ports, &list);
    let token = signer.issue(&owner(ann), at(5), Duration::from_secs(60)).unwrap();
    for second in [9, 2] {
        let ended = entry(Kind::SignOut);
        assert!(ports.sessions.end_sessions(&owner(ann), at(second), &ended).await.unwrap());
    }
    let [revocation] = ports.revocations.revoked_after(0, 10).await.unwrap()[..] else {
        panic!("one subject")
    };
    let kept = Subject::Account(ann).forget_at(at(9));
    assert_eq!((revocation.seq, revocation.revoked_at, revocation.forget_at), (2, at(9), kept));
    list.catch_up(ports.revocations.as_ref(), at(9)).await.unwrap();
    assert_eq!(authenticator.authenticate(&token, at(10)).await, Err(TokenError::Revoked));
}

/// An access token is believed until its session ends.
pub async fn an_access_token_ends_with_its_session(ports: Ports) {
    let ann = account(&ports, 1).await;
    let session = begin(&ports, ann, 11, 0).await.session();
    let list = Arc::new(RevocationList::default());
    let (authenticator, signer) = authenticator(&ports, &list);
    let credential = Credential::AccessToken { id: Uuid::from_u128(5), session: Some(session) };
    let identity = Identity { credential, ..Identity::by_token(ann, Role::Member, Uuid::nil()) };
    let token = signer.issue(&identity, at(0), Duration::from_secs(60)).unwrap();
    assert_eq!(authenticator.authenticate(&token, at(1)).await, Ok(identity));
    ports.sessions.end_session(ann, session, None, at(1), &entry(Kind::SignOut)).await.unwrap();
    list.catch_up(ports.revocations.as_ref(), at(1)).await.unwrap();
    assert_eq!(authenticator.authenticate(&token, at(2)).await, Err(TokenError::Revoked));
}

/// Whoever refreshes at the moment at which their role is changed does not keep the old one: what was made with
/// it a little later, or by a clock that is a little ahead, is not believed; what has the new one is.
pub async fn an_old_role_does_not_outlive_its_change(ports: Ports) {
    let ann = account(&ports, 1).await;
    let session = begin(&ports, ann, 11, 0).await.session();
    let list = Arc::new(RevocationList::default());
    let (authenticator, signer) = authenticator(&ports, &list);
    let changes = Changes { role: Some(Role::Viewer), ..Changes::default() };
    ports.accounts.change(ann, None, &changes, at(1), &administered()).await.unwrap();
    list.catch_up(ports.revocations.as_ref(), at(1)).await.unwrap();
    let believed = async |role, second| {
        let credential = Credential::AccessToken { id: Uuid::from_u128(5), session: Some(session) };
        let identity = Identity { credential, ..Identity::by_token(ann, role, Uuid::nil()) };
        let token = signer.issue(&identity, at(second), Duration::from_secs(60)).unwrap();
        authenticator.authenticate(&token, at(second)).await.map(drop)
    };
    for second in [1, 2, 4, 6] {
        assert_eq!(
            believed(Role::Member, second).await,
            Err(TokenError::Revoked),
            "after {second} s"
        );
    }
    assert_eq!(believed(Role::Viewer, 1).await, Err(TokenError::Revoked), "made before");
    assert_eq!(believed(Role::Viewer, 2).await, Ok(()), "the new role need not wait");
}

/// Whoever is given back their role a moment later is believed with it from then on, and not with the one between.
pub async fn a_role_that_is_changed_twice_is_believed_as_it_is_now(ports: Ports) {
    let ann = account(&ports, 1).await;
    let list = Arc::new(RevocationList::default());
    let (authenticator, signer) = authenticator(&ports, &list);
    let believed = async |role, second| {
        let identity = Identity::by_token(ann, role, Uuid::from_u128(5));
        let token = signer.issue(&identity, at(second), Duration::from_secs(60)).unwrap();
        authenticator.authenticate(&token, at(second)).await.map(drop)
    };
    for (role, second) in [(Role::Viewer, 1), (Role::Member, 3)] {
        let changes = Changes { role: Some(role), ..Changes::default() };
        ports.accounts.change(ann, None, &changes, at(second), &administered()).await.unwrap();
        list.catch_up(ports.revocations.as_ref(), at(second)).await.unwrap();
    }
    for second in [1, 3] {
        let made_before = believed(Role::Member, second).await;
        assert_eq!(made_before, Err(TokenError::Revoked), "after {second} s");
    }
    for second in [4, 6, 8] {
        assert_eq!(believed(Role::Member, second).await, Ok(()), "after {second} s");
        let between = believed(Role::Viewer, second).await;
        assert_eq!(between, Err(TokenError::Revoked), "after {second} s");
    }
}
