//! What is revoked, as a node has it in mind.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Revocation, Revocations, Subject};
use crate::{Credential, Identity, TokenError, store::StoreError};

/// How many are read at once.
const BATCH_MAX: u32 = 1_000;

/// All that must not be believed any more, as far as this node has heard. It holds what the store keeps, and
/// so no more than what was revoked within the life of a token.
#[derive(Debug, Default)]
pub struct RevocationList(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The number of the last one heard of.
    seq: u64,
    /// When all was heard of that there was.
    heard_at: Option<Timestamp>,
    revoked: HashMap<Subject, Revocation>,
}

impl RevocationList {
    /// Reads what is new, and forgets what is over at `now`. At a start that is all that there is; and also
    /// where the store was put back to an earlier time, as after a restore, and gives out numbers again.
    ///
    /// # Errors
    /// Where the store cannot be read. What is known then stays known.
    pub async fn catch_up(
        &self,
        revocations: &dyn Revocations,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let known = self.seq();
        if revocations.last_revocation().await? < known {
            tracing::warn!(
                "the identity store was put back to an earlier time: all that is revoked is read again"
            );
            self.write().seq = 0;
        }
        loop {
            let batch = revocations.revoked_after(self.seq(), BATCH_MAX).await?;
            let is_last = batch.len() < BATCH_MAX as usize;
            self.take(&batch, now);
            if is_last {
                self.write().heard_at = Some(now);
                return Ok(());
            }
        }
    }

    fn take(&self, batch: &[Revocation], now: Timestamp) {
        if batch.is_empty() && !self.read().revoked.values().any(|known| known.forget_at <= now) {
            return;
        }
        let mut known = self.write();
        for revocation in batch {
            // Two may read at once: what is newer stays.
            known.seq = known.seq.max(revocation.seq);
            let there = known.revoked.entry(revocation.subject).or_insert(*revocation);
            // After a restore, what is newer may have a smaller number.
            if there.seq < revocation.seq || there.revoked_at < revocation.revoked_at {
                let before = *there;
                *there = *revocation;
                if revocation.subject.is_never_set_back() {
                    there.revoked_at = before.revoked_at.max(revocation.revoked_at);
                    there.forget_at = before.forget_at.max(revocation.forget_at);
                }
            }
        }
        known.revoked.retain(|_, revocation| revocation.forget_at > now);
    }

    /// Whether a token of our own, made at `made_at`, is not to be believed any more.
    pub(crate) fn check(&self, identity: &Identity, made_at: Timestamp) -> Result<(), TokenError> {
        let known = self.read();
        if known.revoked.is_empty() {
            return Ok(());
        }
        let is = |subject| known.revoked.contains_key(&subject);
        let is_revoked = match identity.credential {
            Credential::AccessToken { session: Some(session), .. } => is(Subject::Session(session)),
            Credential::ApiKey { id } => is(Subject::ApiKey(id)),
            Credential::AccessToken { session: None, .. } | Credential::External => false,
        };
        let made_before = |subject| {
            known.revoked.get(&subject).is_some_and(|revocation| made_at <= revocation.revoked_at)
        };
        let is_over = made_before(Subject::Account(identity.account))
            || made_before(Subject::Role(identity.account, identity.role));
        // Keys for machines are looked up again instead: the account's rights are read with them.
        let is_token = matches!(identity.credential, Credential::AccessToken { .. });
        if is_revoked || is_token && is_over {
            return Err(TokenError::Revoked);
        }
        Ok(())
    }

    /// When all was heard of that there was. `None`: never yet.
    #[must_use]
    pub fn heard_at(&self) -> Option<Timestamp> {
        self.read().heard_at
    }

    /// The number of the last one heard of.
    pub(crate) fn seq(&self) -> u64 {
        self.read().seq
    }

    /// The number of the last one that concerns an account; 0 where none does.
    pub(crate) fn seq_of_account(&self, account: Uuid) -> u64 {
        self.read().revoked.get(&Subject::Account(account)).map_or(0, |known| known.seq)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().revoked.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::revoke, *};
    use crate::{
        Role,
        store::{SqlStore, SqliteIdentity, SqliteIdentityOptions},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn revocation(seq: u64, subject: Subject, second: i64) -> Revocation {
        let revoked_at = at(second);
        Revocation { seq, subject, revoked_at, forget_at: subject.forget_at(revoked_at) }
    }

    fn token(session: Option<u128>) -> Identity {
        let session = session.map(Uuid::from_u128);
        let credential = Credential::AccessToken { id: Uuid::from_u128(9), session };
        let me = Identity::by_token(Uuid::from_u128(1), Role::Member, Uuid::nil());
        Identity { credential, ..me }
    }

    #[test]
    fn a_session_that_has_ended_takes_its_tokens_along_and_no_others() {
        let list = RevocationList::default();
        list.take(&[revocation(1, Subject::Session(Uuid::from_u128(5)), 100)], at(100));
        assert_eq!(list.check(&token(Some(5)), at(200)), Err(TokenError::Revoked));
        assert_eq!(list.check(&token(Some(6)), at(50)), Ok(()));
        assert_eq!(list.check(&token(None), at(50)), Ok(()));
    }

    #[test]
    fn an_account_refuses_what_was_made_before_and_takes_what_is_made_after() {
        let list = RevocationList::default();
        list.take(&[revocation(1, Subject::Account(Uuid::from_u128(1)), 100)], at(100));
        for session in [Some(5), None] {
            assert_eq!(list.check(&token(session), at(100)), Err(TokenError::Revoked));
            assert_eq!(list.check(&token(session), at(101)), Ok(()));
        }
    }

    #[tokio::test]
    async fn a_store_that_was_put_back_to_an_earlier_time_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let [before, restored] = ["before.db", "restored.db"].map(|name| folder.path().join(name));
        let list = RevocationList::default();
        assert_eq!(list.heard_at(), None);
        for (path, sessions) in [(before, vec![1, 2, 3]), (restored, vec![4])] {
            let store = SqliteIdentity::open(SqliteIdentityOptions::at(path)).await.unwrap();
            let mut transaction = store.begin().await.unwrap();
            for session in sessions {
                let session = Subject::Session(Uuid::from_u128(session));
                revoke(&mut *transaction, session, at(100)).await.unwrap();
            }
            transaction.commit().await.unwrap();
            list.catch_up(&store, at(101)).await.unwrap();
        }
        for session in 1..=4 {
            assert_eq!(list.check(&token(Some(session)), at(100)), Err(TokenError::Revoked));
        }
        assert_eq!((list.seq(), list.heard_at()), (1, Some(at(101))));
    }

    #[test]
    fn what_is_over_is_forgotten_and_what_is_newer_stays() {
        let list = RevocationList::default();
        let (session, account) = (Subject::Session(Uuid::nil()), Subject::Account(Uuid::nil()));
        list.take(&[revocation(1, session, 0), revocation(2, account, 0)], at(0));
        list.take(&[revocation(3, account, 50), revocation(2, account, 0)], at(0));
        assert_eq!(list.read().revoked[&account].revoked_at, at(50));
        list.take(&[revocation(4, account, 20)], at(50));
        assert_eq!(
            list.read().revoked[&account],
            Revocation { seq: 4, ..revocation(3, account, 50) }
        );
        list.take(&[], at(2 * 3600));
        assert_eq!((list.len(), list.seq()), (1, 4));
    }
}
