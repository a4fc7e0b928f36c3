//! Keys for machines.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    revocations::authenticator,
    sessions::{account, at, disable, entry, owner},
};
use crate::{
    Credential, Identity, Ports, RevocationList, Role, Scope, Scopes, TokenError,
    accounts::{NewToken, Purpose},
    api_keys::{API_KEYS_MAX, ApiKeySecret, NewApiKey},
    audit::Kind,
};

/// Makes a key that may rate and edit, good until a second.
async fn make_key(ports: &Ports, account: Uuid, number: u128, until: Option<i64>) -> String {
    let secret = ApiKeySecret::new(Uuid::from_u128(number), [3; 32]);
    let key = NewApiKey {
        secret: secret.clone(),
        account,
        name: "nightly".to_owned(),
        scopes: [Scope::Ratings, Scope::CatalogueWrite].into_iter().collect(),
        created_at: at(0),
        expires_at: until.map(at),
    };
    let by = Identity::by_token(account, Role::Member, Uuid::nil());
    let made = ports.api_keys.create_key(&key, &by, &entry(Kind::KeyCreated)).await.unwrap();
    assert_eq!(made, Ok(()));
    secret.reveal()
}

/// A key may no more than its owner, and nothing about the account.
pub async fn a_key_speaks_for_its_owner_and_may_no_more(ports: Ports) {
    let ann = account(&ports, 1).await;
    let key = make_key(&ports, ann, 21, None).await;
    let (authenticator, _) = authenticator(&ports, &Arc::default());
    let identity = authenticator.authenticate(&key, at(1)).await.unwrap();
    assert_eq!((identity.account, identity.role), (ann, Role::Member));
    assert_eq!(identity.scopes, [Scope::Ratings].into_iter().collect::<Scopes>());
    assert_eq!(identity.credential, Credential::ApiKey { id: Uuid::from_u128(21) });
    let used = ports.api_keys.keys(ann).await.unwrap()[0].used_at;
    assert_eq!(used, Some(at(1)));
    // Noted once in five minutes.
    authenticator.authenticate(&key, at(100)).await.unwrap();
    assert_eq!(ports.api_keys.keys(ann).await.unwrap()[0].used_at, Some(at(1)));
    authenticator.authenticate(&key, at(400)).await.unwrap();
    assert_eq!(ports.api_keys.keys(ann).await.unwrap()[0].used_at, Some(at(400)));
}

/// Keys that are no good are told apart.
pub async fn a_key_that_is_no_good_is_refused_and_told_why(ports: Ports) {
    let ann = account(&ports, 1).await;
    let key = make_key(&ports, ann, 21, Some(100)).await;
    let list = Arc::new(RevocationList::default());
    let (authenticator, _) = authenticator(&ports, &list);
    let refused =
        async |key: &str, second| authenticator.authenticate(key, at(second)).await.unwrap_err();
    assert_eq!(refused(&key[..90], 1).await, TokenError::KeyMalformed);
    let other = ApiKeySecret::new(Uuid::from_u128(21), [4; 32]).reveal();
    assert_eq!(refused(&other, 1).await, TokenError::UnknownKey);
    let missing = ApiKeySecret::new(Uuid::from_u128(22), [3; 32]).reveal();
    assert_eq!(refused(&missing, 1).await, TokenError::UnknownKey);
    assert!(authenticator.authenticate(&key, at(99)).await.is_ok());
    assert_eq!(refused(&key, 100).await, TokenError::ExpiredKey);
    let (id, revoked) = (Uuid::from_u128(21), entry(Kind::KeyRevoked));
    let bob = account(&ports, 2).await;
    assert!(!ports.api_keys.revoke_key(bob, id, &owner(bob), at(2), &revoked).await.unwrap());
    assert!(ports.api_keys.revoke_key(ann, id, &owner(ann), at(2), &revoked).await.unwrap());
    list.catch_up(ports.revocations.as_ref(), at(2)).await.unwrap();
    assert_eq!(refused(&key, 3).await, TokenError::UnknownKey);
    assert!(ports.api_keys.keys(ann).await.unwrap().is_empty());
}

/// What the owner may not do any more, the key may not either, as soon as that is heard of.
pub async fn a_key_of_somebody_disabled_is_refused(ports: Ports) {
    let ann = account(&ports, 1).await;
    let key = make_key(&ports, ann, 21, None).await;
    let list = Arc::new(RevocationList::default());
    let (authenticator, _) = authenticator(&ports, &list);
    authenticator.authenticate(&key, at(1)).await.unwrap();
    disable(&ports, ann).await;
    list.catch_up(ports.revocations.as_ref(), at(2)).await.unwrap();
    let refused = authenticator.authenticate(&key, at(2)).await;
    assert_eq!(refused, Err(TokenError::AccountRefused));
}

/// Whoever resets a password by mail has the account for themselves: a key that a thief made is over.
pub async fn a_reset_by_mail_ends_the_keys_of_the_account_and_no_others(ports: Ports) {
    let (ann, bob) = (account(&ports, 1).await, account(&ports, 2).await);
    let (key, other) =
        (make_key(&ports, ann, 21, None).await, make_key(&ports, bob, 22, None).await);
    let list = Arc::new(RevocationList::default());
    let (authenticator, _) = authenticator(&ports, &list);
    assert!(authenticator.authenticate(&key, at(1)).await.is_ok());
    let (hash, purpose) = ([5; 32], Purpose::PasswordReset);
    ports.accounts.add_token(ann, &NewToken { hash, purpose, expires_at: at(9) }).await.unwrap();
    let reset = entry(Kind::PasswordReset);
    let reset = ports.accounts.reset_password(hash, "new", [6; 32], at(2), &reset).await;
    assert!(reset.unwrap().is_some());
    list.catch_up(ports.revocations.as_ref(), at(2)).await.unwrap();
    assert!(authenticator.authenticate(&key, at(3)).await.is_err());
    assert!(ports.api_keys.keys(ann).await.unwrap().is_empty());
    assert!(authenticator.authenticate(&other, at(3)).await.is_ok());
}

/// On Postgres each has rows that the other wants, and they take them in the same order.
pub async fn keys_that_are_revoked_at_the_moment_of_a_reset_keep_nobody_waiting(ports: Ports) {
    for round in 0..10 {
        let ann = account(&ports, 100 + round).await;
        let numbers: Vec<u128> = (0..5).map(|number| 1000 + 10 * round + number).collect();
        for number in &numbers {
            make_key(&ports, ann, *number, None).await;
        }
        let (hash, purpose) = ([5; 32], Purpose::PasswordReset);
        let token = NewToken { hash, purpose, expires_at: at(9) };
        ports.accounts.add_token(ann, &token).await.unwrap();
        let revokers = numbers.into_iter().map(|number| {
            let ports = ports.clone();
            tokio::spawn(async move {
                let (id, revoked) = (Uuid::from_u128(number), entry(Kind::KeyRevoked));
                ports.api_keys.revoke_key(ann, id, &owner(ann), at(2), &revoked).await
            })
        });
        let revokers: Vec<_> = revokers.collect();
        let reset = entry(Kind::PasswordReset);
        let reset = ports.accounts.reset_password(hash, "new", [6; 32], at(2), &reset).await;
        assert!(reset.unwrap().is_some());
        for revoker in revokers {
            revoker.await.unwrap().unwrap();
        }
        assert_eq!(ports.api_keys.keys(ann).await.unwrap(), []);
    }
}

/// There is an end to how many keys an account has, also where many are made at once.
pub async fn one_key_too_many_is_refused(ports: Ports) {
    let ann = account(&ports, 1).await;
    for number in 1..API_KEYS_MAX {
        make_key(&ports, ann, u128::from(number) + 100, None).await;
    }
    let makers: Vec<_> = (0..5_u128)
        .map(|number| {
            let ports = ports.clone();
            tokio::spawn(async move {
                let key = NewApiKey {
                    secret: ApiKeySecret::new(Uuid::from_u128(500 + number), [3; 32]),
                    account: ann,
                    name: "one of many".to_owned(),
                    scopes: Scopes::NONE,
                    created_at: at(1),
                    expires_at: None,
                };
                let by = Identity::by_token(ann, Role::Member, Uuid::nil());
                let made = ports.api_keys.create_key(&key, &by, &entry(Kind::KeyCreated)).await;
                made.unwrap().is_ok()
            })
        })
        .collect();
    let mut made = 0;
    for maker in makers {
        made += u32::from(maker.await.unwrap());
    }
    assert_eq!(made, 1);
    assert_eq!(ports.api_keys.keys(ann).await.unwrap().len(), API_KEYS_MAX as usize);
}
